"""A figure shows the models that it is about and that are there, and says which are not."""

import dataclasses

import pandas as pd

from stages.claims.table1 import PAPER
from stages.figures.contents import PAPER_MODELS, SECTIONS
from stages.figures.results import depth, drawn

FIGURES = {figure.key: figure for figures in SECTIONS.values() for figure in figures}


def shown(chart) -> list[str]:
    """The panels of a chart, in order."""
    return [panel.split(":")[0] for panel in chart.facet.to_dict()["sort"]]


def test_the_papers_models_come_first_and_a_readers_own_after_them(results):
    for key, models in {"figure-3": ["tanh", "softsign"], "figure-9": ["tanh", "tanh-n"]}.items():
        chart, notes = drawn(FIGURES[key], results)
        assert shown(chart) == [*models, "mine"]
        assert notes == []


def test_the_papers_models_are_those_of_its_table_1():
    rows = pd.read_csv(PAPER).itertuples()
    assert {row.model: (row.activation, row.initialization) for row in rows} == PAPER_MODELS


def test_a_panels_second_line_is_the_chosen_run(results):
    (heading,) = drawn(FIGURES["figure-2"], results)[0].facet.to_dict()["sort"]
    assert heading.split("\n") == [
        "sigmoid: sigmoid units, standard initialization",
        "5 hidden layers, learning rate 0.03, seed 1",
    ]


def test_another_depth_than_the_papers_is_told(results):
    sentence = "Here the network has 5 hidden layers; the one in the paper's figure has 4."
    assert depth(FIGURES["figure-2"], results) == sentence
    assert all(depth(figure, results) == "" for key, figure in FIGURES.items() if key != "figure-2")
    as_deep = dataclasses.replace(results, runs=results.runs.assign(hidden_layers=4))
    assert depth(FIGURES["figure-2"], as_deep) == ""
    one = dataclasses.replace(results, runs=results.runs.assign(hidden_layers=1))
    assert depth(FIGURES["figure-2"], one).startswith("Here the network has 1 hidden layer;")
    none = dataclasses.replace(results, runs=results.runs.assign(chosen=False))
    assert depth(FIGURES["figure-2"], none) == ""


def test_a_figure_of_one_model_shows_no_other(results):
    assert shown(drawn(FIGURES["figure-2"], results)[0]) == ["sigmoid"]
    assert shown(drawn(FIGURES["figure-10"], results)[0]) == ["tanh-n"]


def test_a_model_that_is_not_in_params_is_named(results):
    labels = {model: label for model, label in results.labels.items() if model != "softsign"}
    chart, notes = drawn(FIGURES["figure-3"], dataclasses.replace(results, labels=labels))
    assert shown(chart) == ["tanh", "mine"]
    assert notes == ["softsign is not among the models of params.yaml."]


def test_a_figure_without_any_of_its_models_has_no_chart(results):
    absent = {"sigmoid": "Every run of sigmoid diverged."}
    assert drawn(FIGURES["figure-2"], dataclasses.replace(results, absent=absent)) == (None, [absent["sigmoid"]])


def test_images_that_are_not_there_are_named(results):
    chart, (note,) = drawn(FIGURES["figure-1"], dataclasses.replace(results, examples=pd.DataFrame()))
    assert chart is None
    assert "Shapeset-3×2 has nothing for this figure yet" in note
