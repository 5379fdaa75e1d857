"""The same training in JAX, the strongest peer: one jitted scan over updates, and the same mapped over runs."""

import time
from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_default_matmul_precision", "highest")  # float32, which a GPU would else round to TF32

Parameters = list[tuple[jax.Array, jax.Array]]


def cost(parameters: Parameters, inputs: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean of −log P(y|x) of a mini-batch."""
    z = inputs
    for weight, bias in parameters[:-1]:
        z = jnp.tanh(z @ weight + bias)
    weight, bias = parameters[-1]
    log_probabilities = jax.nn.log_softmax(z @ weight + bias)
    return -jnp.take_along_axis(log_probabilities, labels[:, None], 1).mean()


def train(parameters: Parameters, learning_rate: float, inputs: jax.Array, labels: jax.Array) -> Parameters:
    """Do one update for each mini-batch of `inputs` (updates, batch, inputs) and `labels` (updates, batch)."""

    def update(parameters, mini_batch):
        gradients = jax.grad(cost)(parameters, *mini_batch)
        return jax.tree.map(lambda value, gradient: value - learning_rate * gradient, parameters, gradients), None

    return jax.lax.scan(update, parameters, (inputs, labels))[0]


train_one = partial(jax.jit, donate_argnums=0)(train)
train_stack = partial(jax.jit, donate_argnums=0)(jax.vmap(train, in_axes=(0, 0, None, None)))


@cache
def examples(updates: int) -> tuple[jax.Array, jax.Array]:
    """Return random inputs (updates, batch, inputs) and labels (updates, batch)."""
    generator = np.random.default_rng(0)
    inputs = generator.uniform(-1, 1, (updates, 10, 1024)).astype(np.float32)
    return jnp.asarray(inputs), jnp.asarray(generator.integers(9, size=(updates, 10)))


def initial(sizes: Sequence[int], stack: Sequence[int]) -> Parameters:
    """Return standard initial weights for layers of `sizes`, with the leading dimensions `stack`."""
    generator = np.random.default_rng(0)
    return [
        (
            jnp.asarray(generator.uniform(-1, 1, (*stack, below, above)) / np.sqrt(below), jnp.float32),
            jnp.zeros((*stack, above), jnp.float32),
        )
        for below, above in pairwise(sizes)
    ]


def seconds(sizes: Sequence[int], learning_rates: Sequence[float], updates: int) -> float:
    """Return the seconds that `updates` take: of one run by scan, or of as many as there are rates by vmap."""
    single = len(learning_rates) == 1
    inputs, labels = jax.block_until_ready(examples(updates))
    rates = jnp.asarray(learning_rates[0] if single else learning_rates)
    work = train_one if single else train_stack
    for _ in range(2):  # the first time compiles
        start = jax.block_until_ready(initial(sizes, () if single else (len(learning_rates),)))
        begin = time.perf_counter()
        jax.block_until_ready(work(start, rates, inputs, labels))
        taken = time.perf_counter() - begin
    return taken
