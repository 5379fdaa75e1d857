"""Monitored statistics of layers against numpy."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from stages.monitoring.layers import PERCENTILES, activation_statistics, layer_statistics
from stages.network.perceptron import back_propagate, initialize
from stages.params import Model


def test_activation_statistics_equal_numpys():
    values = torch.randn(300, 17, generator=torch.Generator().manual_seed(0)) ** 3
    found = activation_statistics(values)
    assert found.pop("activation_mean") == pytest.approx(values.double().mean().item(), abs=1e-6)
    assert found.pop("activation_std") == pytest.approx(np.std(values.double().numpy()), rel=1e-5)
    expected = np.percentile(values.double().numpy(), PERCENTILES)
    percentiles = [found.pop(f"activation_p{number}") for number in PERCENTILES]
    np.testing.assert_allclose(percentiles, expected, rtol=1e-5, atol=1e-6)
    assert list(found) == [f"activation_tenth_{tenth}" for tenth in range(1, 11)]


def tenths(values: torch.Tensor) -> list[float]:
    found = activation_statistics(values)
    return [found[f"activation_tenth_{tenth}"] for tenth in range(1, 11)]


def test_tenths_are_shares_of_the_absolute_values():
    values = [0, -0.05, 0.05, 0.15, -0.35, 0.95, -0.95, 1, -1, 1.5, -40, 0.5]
    expected = [3, 1, 0, 1, 0, 1, 0, 0, 0, 6]
    assert tenths(torch.tensor([values])) == pytest.approx([count / 12 for count in expected])


@pytest.mark.parametrize("spread", [0.3, 1, 3])
def test_tenths_of_normal_values_are_those_of_the_normal_distribution(spread):
    """The last one has all values beyond 1."""
    values = spread * torch.randn(2000, 100, generator=torch.Generator().manual_seed(5))
    edges = norm.cdf(np.arange(10) / 10, scale=spread)
    expected = 2 * np.diff(np.append(edges, 1))
    assert tenths(values) == pytest.approx(expected, abs=5 * 0.5 / np.sqrt(values.numel()))
    assert sum(tenths(values)) == pytest.approx(1)


def test_every_layer_has_a_row_and_the_output_has_gradients_only():
    network = initialize([12, 8, 8, 4], Model("tanh", "standard"), seed=1)
    generator = torch.Generator().manual_seed(2)
    inputs, labels = torch.rand(50, 12, generator=generator), torch.randint(0, 4, (50,), generator=generator)
    passes = back_propagate(network, inputs, labels, "cross_entropy")
    rows = layer_statistics(passes)
    assert [row["layer"] for row in rows] == [1, 2, 3]
    assert ["activation_std" in row for row in rows] == [True, True, False]
    for index, row in enumerate(rows):
        gradient = passes.back_propagated_gradients[index].double().numpy()
        assert row["back_propagated_gradient_std"] == pytest.approx(np.std(gradient), rel=1e-5)
        weight_gradient = passes.weight_gradients[index].double().numpy()
        assert row["weight_gradient_std"] == pytest.approx(np.std(weight_gradient), rel=1e-5)
        assert row["weight_gradient_mean"] == pytest.approx(np.mean(weight_gradient), rel=1e-3, abs=1e-9)
    assert rows[0]["activation_std"] == pytest.approx(np.std(passes.activations[1].double().numpy()), rel=1e-5)
