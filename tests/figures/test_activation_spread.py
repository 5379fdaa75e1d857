"""Figures 3 and 10 in one draw standard deviations as lines and 98th percentiles as dots."""

import numpy as np
import pandas as pd

from stages.claims.saturation import TANH_SATURATED
from stages.figures import activation_spread
from stages.figures.charts import in_panels
from tests.figures.drawing import assert_drawn_to_scale, marks


def test_each_panel_draws_its_own_models_chosen_run(root, results):
    models = ["softsign", "tanh", "mine"]  # the order of the panels is the caller's, not the alphabet's
    panels = marks(activation_spread.draw(in_panels(results.monitored, models, results.headings)))
    assert [panel.split(":")[0] for panel in panels] == models
    pixels, values = [], []
    for model, drawn in zip(models, panels.values(), strict=True):
        table = pd.read_parquet(root / f"data/runs/shapeset/{model}/monitored.parquet")
        chosen = table[(table.learning_rate == 0.03) & (table.seed == 1) & (table.layer <= 5)]
        lines = [mark for mark in drawn if mark.kind == "line"]
        (dots,) = [mark for mark in drawn if mark.kind == "symbol"]
        assert len(lines) == 5
        pixels += [*(line.ys for line in lines), dots.ys]
        values += [rows.activation_std.to_numpy() for _, rows in chosen.groupby("layer")]
        values.append(chosen.activation_p98.to_numpy())
        (rule,) = [mark for mark in drawn if mark.kind == "rule"]
        pixels.append(rule.ys)
        values.append([TANH_SATURATED])
    assert_drawn_to_scale(np.concatenate(pixels), np.concatenate(values))


def test_layers_have_different_colours_which_do_not_depend_on_how_many_are_shown(results):
    table = in_panels(results.monitored, ["tanh-n"], results.headings)
    every = [mark.colour for mark in one_panel(table) if mark.kind == "line"]
    some = [mark.colour for mark in one_panel(table[table["layer"].isin([2, 4])]) if mark.kind == "line"]
    assert len(set(every)) == 5
    assert some == [every[1], every[3]]


def one_panel(table: pd.DataFrame) -> list:
    (drawn,) = marks(activation_spread.draw(table)).values()
    return drawn
