"""Figures 11 and 12 draw every model's chosen run, the range of its seeds, and chance."""

import numpy as np
import pandas as pd
import pytest

from stages.figures import error_curves
from stages.figures.style import PAPER_COLOURS
from tests.figures.drawing import assert_drawn_to_scale, marks, texts


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


def test_a_finite_data_sets_updates_stand_over_its_epochs(results):
    drawn = texts(error_curves.draw(results.curves.assign(epoch_updates=5000.0)))
    assert ["60k", "12"] in drawn
    assert ["2k", "0.4"] in drawn
    assert ["updates (one mini-batch each)", "epochs (5,000 updates each)"] in drawn
    endless = texts(error_curves.draw(results.curves))
    assert "60k" in endless
    assert not any("epochs" in str(text) for text in endless)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1.7, 91, [2, 3, 5, 7, 10, 20, 30, 50, 70]),
        (15, 91, [20, 30, 50, 70]),
        (52, 91, [55, 60, 65, 70, 75, 80, 85, 90]),
        (83.31, 83.56, [83.35, 83.4, 83.45, 83.5, 83.55]),
        (83.333, 83.333, [83.333]),
    ],
)
def test_ticks_are_round_percentages_in_the_range(low, high, ticks):
    assert error_curves.ticks(pd.Series([high, low])) == pytest.approx(ticks)


@pytest.mark.parametrize("times", [0.02, 0.2, 1])
def test_every_tick_has_its_label(results, times):
    curves = results.curves.assign(test_error=times * results.curves["test_error"])
    ticks = error_curves.ticks(100 * curves["test_error"])
    assert len(ticks) >= 4
    assert {f"{tick:g}" for tick in ticks} <= {text for text in texts(error_curves.draw(curves)) if type(text) is str}


@pytest.mark.parametrize(
    ("ends_at", "trained", "said"),
    [
        (0.2, 0.05, True),
        (0.2, 0.19, False),  # both rose: noise of the last updates
        (0.109, 0.001, False),  # hardly a rise
        (0.2, None, False),  # a record of earlier code
    ],
)
def test_overfitting_is_named_only_where_the_training_error_is_far_lower(ends_at, trained, said):
    run = pd.DataFrame({"model": "tanh", "chosen": True, "update": [0, 5, 9], "test_error": [0.9, 0.1, ends_at]})
    if trained is not None:
        run["train_error"] = [0.9, 0.09, trained]
    other = run.assign(model="tanh-n", test_error=[0.9, 0.3, 0.1])
    beside = run.assign(chosen=False, test_error=[0.9, 0.1, 0.8])
    sentence = (
        "tanh overfits: its test error rises again from 10.00% to 20.00%, "
        "while it errs on 5.00% of the training images."
    )
    assert error_curves.overfitted(pd.concat([run, other, beside])) == [sentence] * said
