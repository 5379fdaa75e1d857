"""Singular values of ∂z^{i+1}/∂z^i against autograd's Jacobian and the laws of random matrices."""

import math

import numpy as np
import pytest
import torch

from stages.network.activations import ACTIVATIONS
from stages.network.initializers import INITIALIZERS
from stages.statistics.jacobians import DECOMPOSED_EXAMPLES, average, quantiles, singular_values

MODULES = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "softsign": torch.nn.functional.softsign}


@pytest.mark.parametrize("name", MODULES)
def test_singular_values_equal_those_of_autograds_jacobian(name):
    generator = torch.Generator().manual_seed(0)
    weight, below = torch.randn(9, 6, generator=generator), torch.randn(5, 9, generator=generator)
    jacobians = [torch.autograd.functional.jacobian(lambda z: MODULES[name](z @ weight), one) for one in below]
    expected = torch.stack([torch.linalg.svdvals(jacobian) for jacobian in jacobians])
    found = singular_values(ACTIVATIONS[name], weight, below @ weight)
    torch.testing.assert_close(found, expected)
    assert average(found) == pytest.approx(expected.mean().item(), rel=1e-5)


def test_only_the_first_examples_are_decomposed():
    found = singular_values(ACTIVATIONS["tanh"], torch.eye(3), torch.zeros(DECOMPOSED_EXAMPLES + 5, 3))
    assert found.shape == (DECOMPOSED_EXAMPLES, 3)


def linear_regime(initialization: str, fan_in: int, fan_out: int) -> torch.Tensor:
    weight = INITIALIZERS[initialization].weights(fan_in, fan_out, torch.Generator().manual_seed(1))
    return singular_values(ACTIVATIONS["tanh"], weight, torch.zeros(1, fan_out))


@pytest.mark.parametrize(("name", "variance"), [("standard", 1 / 3), ("normalized", 1.0)])
def test_linear_regime_follows_the_quarter_circle_law(name, variance):
    """A square random matrix with n·Var[W] = v has singular values of density √(4v − x²)/πv up to 2√v as n grows."""
    found = linear_regime(name, 300, 300)
    assert average(found) == pytest.approx(8 * math.sqrt(variance) / (3 * math.pi), rel=0.01)
    rows = quantiles(found)
    half = np.array([row["singular_value"] for row in rows]) / (2 * math.sqrt(variance))
    below = 2 / math.pi * (np.arcsin(np.clip(half, 0, 1)) + half * np.sqrt(np.clip(1 - half**2, 0, None)))
    np.testing.assert_allclose(below, [row["share"] for row in rows], atol=0.02)


def test_a_rectangular_matrix_has_no_small_singular_values():
    """Marchenko and Pastur (1967): from |√n_in − √n_out| to √n_in + √n_out, times the standard deviation of W."""
    rows = quantiles(linear_regime("standard", 400, 100))
    assert rows[0]["singular_value"] == pytest.approx((20 - 10) / math.sqrt(3 * 400), rel=0.05)
    assert rows[-1]["singular_value"] == pytest.approx((20 + 10) / math.sqrt(3 * 400), rel=0.05)


def test_quantiles_equal_numpys():
    values = torch.randn(7, 40, generator=torch.Generator().manual_seed(2)).abs()
    rows = quantiles(values)
    shares = [row["share"] for row in rows]
    assert (shares[0], shares[-1]) == (0, 1)
    expected = np.quantile(values.double().numpy(), shares)
    np.testing.assert_allclose([row["singular_value"] for row in rows], expected, rtol=1e-6)
