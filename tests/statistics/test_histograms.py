"""Normalized histograms against closed forms."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm

from stages.statistics.histograms import BINS, histograms, symmetric_range, whole_range


def test_density_is_that_of_the_normal_distribution():
    spreads, count = [1.0, 0.5], 400_000
    layers = [
        torch.randn(count, generator=torch.Generator().manual_seed(seed)) * spread
        for seed, spread in enumerate(spreads)
    ]
    ranges = [symmetric_range(values) for values in layers]
    table = pd.DataFrame(histograms(layers, ranges))
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


def test_density_integrates_to_the_share_inside():
    rows = pd.DataFrame(histograms([torch.tensor([-5.0, -0.5, 0.5, 0.75])], [(-1, 1)]))
    assert (rows["density"] * (rows["right"] - rows["left"])).sum() == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([-0.2, 0.3], (-1, 1)), ([0.4, 0.6], (0, 1)), ([0.0, 2.5], (0, 3)), ([0.0, 0.0], (0, 1))],
)
def test_whole_range(values, expected):
    assert whole_range([torch.tensor(values)]) == expected


def test_range_of_gradients_that_are_all_zero_is_not_empty():
    assert symmetric_range(torch.zeros(5)) == (-1, 1)
