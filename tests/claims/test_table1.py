"""Table 1 from made-up runs, against textbook formulas."""

import math

import numpy as np
import pandas as pd
import pytest

from stages.claims.table1 import paper_percent, table1_row
from tests.conftest import SHARED


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
    assert paper_percent("shapeset", "tanh", "normalized", "sgd") == 15.60
    assert paper_percent("shapeset", "sigmoid", "standard", "sgd") == 82.61
    assert paper_percent("shapeset", "sigmoid", "normalized", "sgd") is None
    assert paper_percent("my_images", "tanh", "standard", "sgd") is None
    assert paper_percent("shapeset", "tanh", "normalized", "another_rule") is None


def test_papers_table_is_the_recorded_one():
    recorded = SHARED / "paper" / "table1.csv"
    if not recorded.is_file():
        pytest.skip("the record of the paper's table (../shared/paper/table1.csv) is not here")
    for row in pd.read_csv(recorded).to_dict("records"):
        for dataset in ("shapeset", "mnist", "cifar10", "small_imagenet"):
            assert paper_percent(dataset, row["activation"], row["initialization"], "sgd") == row[dataset]
