"""The chart of the gap draws, for each width, by how much standard tanh errs more than normalized tanh."""

from dataclasses import replace

import numpy as np
import pandas as pd

from stages.figures import gap
from stages.params import Model
from tests.figures.drawing import assert_drawn_to_scale, marks
from tests.synthetic_results import PAPER_PERCENT


def test_the_line_is_the_mean_and_the_band_the_range_of_the_seeds(root, results):
    (drawn,) = marks(gap.draw(results.gaps)).values()
    (line,), (band,), (paper,) = ([mark for mark in drawn if mark.kind == kind] for kind in ("line", "area", "rule"))
    errors = [
        pd.read_parquet(root / f"data/runs/shapeset/{model}/curves.parquet")
        .query("learning_rate == 0.03")
        .pivot(index="update", columns="seed", values="test_error")
        for model in ("tanh", "tanh-n")
    ]
    points = 100 * (errors[0] - errors[1])
    low, high = sorted((band.ys, band.y2s), key=np.sum, reverse=True)
    values = [points.mean(axis=1), points.min(axis=1), points.max(axis=1)]
    papers = PAPER_PERCENT["shapeset"]["tanh"] - PAPER_PERCENT["shapeset"]["tanh-n"]
    assert_drawn_to_scale(
        np.append(np.concatenate([line.ys, low, high]), paper.ys[0]), np.append(np.concatenate(values), papers)
    )


def test_networks_of_the_same_width_and_depth_are_compared(results):
    wide = {
        f"tanh{end}-512": Model("tanh", initialization, hidden_units=512)
        for end, initialization in (("", "standard"), ("-n", "normalized"))
    }
    others = {
        "tanh-narrow": Model("tanh", "standard", hidden_units=32),  # without a normalized one
        "tanh-shallow": Model("tanh", "standard", hidden_layers=[1, 2]),
        "tanh-n-shallow": Model("tanh", "normalized", hidden_layers=[1, 2]),
    }
    copied = {"tanh-512": ("tanh", 0.05), "tanh-n-512": ("tanh-n", 0.0), **dict.fromkeys(others, ("tanh", 0.2))}
    curves = [results.curves.astype({"model": str})]
    for name, (model, more) in copied.items():
        rows = curves[0][curves[0]["model"] == model]
        curves.append(rows.assign(model=name, test_error=rows["test_error"] + more))
    found = replace(results, recipes=results.recipes | others | wide, curves=pd.concat(curves)).gaps
    assert sorted(found["units"].unique()) == [64, 512]
    narrow, broad = (found[found["units"] == units].set_index(["seed", "update"])["points"] for units in (64, 512))
    pd.testing.assert_series_equal(narrow.astype(float) + 5, broad.astype(float))


def test_without_both_there_is_none(results):
    recipes = {name: recipe for name, recipe in results.recipes.items() if name != "tanh-n"}
    assert replace(results, recipes=recipes).gaps.empty
