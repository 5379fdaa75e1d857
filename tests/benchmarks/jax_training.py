"""The same training in JAX, the strongest peer: one jitted scan over updates, and the same mapped over runs."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from torch import Tensor

jax.config.update("jax_default_matmul_precision", "highest")  # float32, which a GPU would else round to TF32

BATCH = 10
Parameters = list[tuple[jax.Array, jax.Array]]


def cost(parameters: Parameters, inputs: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean of −log P(y|x) of a mini-batch."""
    z = inputs
    for weight, bias in parameters[:-1]:
        z = jnp.tanh(z @ weight + bias)
    weight, bias = parameters[-1]
    log_probabilities = jax.nn.log_softmax(z @ weight + bias)
    return -jnp.take_along_axis(log_probabilities, labels[:, None], 1).mean()


def descend(parameters: Parameters, learning_rate: float, images: jax.Array, labels: jax.Array) -> Parameters:
    """Do one update for each mini-batch of `images`, uint8 (updates, batch, inputs), and `labels` (updates, batch)."""

    def update(parameters, mini_batch):
        images, labels = mini_batch
        gradients = jax.grad(cost)(parameters, images.astype(jnp.float32) / 127.5 - 1, labels)
        return jax.tree.map(lambda value, gradient: value - learning_rate * gradient, parameters, gradients), None

    return jax.lax.scan(update, parameters, (images, labels))[0]


descend_one = partial(jax.jit, donate_argnums=0)(descend)
descend_stack = partial(jax.jit, donate_argnums=0)(jax.vmap(descend, in_axes=(0, 0, None, None)))


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


def train_apart(sizes: Sequence[int], learning_rates: Sequence[float], drawn: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Train a run for each rate, one after another on each draw: images uint8 (count, 32, 32), labels (count,)."""
    runs = [initial(sizes, ()) for _ in learning_rates]
    for images, labels in map(mini_batches, drawn):
        runs = [descend_one(run, rate, images, labels) for run, rate in zip(runs, learning_rates, strict=True)]
    jax.block_until_ready(runs)


def train_together(
    sizes: Sequence[int], learning_rates: Sequence[float], drawn: Iterable[tuple[Tensor, Tensor]]
) -> None:
    """Train the same runs as one stack."""
    stack, rates = initial(sizes, (len(learning_rates),)), jnp.asarray(learning_rates)
    for images, labels in map(mini_batches, drawn):
        stack = descend_stack(stack, rates, images, labels)
    jax.block_until_ready(stack)


def mini_batches(drawn: tuple[Tensor, Tensor]) -> tuple[jax.Array, jax.Array]:
    """Return images (updates, batch, inputs) and labels (updates, batch) of a draw."""
    images, labels = (tensor.cpu().numpy() for tensor in drawn)
    return jnp.asarray(images.reshape(-1, BATCH, images[0].size)), jnp.asarray(labels.reshape(-1, BATCH))
