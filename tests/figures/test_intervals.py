"""Figures 2 and 9 draw each layer's mean as a line and mean ± standard deviation as a band."""

import numpy as np
import pandas as pd
import pytest
import vl_convert

from stages.figures import intervals, style
from stages.figures.charts import in_panels
from tests.figures.drawing import assert_drawn_to_scale, marks, with_role

QUANTITIES = {  # in the columns of monitored.parquet → the chart and the models of its panels
    "activation": (intervals.activations, ["sigmoid"]),
    "weight_gradient": (intervals.weight_gradients, ["tanh", "tanh-n"]),
}


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_lines_are_the_means_and_bands_the_standard_deviations_of_the_chosen_run(root, results, quantity):
    draw, models = QUANTITIES[quantity]
    panels = marks(draw(in_panels(results.monitored, models, results.headings)))
    assert list(panels) == [results.headings[model].partition("\n")[0] for model in models]
    pixels, values = [], []
    for model, drawn in zip(models, panels.values(), strict=True):
        table = pd.read_parquet(root / f"data/runs/shapeset/{model}/monitored.parquet")
        chosen = table[(table.learning_rate == 0.03) & (table.seed == 1) & (table.layer <= 5)]
        means = [rows[f"{quantity}_mean"].to_numpy(float) for _, rows in chosen.groupby("layer")]
        stds = [rows[f"{quantity}_std"].to_numpy(float) for _, rows in chosen.groupby("layer")]
        lines = [mark for mark in drawn if mark.kind == "line"]
        bands = [mark for mark in drawn if mark.kind == "area"]
        assert len(lines) == len(bands) == 5
        assert_drawn_to_scale(lines[0].xs, np.sqrt(chosen[chosen.layer == 1]["update"]))
        lows = [mean - std for mean, std in zip(means, stds, strict=True)]
        highs = [mean + std for mean, std in zip(means, stds, strict=True)]
        edges = lows + highs if bands[0].ys[0] > bands[0].y2s[0] else highs + lows
        pixels += [mark.ys for mark in lines] + [mark.ys for mark in bands] + [mark.y2s for mark in bands]
        values += means + edges
    # one scale for all panels, so that they can be compared
    assert_drawn_to_scale(np.concatenate(pixels), np.concatenate(values))


def test_every_lines_label_stands_at_its_end(results):
    """With ends that are clear of each other; `test_style` has the places of others."""
    table = in_panels(results.monitored, ["sigmoid"], results.headings)
    table = table.assign(activation_mean=table["layer"].astype(int) / 5, activation_std=0.1)
    scene = vl_convert.vegalite_to_scenegraph(style.specification(intervals.activations(table), "", ""))["scenegraph"]
    labels = {
        item["text"]: item["y"]
        for group in with_role(scene, "mark")
        if group["marktype"] == "text"
        for item in group["items"]
        if item["text"].startswith("layer ")
    }
    (drawn,) = marks(intervals.activations(table)).values()
    ends = [mark.ys[-1] for mark in drawn if mark.kind == "line"]
    assert list(labels) == [f"layer {one}" for one in range(1, 6)]
    np.testing.assert_allclose(list(labels.values()), ends, atol=0.1)


def test_weight_gradients_of_zero_have_no_interval(results):
    """Such as those of a layer whose units are all at rest."""
    table = in_panels(results.monitored, ["tanh"], results.headings)
    dead = table["layer"] == 1
    columns = ["weight_gradient_mean", "weight_gradient_std"]
    (drawn,) = marks(intervals.weight_gradients(table.assign(**table[columns].mask(dead, 0.0)))).values()
    lines = [mark for mark in drawn if mark.kind == "line"]
    bands = [mark for mark in drawn if mark.kind == "area"]
    assert len(lines) == len(bands) == 5
    assert np.ptp(lines[0].ys) == 0
    np.testing.assert_allclose(bands[0].ys, bands[0].y2s)
    assert all(np.abs(band.ys - band.y2s).min() > 0.5 for band in bands[1:])
