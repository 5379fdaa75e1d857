"""Initial weights of one layer: the standard and the normalized initialization (section 2.3 and equation 16)."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor


def uniform(fan_in: int, fan_out: int, bound: float, generator: Generator) -> Tensor:
    """Return float32 (fan_in, fan_out) drawn from U[−bound, bound]."""
    return torch.empty(fan_in, fan_out).uniform_(-1, 1, generator=generator).mul_(bound)


def standard(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return U[−1/√n, 1/√n] with n the size of the layer below, so that n·Var[W] = 1/3 (equation 1)."""
    return uniform(fan_in, fan_out, 1 / math.sqrt(fan_in), generator)


def normalized(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return U[−√6/√(n_in+n_out), √6/√(n_in+n_out)], so that Var[W] = 2/(n_in+n_out) (equation 16)."""
    return uniform(fan_in, fan_out, math.sqrt(6 / (fan_in + fan_out)), generator)


INITIALIZERS: dict[str, Callable[[int, int, Generator], Tensor]] = {"standard": standard, "normalized": normalized}
