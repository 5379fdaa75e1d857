"""Normalized histograms of what lies in each layer (figures 4, 6, 7 and 8)."""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

BINS = 100


def histograms(layers: Sequence[Tensor], ranges: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
    """Return one row a layer and bin: `layer`, the bin's edges `left` and `right`, and the `density` in it.

    Layers are numbered from 1. Each has BINS equal bins over its own one of `ranges`; its density integrates to the
    share of its values in that range.
    """
    rows = []
    for layer, (values, (low, high)) in enumerate(zip(layers, ranges, strict=True), start=1):
        edges = np.linspace(low, high, BINS + 1)
        counts, _ = np.histogram(values.double().cpu().numpy(), bins=edges)
        density = counts / (values.numel() * np.diff(edges))
        bins = zip(edges[:-1].tolist(), edges[1:].tolist(), density.tolist(), strict=True)
        rows += [{"layer": layer, "left": left, "right": right, "density": height} for left, right, height in bins]
    return rows


def whole_range(layers: Sequence[Tensor]) -> tuple[float, float]:
    """Return the whole numbers around all values: −1 and 1 for tanh and softsign, 0 and 1 for the sigmoid."""
    low, high = min(values.min().item() for values in layers), max(values.max().item() for values in layers)
    return math.floor(low), max(math.ceil(high), math.floor(low) + 1)


def symmetric_range(values: Tensor) -> tuple[float, float]:
    """Return four standard deviations on both sides of 0."""
    bound = 4 * values.std(correction=0).item() or 1.0
    return -bound, bound
