"""Activations against autograd and the formulas of the paper."""

import math

import pytest
import torch

from stages.network.activations import ACTIVATIONS, slope

FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "softsign": lambda x: x / (1 + abs(x)),
}


@pytest.fixture
def s() -> torch.Tensor:
    return torch.linspace(-6, 6, 41, dtype=torch.float64)[:, None] * torch.ones(3, dtype=torch.float64)


@pytest.mark.parametrize("name", FORMULAS)
def test_forward_is_the_papers_formula(name, s):
    z = torch.empty_like(s)
    ACTIVATIONS[name].forward(s, z)
    expected = torch.tensor([[FORMULAS[name](x) for x in row] for row in s.tolist()], dtype=torch.float64)
    torch.testing.assert_close(z, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_backward_is_central_difference(name, s):
    step = 1e-5
    above, below, z = torch.empty_like(s), torch.empty_like(s), torch.empty_like(s)
    forward = ACTIVATIONS[name].forward
    forward(s + step, above)
    forward(s - step, below)
    forward(s, z)
    gradient = torch.randn(s.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    out = torch.empty_like(s)
    ACTIVATIONS[name].backward(gradient, s, z, out)
    torch.testing.assert_close(out, gradient * (above - below) / (2 * step), rtol=1e-6, atol=2e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_backward_may_write_over_the_gradient(name, s):
    z, out, gradient = torch.empty_like(s), torch.empty_like(s), torch.full_like(s, 2.0)
    ACTIVATIONS[name].forward(s, z)
    ACTIVATIONS[name].backward(gradient, s, z, out)
    ACTIVATIONS[name].backward(gradient, s, z, gradient)
    assert torch.equal(gradient, out)


@pytest.mark.parametrize(("name", "expected"), [("sigmoid", 0.25), ("tanh", 1.0), ("softsign", 1.0)])
def test_slope_at_zero(name, expected):
    assert slope(ACTIVATIONS[name], torch.zeros(1)).item() == expected
