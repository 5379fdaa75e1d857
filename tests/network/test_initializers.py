"""Moments and ranges of the initial weights (section 2.3, equations 1 and 16)."""

import math

import pytest
import torch
from scipy.stats import kstest

from stages.network.initializers import INITIALIZERS

FAN_IN, FAN_OUT = 400, 900
BOUNDS = {"standard": 1 / math.sqrt(FAN_IN), "normalized": math.sqrt(6) / math.sqrt(FAN_IN + FAN_OUT)}
VARIANCES = {"standard": 1 / (3 * FAN_IN), "normalized": 2 / (FAN_IN + FAN_OUT)}


@pytest.fixture(params=INITIALIZERS)
def name(request) -> str:
    return request.param


def draw(name: str, seed: int) -> torch.Tensor:
    return INITIALIZERS[name](FAN_IN, FAN_OUT, torch.Generator().manual_seed(seed))


def test_shape_and_range(name):
    weight = draw(name, 1)
    assert weight.shape == (FAN_IN, FAN_OUT)
    assert weight.dtype == torch.float32
    assert 0.999 * BOUNDS[name] < weight.abs().max().item() <= BOUNDS[name] * (1 + 1e-6)


def test_moments(name):
    weight = draw(name, 2).double()
    # the standard error of the variance of n uniform numbers is √(4/5n) of it, here 0.15 %
    assert weight.var().item() == pytest.approx(VARIANCES[name], rel=0.01)
    assert abs(weight.mean().item()) < 5 * math.sqrt(VARIANCES[name] / weight.numel())


def test_uniform(name):
    weight = draw(name, 3).flatten().double().numpy()
    assert kstest(weight, "uniform", args=(-BOUNDS[name], 2 * BOUNDS[name])).pvalue > 1e-3


def test_seeds_differ_and_repeat(name):
    assert torch.equal(draw(name, 4), draw(name, 4))
    assert not torch.equal(draw(name, 4), draw(name, 5))


def test_standard_is_the_range_of_a_linear_layer_of_torch():
    """The README says so: torch.nn.Linear still draws from U[−1/√n, 1/√n]."""
    torch.manual_seed(0)
    weight = torch.nn.Linear(FAN_IN, FAN_OUT).weight.detach()
    assert 0.999 * BOUNDS["standard"] < weight.abs().max().item() <= BOUNDS["standard"] * (1 + 1e-6)
    assert weight.var().item() == pytest.approx(VARIANCES["standard"], rel=0.01)
