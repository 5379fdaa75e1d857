"""Normalized histograms of what lies in each layer (figures 4, 6, 7 and 8)."""

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

BINS = 100


def histograms(layers: Sequence[Tensor], low: float, high: float) -> list[dict[str, float]]:
    """Return one row a layer and bin: `layer`, the bin's edges `left` and `right`, and the `density` in it.

    All layers share BINS equal bins from `low` to `high`; a layer's density integrates to the share of its values
    between them. Layers are numbered from 1.
    """
    edges = np.linspace(low, high, BINS + 1)
    rows = []
    for layer, values in enumerate(layers, start=1):
        counts, _ = np.histogram(values.double().cpu().numpy(), bins=edges)
        density = counts / (values.numel() * np.diff(edges))
        bins = zip(edges[:-1].tolist(), edges[1:].tolist(), density.tolist(), strict=True)
        rows += [{"layer": layer, "left": left, "right": right, "density": height} for left, right, height in bins]
    return rows


def whole_range(layers: Sequence[Tensor]) -> tuple[float, float]:
    """Return the whole numbers around all values: −1 and 1 for tanh and softsign, 0 and 1 for the sigmoid."""
    low, high = min(values.min().item() for values in layers), max(values.max().item() for values in layers)
    return math.floor(low), max(math.ceil(high), math.floor(low) + 1)


def symmetric_range(layers: Sequence[Tensor]) -> tuple[float, float]:
    """Return four standard deviations of the widest layer on both sides of 0."""
    bound = 4 * max(values.std(correction=0).item() for values in layers)
    return -bound or -1.0, bound or 1.0
