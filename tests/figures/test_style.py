"""Colours are the same in every chart, and the looks are Vega-Lite's own settings."""

import altair as alt
import numpy as np
import pandas as pd
import pytest

from stages.figures import style


def test_the_settings_are_ones_that_vega_lite_knows():
    alt.Config.from_dict(style.CONFIG)


def test_a_paper_model_keeps_its_colour_whatever_stands_beside_it():
    alone = style.model_colours(["tanh-n"])
    among = style.model_colours(["mine", "tanh", "yours", "tanh-n"])
    assert alone["tanh-n"] == among["tanh-n"]
    assert len(set(among.values())) == 4


@pytest.mark.parametrize("last", [1, 7, 60, 2_000, 60_000, 65_432, 5_000_000])
def test_ticks_of_training_time_are_round_and_far_enough_apart(last):
    ticks = style.update_ticks(last)
    assert ticks[0] == 0
    assert ticks[-1] <= last
    assert all(len(str(tick).rstrip("0")) <= 1 for tick in ticks)
    assert len(ticks) >= 4 or last < 10
    assert (np.diff(np.sqrt(ticks)) > 0.1 * np.sqrt(last)).all()


def test_numbers_keep_six_digits():
    table = pd.DataFrame({"wide": [123456.789, 1.23456789e-9], "layer": [1, 2], "left_out": [0, 0]})
    inlined = style.inlined(table, ["wide", "layer"])
    assert inlined.to_dict("list") == {"wide": [123457.0, 1.23457e-9], "layer": [1, 2]}
