"""Normalized histograms of each layer's activations and gradients (figures 4, 6, 7 and 8)."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from stages.network.perceptron import Passes

BINS = 100


def layer_histograms(passes: Passes) -> pd.DataFrame:
    """Return `histograms` of the hidden layers' activations and of all layers' gradients, with a column `quantity`.

    Activations of all layers share one range. Gradients shrink from layer to layer, so each layer has its own range.
    """
    activations = passes.activations[1:]
    tables = {"activation": histograms(activations, [whole_range(activations)] * len(activations))}
    for quantity, layers in (
        ("back_propagated_gradient", passes.back_propagated_gradients),
        ("weight_gradient", passes.weight_gradients),
    ):
        tables[quantity] = histograms(layers, [symmetric_range(values) for values in layers])
    return pd.concat([table.assign(quantity=quantity) for quantity, table in tables.items()], ignore_index=True)


def histograms(layers: Sequence[Tensor], ranges: Sequence[tuple[float, float]]) -> pd.DataFrame:
    """Return one row per layer and bin: `layer`, the bin's edges `left` and `right`, and its `density`.

    Layers are numbered from 1. Each layer has BINS equal bins over its entry of `ranges`; its density integrates to the
    share of its values in that range.
    """
    tables = []
    for layer, (values, bounds) in enumerate(zip(layers, ranges, strict=True), start=1):
        counts = torch.histc(values.double(), BINS, *bounds).cpu().numpy()
        edges = np.linspace(*bounds, BINS + 1)
        density = counts / (values.numel() * np.diff(edges))
        tables.append(pd.DataFrame({"layer": layer, "left": edges[:-1], "right": edges[1:], "density": density}))
    return pd.concat(tables, ignore_index=True)


def whole_range(layers: Sequence[Tensor]) -> tuple[float, float]:
    """Return the integers that enclose all values: −1 and 1 for tanh and softsign, 0 and 1 for the sigmoid.

    Returns −1 and 1 if a value is not finite, as in a run that is about to diverge.
    """
    low, high = min(values.min().item() for values in layers), max(values.max().item() for values in layers)
    if not math.isfinite(low) or not math.isfinite(high):
        return -1, 1
    floor = float(math.floor(low))
    return floor, max(float(math.ceil(high)), floor + 1)


def symmetric_range(values: Tensor) -> tuple[float, float]:
    """Return four standard deviations on both sides of 0; −1 and 1 if these are 0 or not finite."""
    bound = 4 * values.std(correction=0).item()
    return (-bound, bound) if 0 < bound < math.inf else (-1, 1)
