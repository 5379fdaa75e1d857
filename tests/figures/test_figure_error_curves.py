"""Figure 11 draws every model's chosen run, the range of its seeds, and chance."""

import numpy as np
import pandas as pd

from stages.figures import error_curves
from stages.figures.style import PAPER_COLOURS
from tests.figures.drawing import assert_drawn_to_scale, marks


def test_lines_are_the_chosen_runs_and_bands_the_range_of_the_seeds(root, results):
    (drawn,) = marks(error_curves.draw(results.curves)).values()
    lines = {mark.colour: mark for mark in drawn if mark.kind == "line"}
    bands = {mark.colour: mark for mark in drawn if mark.kind == "area"}
    assert len(lines) == len(bands) == 6
    pixels, values = [], []
    for model, colour in PAPER_COLOURS.items():
        curves = pd.read_parquet(root / f"data/runs/shapeset/{model}/curves.parquet")
        beside = curves[curves.learning_rate == 0.03].pivot(index="update", columns="seed", values="test_error")
        low, high = sorted((bands[colour].ys, bands[colour].y2s), key=np.sum, reverse=True)
        pixels += [lines[colour].ys, low, high]
        values += [beside[1], beside.min(axis=1), beside.max(axis=1)]
    (chance,) = [mark for mark in drawn if mark.kind == "rule"]
    assert_drawn_to_scale(
        np.append(np.concatenate(pixels), chance.ys), np.log(np.append(np.concatenate(values), 5 / 6))
    )


def test_a_seed_that_diverged_does_not_draw_an_error_of_zero(results):
    curves = results.curves.copy()
    curves.loc[~curves["chosen"] & (curves["update"] > 10_000), "test_error"] = np.nan
    (drawn,) = marks(error_curves.draw(curves)).values()
    for mark in (mark for mark in drawn if mark.kind in ("line", "area")):
        assert np.isfinite(mark.ys).all()
        assert (mark.ys >= -1).all()
        assert (mark.ys <= 341).all()
