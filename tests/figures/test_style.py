"""Colours are the same in every chart, and the config is valid Vega-Lite."""

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from stages.figures import error_curves, style
from tests.figures.drawing import with_role


def test_vega_lite_accepts_the_config():
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


def test_lists_keep_the_order_of_the_numbers():
    table = pd.DataFrame({"layer": [2, 1, 2], "update": [0, 0, 9], "mean": [0.123456789, 0.5, 1.0]})
    lists = style.in_lists(table, ["layer"], ["update", "mean"])
    assert lists.to_dict("list") == {"layer": [2, 1], "update": [[0, 9], [0]], "mean": [[0.123457, 1.0], [0.5]]}


@pytest.mark.parametrize("values", [[0.5, 0.1, 0.52, 0.9], [0.3, 0.3, 0.3], [1.0], []])
def test_labels_are_apart_and_nowhere_nearer_to_their_lines(values):
    """Compared with random places nearby."""
    series, gap = pd.Series(values, index=[f"line {one}" for one in range(len(values))], dtype=float), 0.1
    places = style.apart(series, gap)
    assert list(places.index) == list(series.index)
    ordered, places = np.sort(series), places.loc[series.sort_values(kind="stable").index].to_numpy()
    assert (np.diff(places) > gap - 1e-9).all()
    off = ((places - ordered) ** 2).sum()
    rng = np.random.default_rng(0)
    for step in rng.normal(scale=0.02, size=(500, len(values))):
        other = places + step
        if (np.diff(other) >= gap).all():
            assert ((other - ordered) ** 2).sum() >= off - 1e-12


def test_powers_of_ten_are_those_around_the_positive_values():
    values = pd.Series([0.02, 0.0, 3e-4, 0.5])
    assert style.powers_of_ten(values) == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert style.powers_of_ten(values, (1, 3))[:3] == [1e-4, 3e-4, 1e-3]
    assert style.powers_of_ten(values * 0) == []


def test_fifteen_other_models_differ_in_colour_or_dash():
    models = [*style.PAPER_COLOURS, *(f"mine-{number}" for number in range(15))]
    colours, dashes = style.model_colours(models), style.model_dashes(models)
    assert len({(colours[model], *dashes[model]) for model in models}) == 20
    assert all(dashes[model] == style.DASHES[0] for model in models[: 5 + len(style.OTHER_COLOURS)])


def test_a_chart_draws_the_dashes(results):
    models = [*style.PAPER_COLOURS, *(f"mine-{number}" for number in range(6))]
    parts = [results.curves[results.curves["model"] == "tanh"].assign(model=model) for model in models]
    curves = pd.concat(parts).assign(model=lambda table: pd.Categorical(table["model"], models))
    scene = vl_convert.vegalite_to_scenegraph(style.specification(error_curves.draw(curves), "", ""))["scenegraph"]
    lines = [group["items"][0] for group in with_role(scene, "mark") if group["marktype"] == "line"]
    assert len({(line["stroke"], *line["strokeDash"]) for line in lines}) == len(lines) == len(models)


def test_a_chart_is_the_same_however_wide_the_terminal_is(results, monkeypatch):
    """Altair's own view names depend on the terminal's width, through the tables that pandas prints."""
    drawn = []
    for columns in ("40", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        drawn.append(style.specification(error_curves.draw(results.curves), "", ""))
    assert drawn[0] == drawn[1]
    assert {name for one in drawn[0]["params"] for name in one.get("views", [])} == {style.POINTER}
