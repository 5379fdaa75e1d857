"""Figures 6, 7 and 8 draw every bin's density at the bin's middle."""

import numpy as np
import pandas as pd
import pytest

from stages.figures import histograms
from stages.figures.charts import in_panels
from stages.figures.style import WIDTH
from tests.figures.drawing import assert_drawn_to_scale, marks

MODELS = ["tanh", "tanh-n", "mine"]


def recorded(root, model: str, update: int, quantity: str) -> pd.DataFrame:
    """The bins of the hidden layers as they were recorded, with their middles."""
    table = pd.read_parquet(root / f"data/runs/shapeset/{model}/histograms.parquet")
    wanted = table[(table["update"] == update) & (table.quantity == quantity) & (table.layer <= 5)]
    return wanted.assign(middle=(wanted.left + wanted.right) / 2, share=wanted.density * (wanted.right - wanted.left))


def in_fours(bins: pd.DataFrame) -> pd.DataFrame:
    """Every four neighbouring bins of a layer as one; all bins of a layer are equally wide."""
    four = np.arange(len(bins)) // 4  # every layer has a multiple of four bins
    means = bins.groupby(four)[["layer", "density", "middle"]].mean()
    return means.assign(share=bins.groupby(four)["share"].sum())


def test_activations_are_drawn_over_one_axis_for_all_panels(root, results):
    panels = marks(histograms.initial_activations(in_panels(results.histograms, MODELS, results.headings)))
    across, middles = [], []
    for model, lines in zip(MODELS, panels.values(), strict=True):
        bins = recorded(root, model, 0, "activation")
        assert len(lines) == 5
        assert_drawn_to_scale(np.concatenate([line.ys for line in lines]), bins.density)
        across += [line.xs for line in lines]
        middles.append(bins.middle)
    assert_drawn_to_scale(np.concatenate(across), np.concatenate(middles))


@pytest.mark.parametrize(
    ("draw", "quantity"),
    [
        (histograms.initial_back_propagated_gradients, "back_propagated_gradient"),
        (histograms.initial_weight_gradients, "weight_gradient"),
    ],
)
def test_gradients_are_drawn_over_an_axis_for_each_panel_without_their_tails(root, results, draw, quantity):
    panels = marks(draw(in_panels(results.histograms, MODELS, results.headings)))
    for model, lines in zip(MODELS, panels.values(), strict=True):
        bins = in_fours(recorded(root, model, 0, quantity))
        assert len(lines) == 5
        assert np.ptp(np.concatenate([line.xs for line in lines])) > 0.7 * WIDTH
        shown = [
            of_layer.nlargest(len(line.xs), "density")
            for line, (_, of_layer) in zip(lines, bins.groupby("layer"), strict=True)
        ]
        assert all(of_layer.share.sum() > 1 - histograms.TAILS for of_layer in shown)
        ordered = pd.concat([of_layer.sort_values("middle") for of_layer in shown])
        assert_drawn_to_scale(np.concatenate([line.ys for line in lines]), ordered.density)
        assert_drawn_to_scale(np.concatenate([line.xs for line in lines]), ordered.middle)


def test_pooled_bins_keep_their_layers_mass_and_ends():
    edges = np.linspace(-1, 1, 11)  # ten bins: the last pool has two
    table = pd.DataFrame(
        {"panel": "tanh", "layer": 1, "left": edges[:-1], "right": edges[1:], "density": np.arange(10.0)}
    )
    pooled = histograms.pooled(table, ["panel", "layer"])
    np.testing.assert_allclose(pooled.left, [-1, -0.2, 0.6])
    np.testing.assert_allclose(pooled.right, [-0.2, 0.6, 1])
    np.testing.assert_allclose(pooled.density, [1.5, 5.5, 8.5])


def test_only_tails_that_are_thin_in_every_layer_are_cut_off():
    edges = np.arange(-5.0, 5.0)
    wide = np.full(10, 0.1)
    narrow = np.where(np.abs(edges + 0.5) < 2, 0.25, 0.0)
    both = pd.concat(
        pd.DataFrame({"panel": "tanh", "layer": layer, "left": edges, "right": edges + 1, "density": density})
        for layer, density in enumerate((narrow, wide), start=1)
    )
    assert len(histograms.without_tails(both)) == 20
    alone = histograms.without_tails(both[both.layer == 1])
    assert (alone.left.min(), alone.right.max()) == (-2, 2)


def test_the_range_is_symmetric_around_zero():
    edges = np.arange(-5.0, 5.0)
    to_the_left = pd.DataFrame(
        {"panel": "tanh", "layer": 1, "left": edges, "right": edges + 1, "density": [0, 0.3, 0.4, 0.3, *[0] * 6]}
    )
    shown = histograms.without_tails(to_the_left)
    assert (shown.left.min(), shown.right.max()) == (-4, 4)
