"""Colours are the same in every chart, and the looks are Vega-Lite's own settings."""

import altair as alt
import pandas as pd

from stages.figures import style


def test_the_settings_are_ones_that_vega_lite_knows():
    alt.Config.from_dict(style.CONFIG)


def test_a_paper_model_keeps_its_colour_whatever_stands_beside_it():
    alone = style.model_colours(["tanh-n"])
    among = style.model_colours(["mine", "tanh", "yours", "tanh-n"])
    assert alone["tanh-n"] == among["tanh-n"]
    assert len(set(among.values())) == 4


def test_numbers_keep_six_digits():
    table = pd.DataFrame({"wide": [123456.789, 1.23456789e-9], "layer": [1, 2], "left_out": [0, 0]})
    inlined = style.inlined(table, ["wide", "layer"])
    assert inlined.to_dict("list") == {"wide": [123457.0, 1.23457e-9], "layer": [1, 2]}
