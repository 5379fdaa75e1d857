"""Estimates of the memory and disk that training needs."""

from collections.abc import Sequence
from itertools import pairwise

FLOAT = 4  # bytes
COPIES = 6  # of a run's parameters: current, initial and kept ones, and all again while a worker returns them
BUFFERS = 6  # of the kernels, for each layer and example
OBSERVED_BYTES = 4 * 2**20  # a bound on a run's observations: about 50 times the histograms of six layers


def parameter_bytes(sizes: Sequence[int]) -> int:
    """Return the bytes of the parameters of a network with layers of `sizes`: inputs, hidden layers…, classes."""
    return FLOAT * sum((below + 1) * above for below, above in pairwise(sizes))


def needed_bytes(sizes: Sequence[int], batch_size: int, block_updates: int, kept_copies: int = 0) -> int:
    """Estimate the bytes of memory that the training of one run takes, with layers of `sizes`.

    `kept_copies`: copies of the parameters that training keeps in addition to the network's own.
    """
    rows = BUFFERS * batch_size * sum(sizes)
    block = block_updates * batch_size * (sizes[0] + 2 * sizes[-1])
    return (COPIES + kept_copies) * parameter_bytes(sizes) + FLOAT * (rows + block)


def checkpoint_bytes(sizes: Sequence[int], kept_copies: int = 0) -> int:
    """Estimate the bytes of disk that one run's checkpoint takes while its predecessor still exists."""
    return 2 * ((3 + kept_copies) * parameter_bytes(sizes) + OBSERVED_BYTES)
