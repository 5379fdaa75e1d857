"""Normalized histograms against closed forms."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm

from stages.statistics.histograms import BINS, histograms, symmetric_range, whole_range


def test_density_is_that_of_the_normal_distribution():
    layers = [
        torch.randn(400_000, generator=torch.Generator().manual_seed(seed)) * spread
        for seed, spread in ((1, 1), (2, 0.5))
    ]
    low, high = symmetric_range(layers)
    assert high == pytest.approx(4, rel=0.01)
    assert low == -high
    table = pd.DataFrame(histograms(layers, low, high))
    assert len(table) == 2 * BINS
    for layer, spread in ((1, 1), (2, 0.5)):
        rows = table[table["layer"] == layer]
        expected = np.diff(norm.cdf([*rows["left"], high], scale=spread)) / (high - low) * BINS
        # five standard errors of the count of a bin
        tolerance = 5 * np.sqrt(expected.max() * BINS / (high - low) / 400_000)
        np.testing.assert_allclose(rows["density"], expected, atol=tolerance)


def test_density_integrates_to_the_share_inside():
    rows = pd.DataFrame(histograms([torch.tensor([-5.0, -0.5, 0.5, 0.75])], -1, 1))
    assert (rows["density"] * (rows["right"] - rows["left"])).sum() == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([-0.2, 0.3], (-1, 1)), ([0.4, 0.6], (0, 1)), ([0.0, 2.5], (0, 3)), ([0.0, 0.0], (0, 1))],
)
def test_whole_range(values, expected):
    assert whole_range([torch.tensor(values)]) == expected


def test_range_of_gradients_that_are_all_zero_is_not_empty():
    assert symmetric_range([torch.zeros(5)]) == (-1, 1)
