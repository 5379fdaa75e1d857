"""Normalized histograms against closed forms."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from stages.monitoring.histograms import BINS, histograms, layer_histograms, symmetric_range, whole_range
from stages.network.perceptron import back_propagate, initialize
from stages.params import Model


def test_density_is_that_of_the_normal_distribution():
    spreads, count = [1.0, 0.5], 400_000
    layers = [
        torch.randn(count, generator=torch.Generator().manual_seed(seed)) * spread
        for seed, spread in enumerate(spreads)
    ]
    ranges = [symmetric_range(values) for values in layers]
    table = histograms(layers, ranges)
    assert len(table) == 2 * BINS
    for layer, (spread, (low, high)) in enumerate(zip(spreads, ranges, strict=True), start=1):
        assert high == pytest.approx(4 * spread, rel=0.01)
        assert low == -high
        rows = table[table["layer"] == layer]
        width = (high - low) / BINS
        expected = np.diff(norm.cdf([*rows["left"], high], scale=spread)) / width
        # five standard errors of the count of the fullest bin
        tolerance = 5 * np.sqrt(expected.max() / (width * count))
        np.testing.assert_allclose(rows["density"], expected, atol=tolerance)


def test_density_integrates_to_the_share_of_values_in_range():
    rows = histograms([torch.tensor([-5.0, -0.5, 0.5, 0.75])], [(-1, 1)])
    assert (rows["density"] * (rows["right"] - rows["left"])).sum() == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([-0.2, 0.3], (-1, 1)), ([0.4, 0.6], (0, 1)), ([0.0, 2.5], (0, 3)), ([0.0, 0.0], (0, 1))],
)
def test_whole_range(values, expected):
    assert whole_range([torch.tensor(values)]) == expected


def test_range_of_gradients_that_are_all_zero_is_not_empty():
    assert symmetric_range(torch.zeros(5)) == (-1, 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_non_finite_and_huge_values_still_have_a_histogram(value):
    layers = [torch.tensor([0.5, value])]
    for bounds in (whole_range(layers), symmetric_range(layers[0])):
        assert histograms(layers, [bounds])["density"].notna().all()


def test_every_quantity_of_every_layer_has_a_histogram():
    generator = torch.Generator().manual_seed(2)
    network = initialize([7, 6, 5, 4, 3], Model("tanh", "normalized"), seed=4)
    inputs, labels = torch.rand(40, 7, generator=generator) * 2 - 1, torch.arange(40) % 3
    passes = back_propagate(network, inputs, labels, "cross_entropy")
    table = layer_histograms(passes)
    values = {
        "activation": passes.activations[1:],
        "back_propagated_gradient": passes.back_propagated_gradients,
        "weight_gradient": passes.weight_gradients,
    }
    expected = {(quantity, layer) for quantity in values for layer in range(1, len(values[quantity]) + 1)}
    groups = dict(list(table.groupby(["quantity", "layer"])))
    assert groups.keys() == expected
    assert {layer for quantity, layer in expected if quantity == "activation"} == {1, 2, 3}
    assert {layer for quantity, layer in expected if quantity != "activation"} == {1, 2, 3, 4}
    for (quantity, layer), bins in groups.items():
        of_layer = values[quantity][layer - 1].flatten().double().numpy()
        assert len(bins) == BINS
        assert np.array_equal(bins["right"][:-1], bins["left"][1:])
        share = (bins["density"] * (bins["right"] - bins["left"])).sum()
        # gradients beyond four standard deviations are in no bin
        inside = (of_layer >= bins["left"].min()) & (of_layer <= bins["right"].max())
        assert share == pytest.approx(inside.mean(), rel=1e-9)
        assert share > (0.9 if quantity != "activation" else 1 - 1e-9)
        middle = ((bins["left"] + bins["right"]) / 2 * bins["density"] * (bins["right"] - bins["left"])).sum() / share
        assert middle == pytest.approx(of_layer[inside].mean(), abs=(bins["right"] - bins["left"]).max())
