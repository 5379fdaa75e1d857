"""A figure shows its models that have results, and names the missing ones."""

import dataclasses

import pandas as pd
import pytest
import vl_convert

from stages.datasets.dataset import find_dataset
from stages.figures import style
from stages.figures.charts import drawn, words
from stages.figures.contents import SECTIONS
from stages.params import DATASETS, Model
from tests.figures.drawing import texts

FIGURES = {figure.key: figure for figures in SECTIONS.values() for figure in figures}


def shown(chart) -> list[str]:
    """The models that a chart has panels of, in order."""
    return chart.facet.to_dict()["sort"]


def test_the_papers_models_come_first_and_a_readers_own_after_them(results):
    for key, models in {"figure-3": ["tanh", "softsign"], "figure-9": ["tanh", "tanh-n"]}.items():
        chart, notes = drawn(FIGURES[key], results)
        assert shown(chart) == [*models, "mine"]
        assert notes == []


def test_a_panels_second_line_is_the_chosen_run(results):
    written = texts(drawn(FIGURES["figure-2"], results)[0])
    assert "sigmoid: sigmoid units, standard initialization" in written
    assert "5 hidden layers, learning rate 0.03, seed 1" in written


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


def test_figure_2_has_sigmoids_of_every_kind(results):
    """With a network of the paper's depth, no sentence about the depth is needed."""
    recipes = {name: recipe for name, recipe in results.recipes.items() if name != "mine"}
    recipes["sigmoid-4"] = Model("sigmoid", "standard", hidden_layers=[4])

    def renamed(table):
        names = table["model"].astype(str).replace("mine", "sigmoid-4")
        return table.assign(model=pd.Categorical(names, list(recipes)))

    runs = renamed(results.runs).assign(hidden_layers=lambda table: 5 - (table["model"] == "sigmoid-4").astype(int))
    with_four = dataclasses.replace(results, recipes=recipes, runs=runs, monitored=renamed(results.monitored))
    assert shown(drawn(FIGURES["figure-2"], with_four)[0]) == ["sigmoid", "sigmoid-4"]
    assert words(FIGURES["figure-2"], with_four) == []


def test_a_figure_of_one_model_shows_no_other(results):
    assert shown(drawn(FIGURES["figure-2"], results)[0]) == ["sigmoid"]
    assert shown(drawn(FIGURES["figure-10"], results)[0]) == ["tanh-n"]


def test_a_model_that_is_not_in_params_is_named(results):
    recipes = {model: recipe for model, recipe in results.recipes.items() if model != "softsign"}
    chart, notes = drawn(FIGURES["figure-3"], dataclasses.replace(results, recipes=recipes))
    assert shown(chart) == ["tanh", "mine"]
    assert notes == ["params.yaml does not list the model softsign."]


def test_a_figure_without_any_of_its_models_has_no_chart(results):
    absent = dataclasses.replace(results, absent={"sigmoid": "every run diverged"})
    note = "sigmoid has no results on Shapeset-3×2: every run diverged."
    assert drawn(FIGURES["figure-2"], absent) == (None, [note])


@pytest.mark.parametrize("key", [key for key in FIGURES if key not in ("figure-1", "figure-5")])
def test_every_legend_of_layers_or_models_answers_to_a_click(results, key):
    chart, _ = drawn(FIGURES[key], results)
    (legend,) = vl_convert.vegalite_to_vega(style.specification(chart, "", ""))["legends"]
    assert legend["encode"]["labels"]["interactive"] is True


def test_missing_images_are_named(results):
    chart, (note,) = drawn(FIGURES["figure-1"], dataclasses.replace(results, examples=pd.DataFrame()))
    assert chart is None
    assert note == "Shapeset-3×2 has no data for this figure: not run yet; run `dvc repro`."
