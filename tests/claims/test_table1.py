"""Table 1 from made-up runs, against textbook formulas."""

import math

import numpy as np
import pandas as pd
import pytest

from stages.claims.table1 import (
    DIVERGED,
    NOT_RUN,
    OTHER_DATASET,
    OTHER_MODEL,
    Cell,
    cells,
    footnotes,
    paper_model,
    paper_percent,
    percent,
    table1_row,
)
from stages.params import Model, Params, load_params
from tests.conftest import SHARED
from tests.synthetic_results import write_params


@pytest.fixture
def runs() -> pd.DataFrame:
    rows = [
        # hidden_layers, learning_rate, seed, chosen, diverged_at, test_error
        (5, 0.1, 0, False, None, 0.30),
        (5, 0.1, 1, True, None, 0.20),
        (5, 0.1, 2, False, None, 0.25),
        (5, 0.1, 3, False, 17, None),
        (5, 0.5, 0, False, 3, None),
        (4, 0.1, 0, False, None, 0.90),
    ]
    columns = ["hidden_layers", "learning_rate", "seed", "chosen", "diverged_at", "test_error"]
    return pd.DataFrame(rows, columns=columns).astype({"diverged_at": "Int64", "test_error": float})


@pytest.fixture
def predictions() -> pd.DataFrame:
    return pd.DataFrame({"index": range(1000), "label": 0, "prediction": [1] * 200 + [0] * 800})


def test_row_is_of_the_chosen_run_and_its_finite_siblings(runs, predictions):
    row = table1_row(runs, predictions)
    assert row["test_error_percent"] == pytest.approx(20)
    assert row["seeds"] == 3
    assert row["mean_percent"] == pytest.approx(np.mean([30, 20, 25]))
    assert row["std_percent"] == pytest.approx(np.std([30, 20, 25], ddof=1))
    assert (row["learning_rate"], row["hidden_layers"], row["diverged_runs"]) == (0.1, 5, 2)


def test_interval_is_wilsons(runs, predictions):
    row = table1_row(runs, predictions)
    share, count, z = 0.2, 1000, 1.959963984540054
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    assert row["low_percent"] == pytest.approx(100 * (centre - half))
    assert row["high_percent"] == pytest.approx(100 * (centre + half))


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
        ("shapeset", "mine", 40.0, False),
        ("shapeset", "tanh", 30.0, True),
        ("cifar10", "tanh", 60.0, True),
        ("mnist", "tanh", 2.0, True),
    ]
    return pd.DataFrame(rows, columns=["dataset", "model", "test_error_percent", "marked"])


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
    extra = pd.DataFrame([("fashion_mnist", "tanh", 12.5, True)], columns=judged.columns)
    table = cells(pd.concat([judged, extra]), load_params(tmp_path / "params.yaml"), {})
    assert all(
        list(row) == ["shapeset", "mnist", "cifar10", "small_imagenet", "fashion_mnist"] for row in table.values()
    )
    assert table["tanh"]["fashion_mnist"] == Cell(12.5, None, marked=True)
    assert table["the paper's sigmoid"]["fashion_mnist"] == Cell(None, None, OTHER_MODEL)


def test_a_cell_has_both_numbers_or_says_why_not(params, judged):
    table = cells(judged, params, {"cifar10": {"renamed": DIVERGED}})
    assert table["tanh"]["shapeset"] == Cell(30.0, 27.15, marked=True)
    assert table["mine"]["shapeset"] == Cell(40.0, None)
    assert table["mine"]["cifar10"] == Cell(None, None, NOT_RUN)
    assert table["tanh"]["mnist"] == Cell(None, 1.76, OTHER_DATASET)  # though a number of an earlier run lies there
    assert table["renamed"]["shapeset"] == Cell(None, 16.06, NOT_RUN)
    assert table["renamed"]["cifar10"] == Cell(None, 53.8, DIVERGED)
    assert table["the paper's sigmoid"]["cifar10"] == Cell(None, 57.28, OTHER_MODEL)
    assert table["the paper's sigmoid"]["mnist"] == Cell(None, 2.21, OTHER_DATASET)


def test_results_that_are_missing_have_no_number_though_the_table_has_one(params, judged):
    assert cells(judged, params, {"shapeset": {"tanh": NOT_RUN}})["tanh"]["shapeset"] == Cell(None, 27.15, NOT_RUN)


def test_each_reason_has_one_letter_in_the_order_of_the_table(params, judged):
    table = cells(judged, params, {"cifar10": {"tanh": DIVERGED}})
    assert footnotes(table) == {OTHER_DATASET: "a", NOT_RUN: "b", DIVERGED: "c", OTHER_MODEL: "d"}
    assert footnotes({"tanh": {"shapeset": Cell(30.0, 27.15)}}) == {}


def test_a_percentage_has_the_papers_two_decimals():
    assert [percent(value) for value in (2, 15.605001, None, math.nan)] == ["2.00", "15.61", "–", "–"]
