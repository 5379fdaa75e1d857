"""Table 1 from made-up runs, against textbook formulas."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from stages.claims.table1 import DIVERGED as ALL_DIVERGED
from stages.claims.table1 import (
    NOT_RUN,
    OTHER_DATASET,
    OTHER_MODEL,
    Cell,
    cells,
    footnotes,
    note,
    paper_model,
    paper_percent,
    percent,
    table1_row,
)
from stages.params import Model, Params, load_params
from tests.claims.made_up import BEST_RATE, DIVERGED, IMAGES, predictions, runs, seed_runs
from tests.conftest import SHARED
from tests.synthetic_results import write_params

ERRORS = [0.20, 0.24, 0.22, 0.25, 0.23]


def row(*tables: pd.DataFrame, errors=ERRORS, dataset="shapeset") -> dict:
    """The row of a model with these errors by seed, and with these tables of runs if there are any."""
    made = pd.concat(tables, ignore_index=True) if tables else seed_runs(errors)
    return table1_row(made, predictions(errors), dataset)


def test_a_row_has_the_mean_over_the_seeds_and_its_interval():
    found, percents = row(), 100 * np.array(ERRORS)
    low, high = scipy.stats.t.interval(0.95, 4, loc=percents.mean(), scale=scipy.stats.sem(percents))
    assert found["mean_percent"] == pytest.approx(percents.mean())
    assert found["mean_percent"] - found["margin_percent"] == pytest.approx(low)
    assert found["mean_percent"] + found["margin_percent"] == pytest.approx(high)
    assert found["std_percent"] == pytest.approx(np.std(percents, ddof=1))
    assert found["last_percent"] == pytest.approx(percents.mean() + 1)  # as made up
    assert (found["seeds"], found["learning_rate"], found["hidden_layers"]) == (5, BEST_RATE, 5)
    assert (found["diverged_runs"], found["at_chance"], found["rate_at_edge"]) == (0, False, None)


def test_one_seed_has_no_interval():
    found = row(errors=[0.2])
    assert (found["mean_percent"], found["seeds"]) == (pytest.approx(20), 1)
    assert math.isnan(found["margin_percent"])


def test_a_row_is_of_five_layers_where_there_are_any():
    shallow = seed_runs([error / 2 for error in ERRORS], hidden_layers=4)
    found = row(shallow, seed_runs(ERRORS))
    assert (found["hidden_layers"], found["mean_percent"]) == (5, pytest.approx(22.8))


@pytest.mark.parametrize(("dataset", "chance"), [("shapeset", 500 / 6), ("mnist", 88.65)])
def test_a_seed_that_diverged_errs_as_often_as_by_chance(dataset, chance):
    found = row(errors=[*ERRORS[:4], DIVERGED], dataset=dataset)
    assert found["mean_percent"] == pytest.approx((91 + chance) / 5)
    assert (found["seeds"], found["diverged_runs"]) == (5, 1)


def test_the_interval_over_images_is_wilsons_of_the_seed_with_the_lowest_validation_error():
    made = seed_runs(ERRORS)
    made.loc[made["seed"] == 1, "validation_error"] = 0.1
    found = row(made)
    share, count, z = 0.24, IMAGES, 1.959963984540054
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    assert found["test_error_percent"] == pytest.approx(24)
    assert found["low_percent"] == pytest.approx(100 * (centre - half))
    assert found["high_percent"] == pytest.approx(100 * (centre + half))


@pytest.mark.parametrize(("error", "at_chance"), [(0.74, False), (0.76, True)])
def test_a_network_is_at_chance_from_nine_tenths_of_it_on(error, at_chance):
    assert row(errors=[error] * 5)["at_chance"] == at_chance  # 0.9 · 5/6 is 0.75


@pytest.mark.parametrize(
    ("others", "edge"),
    [
        ({0.03: 0.3, 0.3: 0.3}, None),
        ({0.03: 0.3, 0.3: DIVERGED}, None),
        ({0.03: 0.3}, "highest"),
        ({0.3: DIVERGED}, "lowest"),
        ({}, "only one"),
    ],
)
def test_a_rate_at_the_edge_of_those_that_were_tried_is_noted(others, edge):
    tried = [(5, rate, 0, error) for rate, error in others.items()]
    judged = [(5, BEST_RATE, seed, error) for seed, error in enumerate(ERRORS)]
    found = row(runs(*judged, *tried))
    assert found["rate_at_edge"] == edge
    assert note(found) == (edge and f"its learning rate, 0.1, is the {edge} of those that were tried")


def test_a_network_at_chance_has_no_best_rate():
    found = row(runs(*((5, BEST_RATE, seed, 0.83) for seed in range(5))), errors=[0.83] * 5)
    assert found["rate_at_edge"] is None
    assert note(found) == "not clearly better than chance with any learning rate; shown: 0.1"


def test_papers_numbers_are_found_by_recipe():
    assert paper_percent("shapeset", Model("tanh", "normalized")) == 15.60
    assert paper_percent("shapeset", Model("sigmoid", "standard")) == 82.61
    assert paper_percent("shapeset", Model("sigmoid", "normalized")) is None
    assert paper_percent("my_images", Model("tanh", "standard")) is None
    assert paper_percent("shapeset", Model("tanh", "normalized", "another_rule")) is None
    assert paper_percent("shapeset", Model("tanh", "normalized", batch_normalization=True)) is None


def test_papers_table_is_the_recorded_one():
    recorded = SHARED / "paper" / "table1.csv"
    if not recorded.is_file():
        pytest.skip("the record of the paper's table (../shared/paper/table1.csv) is not here")
    for row in pd.read_csv(recorded).to_dict("records"):
        for dataset in ("shapeset", "mnist", "cifar10", "small_imagenet"):
            assert paper_percent(dataset, Model(row["activation"], row["initialization"])) == row[dataset]


@pytest.mark.parametrize(
    ("hidden_layers", "name"), [(None, "sigmoid"), ([5], "sigmoid"), ([1, 2, 3, 4, 5], "sigmoid"), ([4], None)]
)
def test_the_papers_models_are_those_that_may_have_five_layers(hidden_layers, name):
    model = Model("sigmoid", "standard", hidden_layers=hidden_layers, learning_rates=[0.1], seeds=1)
    assert paper_model(model) == name
    assert paper_percent("shapeset", model) == (name and 82.61)


@pytest.fixture
def params(tmp_path) -> Params:
    """Two of the paper's models, one under another name, and one more, on two data sets."""
    models = {"mine": ("softplus", "standard"), "tanh": ("tanh", "standard"), "renamed": ("softsign", "normalized")}
    write_params(tmp_path, models, ["shapeset", "cifar10"])
    return load_params(tmp_path / "params.yaml")


@pytest.fixture
def judged() -> pd.DataFrame:
    rows = [
        ("shapeset", "mine", 40.0, 1.5, False, None, False),
        ("shapeset", "tanh", 30.0, 0.5, True, None, False),
        ("cifar10", "mine", 50.0, 0.5, False, "lowest", False),
        ("cifar10", "tanh", 60.0, math.nan, True, None, True),
        ("mnist", "tanh", 2.0, 0.5, True, None, False),
    ]
    columns = ["dataset", "model", "mean_percent", "margin_percent", "marked", "rate_at_edge", "at_chance"]
    return pd.DataFrame(rows, columns=columns).assign(test_error_percent=99.0, learning_rate=0.03)


AT_EDGE = "its learning rate, 0.03, is the lowest of those that were tried"
AT_CHANCE = "not clearly better than chance with any learning rate; shown: 0.03"


def test_every_data_set_is_a_column_and_the_papers_further_models_are_rows(params, judged):
    table = cells(judged, params, {})
    assert list(table) == [
        "mine",
        "tanh",
        "renamed",
        "the paper's softsign",
        "the paper's tanh-n",
        "the paper's sigmoid",
    ]
    assert all(list(row) == ["shapeset", "mnist", "cifar10", "small_imagenet"] for row in table.values())


def test_a_data_set_that_the_paper_has_not_is_a_column_where_params_lists_it(tmp_path, judged):
    write_params(tmp_path, {"tanh": ("tanh", "standard")}, ["fashion_mnist", "shapeset"])
    extra = judged[1:2].assign(dataset="fashion_mnist", mean_percent=12.5)
    table = cells(pd.concat([judged, extra]), load_params(tmp_path / "params.yaml"), {})
    assert all(
        list(row) == ["shapeset", "mnist", "cifar10", "small_imagenet", "fashion_mnist"] for row in table.values()
    )
    assert table["tanh"]["fashion_mnist"] == Cell(12.5, None, marked=True, margin=0.5)
    assert table["the paper's sigmoid"]["fashion_mnist"] == Cell(None, None, OTHER_MODEL)


def test_a_cell_has_both_numbers_or_says_why_not(params, judged):
    table = cells(judged, params, {"cifar10": {"renamed": ALL_DIVERGED}})
    assert table["tanh"]["shapeset"] == Cell(30.0, 27.15, marked=True, margin=0.5)
    assert table["mine"]["shapeset"] == Cell(40.0, None, margin=1.5)
    assert table["mine"]["cifar10"] == Cell(50.0, None, AT_EDGE, margin=0.5)
    assert table["tanh"]["cifar10"] == Cell(60.0, 55.9, AT_CHANCE, marked=True)  # and one seed only
    assert table["tanh"]["mnist"] == Cell(None, 1.76, OTHER_DATASET)  # though a number of an earlier run lies there
    assert table["renamed"]["shapeset"] == Cell(None, 16.06, NOT_RUN)
    assert table["renamed"]["cifar10"] == Cell(None, 53.8, ALL_DIVERGED)
    assert table["the paper's sigmoid"]["cifar10"] == Cell(None, 57.28, OTHER_MODEL)
    assert table["the paper's sigmoid"]["mnist"] == Cell(None, 2.21, OTHER_DATASET)


def test_results_that_are_missing_have_no_number_though_the_table_has_one(params, judged):
    assert cells(judged, params, {"shapeset": {"tanh": NOT_RUN}})["tanh"]["shapeset"] == Cell(None, 27.15, NOT_RUN)


def test_each_reason_has_one_letter_in_the_order_of_the_table(params, judged):
    table = cells(judged, params, {"cifar10": {"tanh": ALL_DIVERGED}})
    assert footnotes(table) == {
        OTHER_DATASET: "a",
        AT_EDGE: "b",
        ALL_DIVERGED: "c",
        NOT_RUN: "d",
        OTHER_MODEL: "e",
    }
    assert footnotes({"tanh": {"shapeset": Cell(30.0, 27.15)}}) == {}


def test_a_percentage_has_the_papers_two_decimals():
    assert [percent(value) for value in (2, 15.605001, None, math.nan)] == ["2.00", "15.61", "–", "–"]


def test_a_percentage_may_have_a_margin():
    assert [percent(2, margin) for margin in (0.125001, None, math.nan)] == ["2.00 ± 0.13", "2.00", "2.00"]
    assert percent(None, 0.1) == "–"
