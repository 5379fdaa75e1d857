"""The peers of the engine: the same training by plain PyTorch and by JAX, in processes that wait for work.

Every peer has both arrangements that its users would choose: one process that uses all cores, and one process for each
core, which is kept to that core. On a GPU only the first. All draw their images while they train, as the engine does:
once for all runs of a process.
"""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import torch
from torch import nn

from stages.network.inputs import to_inputs
from stages.network.perceptron import initialize
from stages.params import Model
from stages.shapeset.stream import draw_images
from stages.training.training import DRAWN_UPDATES
from tests.descent.plain import plain_network

BATCH, CLASSES = 10, 9
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def arrangements(on_gpu: bool) -> Iterator[dict[str, list[Executor]]]:
    """Start the processes of each arrangement, by its name."""
    context = multiprocessing.get_context("spawn")  # JAX's threads and forks do not go together
    with ExitStack() as stack:

        def start(cores: Sequence[int]) -> Executor:
            return stack.enter_context(ProcessPoolExecutor(1, context, stay_on, (cores,)))

        found = {"all_cores": [start(CORES)]}
        if not on_gpu and len(CORES) > 1:
            found["each_core"] = [start([core]) for core in CORES]
        yield found


def stay_on(cores: Sequence[int]) -> None:
    """Keep this process to `cores`, with as many threads; libraries that are imported later see no others.

    Denormal numbers, which are slow, are flushed to 0, as in the engine and by JAX.
    """
    torch.set_flush_denormal(True)
    if cores:
        os.sched_setaffinity(0, cores)
        torch.set_num_threads(len(cores))


def plain(sizes: Sequence[int], learning_rates: Sequence[float], updates: int, device: str) -> None:
    """Train one network after another on each draw, with nn.Module, cross_entropy, backward and SGD.step."""
    networks = [plain_network(initialize(sizes, Model("tanh", "standard"), 0)).to(device) for _ in learning_rates]
    optimizers = [
        torch.optim.SGD(network.parameters(), lr=rate, foreach=True)
        for network, rate in zip(networks, learning_rates, strict=True)
    ]
    for images, labels in drawn(updates, device):
        mini_batches = list(zip(to_inputs(images, "signed").split(BATCH), labels.split(BATCH), strict=True))
        for network, optimizer in zip(networks, optimizers, strict=True):
            for inputs, classes in mini_batches:
                optimizer.zero_grad()
                nn.functional.cross_entropy(network(inputs), classes).backward()
                optimizer.step()


def jax_scan(sizes: Sequence[int], learning_rates: Sequence[float], updates: int, device: str) -> None:
    """Train one network after another on each draw, by one jitted `scan` over its updates."""
    from tests.benchmarks.jax_training import train_apart

    train_apart(sizes, learning_rates, drawn(updates, device))


def jax_vmap(sizes: Sequence[int], learning_rates: Sequence[float], updates: int, device: str) -> None:
    """Train all networks together: the same `scan`, mapped over the runs."""
    from tests.benchmarks.jax_training import train_together

    train_together(sizes, learning_rates, drawn(updates, device))


def drawn(updates: int, device: str) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Draw the images uint8 (count, 32, 32) and labels (count,) of `updates`, as many at once as the engine does."""
    for first, last in pairwise([*range(0, updates, DRAWN_UPDATES), updates]):
        yield draw_images(2010, "train", first * BATCH, (last - first) * BATCH, device)


def jax_platform() -> str:
    """Return what kind of device JAX computes on."""
    import jax

    return jax.default_backend()
