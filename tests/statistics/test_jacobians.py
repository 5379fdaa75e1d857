"""The average singular value of ∂z^{i+1}/∂z^i against the Jacobian that autograd builds."""

import math

import pytest
import torch

from stages.network.activations import ACTIVATIONS
from stages.network.initializers import INITIALIZERS
from stages.statistics.jacobians import average_singular_value

MODULES = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "softsign": torch.nn.functional.softsign}


@pytest.mark.parametrize("name", MODULES)
def test_average_singular_value_is_autograds(name):
    generator = torch.Generator().manual_seed(0)
    weight, below = torch.randn(9, 6, generator=generator), torch.randn(5, 9, generator=generator)
    jacobians = [torch.autograd.functional.jacobian(lambda z: MODULES[name](z @ weight), one) for one in below]
    expected = torch.stack([torch.linalg.svdvals(jacobian) for jacobian in jacobians]).mean().item()
    assert average_singular_value(ACTIVATIONS[name], weight, below @ weight) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("name", "variance"), [("standard", 1 / 3), ("normalized", 1.0)])
def test_linear_regime_is_the_quarter_circle_law(name, variance):
    """A square random matrix with n·Var[W] = v has singular values of mean 8√v/3π as n grows (Marchenko–Pastur)."""
    size = 300
    weight = INITIALIZERS[name].weights(size, size, torch.Generator().manual_seed(1))
    found = average_singular_value(ACTIVATIONS["tanh"], weight, torch.zeros(1, size))
    assert found == pytest.approx(8 * math.sqrt(variance) / (3 * math.pi), rel=0.01)
