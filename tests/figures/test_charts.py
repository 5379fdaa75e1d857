"""A figure offers its models that have results, the paper's at first, and names the missing ones."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import vl_convert

from stages.datasets.dataset import find_dataset
from stages.figures import style
from stages.figures.charts import drawn, models_of, words
from stages.figures.contents import SECTIONS
from stages.params import DATASETS, Model, Pretraining
from tests.figures.drawing import marks, texts

FIGURES = {figure.key: figure for figures in SECTIONS.values() for figure in figures}


def offered(chart) -> tuple[list[str], list[str]]:
    """The models that a chart shows at first, and those that the reader can add."""
    return chart.usermeta.get("shown"), chart.usermeta.get("more")


def test_the_papers_models_are_shown_and_others_can_be_added(results):
    others = {"figure-3": ["softsign-n", "mine"], "figure-9": ["softsign", "softsign-n", "sigmoid", "mine"]}
    for key, more in others.items():
        chart, notes = drawn(FIGURES[key], results)
        assert offered(chart) == (list(FIGURES[key].models), more)
        assert notes == []


def test_only_the_models_that_are_shown_are_drawn(results):
    panels = marks(drawn(FIGURES["figure-3"], results)[0])
    assert [panel.split(":")[0] for panel in panels] == ["tanh", "tanh-n", "softsign"]
    (lines,) = marks(drawn(FIGURES["figure-9"], results)[0]).values()
    colours = {mark.colour for mark in lines if mark.kind == "line"}
    assert colours == {style.PAPER_COLOURS[model] for model in ("tanh", "tanh-n")}


def test_a_model_that_is_not_shown_leaves_the_axes_of_the_others_alone(results):
    wide = results.histograms.copy()
    of_mine = wide["model"] == "mine"
    wide.loc[of_mine, ["left", "right"]] *= 40
    for key in ("figure-4", "playback"):
        alone, beside = (
            marks(drawn(FIGURES[key], dataclasses.replace(results, histograms=table))[0])
            for table in (results.histograms[~of_mine], wide)
        )
        for panel, others in zip(alone.values(), beside.values(), strict=True):
            for mark, other in zip(panel, others, strict=True):
                np.testing.assert_allclose(mark.xs, other.xs, atol=1e-6)


@pytest.mark.parametrize(("depths", "shown"), [([5, 5, 5], False), ([3, 4, 5], True), ([4, 5, 5], False)])
def test_depths_are_compared_where_a_model_has_three(results, depths, shown):
    """Models of one depth each, however many depths there are, compare nothing."""
    runs = results.runs[results.runs["model"] == "tanh"].head(3).assign(hidden_layers=depths)
    others = results.runs[results.runs["model"] == "sigmoid"].head(1).assign(hidden_layers=12)
    with_depths = dataclasses.replace(results, runs=pd.concat([runs, others]))
    assert (len(with_depths.depths) == 4) is shown


def test_a_model_that_was_added_is_drawn(results):
    chart, _ = drawn(FIGURES["figure-3"], results)
    next(one for one in chart.params if one.name == style.MODELS).value = ["mine", "tanh"]
    assert [panel.split(":")[0] for panel in marks(chart)] == ["tanh", "mine"]


def test_a_figure_of_one_model_at_a_time_offers_all(results):
    chart, _ = drawn(FIGURES["playback"], results)
    assert chart.usermeta["one_of"] == ["tanh", "tanh-n", "softsign", "softsign-n", "sigmoid", "mine"]
    assert next(one for one in chart.params if one.name == "model").value == "tanh"


def test_a_pretrained_network_is_not_offered_where_the_start_is_shown(results):
    pretraining = Pretraining("linear", "masking", 0.25, 0.003, {"laptop": 10})
    recipes = results.recipes | {"mine": Model("softplus", "standard", pretraining=pretraining)}
    with_one = dataclasses.replace(results, recipes=recipes)
    offering = {key for key in FIGURES if "mine" in models_of(FIGURES[key], with_one)}
    assert not offering & {"figure-6", "figure-7", "figure-8", "theory", "jacobians"}
    assert {"figure-3", "figure-9", "figure-11", "playback"} <= offering


def test_a_panels_second_line_is_the_chosen_run(results):
    written = texts(drawn(FIGURES["figure-2"], results)[0])
    assert "sigmoid: standard" in written
    assert "5 hidden layers, rate 0.03, seed 1" in written


def test_a_depth_that_differs_from_the_papers_is_named(results):
    sentence = "This network has 5 hidden layers; the one in the paper's figure has 4."
    assert words(FIGURES["figure-2"], results) == [sentence]
    assert not any(words(figure, results) for key, figure in FIGURES.items() if key not in ("figure-1", "figure-2"))
    as_deep = dataclasses.replace(results, runs=results.runs.assign(hidden_layers=4))
    assert words(FIGURES["figure-2"], as_deep) == []
    one = dataclasses.replace(results, runs=results.runs.assign(hidden_layers=1))
    assert words(FIGURES["figure-2"], one)[0].startswith("This network has 1 hidden layer;")
    none = dataclasses.replace(results, runs=results.runs.assign(chosen=False))
    assert words(FIGURES["figure-2"], none) == []


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_data_set_is_described_beside_its_examples(results, dataset):
    (sentence,) = words(FIGURES["figure-1"], dataclasses.replace(results, dataset=dataset))
    height, width, *colours = find_dataset(dataset).image_shape
    if dataset != "shapeset":
        assert f"{height}×{width} pixels in {'colour' if colours else 'grey'}" in sentence


@pytest.mark.parametrize(("depth", "models"), [(4, (["sigmoid", "sigmoid-4"], [])), (3, (["sigmoid"], ["sigmoid-4"]))])
def test_figure_2_shows_the_sigmoid_of_the_papers_depth_too(results, depth, models):
    """With it, no sentence about the depth is needed; a sigmoid of another depth can be added."""
    recipes = {name: recipe for name, recipe in results.recipes.items() if name != "mine"}
    recipes["sigmoid-4"] = Model("sigmoid", "standard", hidden_layers=[depth])

    def renamed(table):
        names = table["model"].astype(str).replace("mine", "sigmoid-4")
        return table.assign(model=pd.Categorical(names, list(recipes)))

    runs = renamed(results.runs).assign(hidden_layers=lambda table: np.where(table["model"] == "sigmoid-4", depth, 5))
    with_four = dataclasses.replace(results, recipes=recipes, runs=runs, monitored=renamed(results.monitored))
    assert offered(drawn(FIGURES["figure-2"], with_four)[0]) == models
    assert (words(FIGURES["figure-2"], with_four) == []) == (depth == 4)


def test_a_figure_with_one_model_offers_no_choice(results):
    assert offered(drawn(FIGURES["figure-2"], results)[0]) == (None, None)


def test_a_model_that_is_not_in_params_is_named(results):
    recipes = {model: recipe for model, recipe in results.recipes.items() if model != "softsign"}
    chart, notes = drawn(FIGURES["figure-3"], dataclasses.replace(results, recipes=recipes))
    assert offered(chart) == (["tanh", "tanh-n"], ["softsign-n", "mine"])
    assert notes == ["params.yaml does not list the model softsign."]


def test_a_figure_without_any_of_its_models_has_no_chart(results):
    absent = dataclasses.replace(results, absent={"sigmoid": "every run diverged"})
    note = "sigmoid has no results on Shapeset-3×2: every run diverged."
    assert drawn(FIGURES["figure-2"], absent) == (None, [note])


@pytest.mark.parametrize("key", [key for key in FIGURES if key not in ("figure-1", "figure-5", "figure-12", "depths")])
def test_about_as_much_height_is_kept_free_as_the_chart_takes(results, key):
    chart = style.specification(drawn(FIGURES[key], results)[0], "", "")
    scene = vl_convert.vegalite_to_scenegraph(chart)
    assert style.drawn_height(chart) == pytest.approx(scene["height"], rel=0.3)


def test_missing_images_are_named(results):
    chart, (note,) = drawn(FIGURES["figure-1"], dataclasses.replace(results, examples=pd.DataFrame()))
    assert chart is None
    assert note == "Shapeset-3×2 has no data for this figure: not run yet; run `dvc repro`."
