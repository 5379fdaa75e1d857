"""Table 1's texts are the table's numbers; missing numbers have their reason."""

import dataclasses

import pandas as pd
import pytest

from stages.claims.table1 import DIVERGED, OTHER_DATASET, Cell
from stages.figures import table1


@pytest.fixture
def judged(root) -> pd.DataFrame:
    return pd.read_csv(root / "reports/table1.csv").set_index("model")


def test_a_cell_is_two_numbers_or_a_dash_with_its_footnote():
    printed = table1.overview(
        {
            "tanh": {
                "shapeset": Cell(30.0, 27.15, "at an edge", marked=True, margin=1.256),
                "mnist": Cell(None, 1.76, OTHER_DATASET),
            },
            "mine": {"shapeset": Cell(None, None, DIVERGED), "mnist": Cell(None, None, OTHER_DATASET)},
        }
    )
    assert printed["datasets"] == ["Shapeset-3×2", "MNIST"]
    assert printed["footnotes"] == {"a": "at an edge", "b": OTHER_DATASET, "c": DIVERGED}
    cells = {row["model"]: [tuple(cell.values()) for cell in row["cells"]] for row in printed["rows"]}
    assert cells == {
        "tanh": [("30.00 ± 1.26", "27.15", "a", True), ("–", "1.76", "b", False)],
        "mine": [("–", "–", "c", False), ("–", "–", "b", False)],
    }


def test_every_number_is_printed_with_the_papers_two_decimals(results, judged):
    (tanh,) = [row for row in table1.rows(judged, results) if row["model"] == "tanh"]
    numbers = judged.loc["tanh"]
    assert float(tanh["test_error"]) == pytest.approx(numbers.test_error_percent, abs=0.005)
    assert [float(end) for end in tanh["interval"].split(" to ")] == pytest.approx(
        [numbers.low_percent, numbers.high_percent], abs=0.005
    )
    assert [float(part) for part in tanh["mean"].split(" ± ")] == pytest.approx(
        [numbers.mean_percent, numbers.margin_percent], abs=0.005
    )
    assert float(tanh["last"]) == pytest.approx(numbers.last_percent, abs=0.005)
    assert (tanh["seed_count"], tanh["learning_rate"], tanh["hidden_layers"]) == ("2 seeds", "0.03", "5")
    assert tanh["paper"] == "27.15"


def test_a_model_that_is_not_the_papers_has_a_dash_and_its_own_row(results, judged):
    last = table1.rows(judged, results)[-1]
    assert (last["model"], last["recipe"]) == ("mine", "softplus units, standard initialization")
    assert last["paper"] == "–"


def test_one_seed_has_no_interval_of_its_mean(results, judged):
    (row, *_) = table1.rows(judged.assign(seeds=1, margin_percent=float("nan")), results)
    assert float(row["mean"]) == pytest.approx(judged.loc["softsign", "mean_percent"], abs=0.005)
    assert row["seed_count"] == "1 seed"


def test_a_model_without_results_says_why_in_its_row(results, judged):
    absent = dataclasses.replace(results, absent={"tanh": DIVERGED})
    rows = {row["model"]: row for row in table1.rows(judged.drop("sigmoid"), absent)}
    assert rows["tanh"]["absent"] == "every run diverged"
    assert rows["sigmoid"]["absent"] == "not run yet; run `dvc repro`"
    assert not {"mean", "last", "test_error"} & set(rows["tanh"])


def test_the_summary_is_of_the_data_sets_that_have_the_papers_tanh_with_both_initializations(judged):
    variant = judged.loc[["tanh"]].assign(mean_percent=99.0, paper_percent=float("nan"))  # another cost, say
    sentence = table1.summary(
        {
            "Shapeset-3×2": pd.concat([variant, judged]),
            "MNIST": judged.assign(mean_percent=2.0, margin_percent=float("nan")),
            "CIFAR-10": judged.drop("tanh"),
        }
    )
    means, margins = judged["mean_percent"], judged["margin_percent"]
    tanh, tanh_n = (f"{means[model]:.2f} ± {margins[model]:.2f}" for model in ("tanh", "tanh-n"))
    percents = f"{tanh} % and {tanh_n} % on Shapeset-3×2 (the paper: 27.15 % and 15.60 %); 2.00 % and 2.00 % on MNIST"
    assert percents in sentence.replace("\N{NO-BREAK SPACE}", " ")
    assert "CIFAR-10" not in sentence
    assert table1.summary({"MNIST": judged.drop("tanh")}) == ""


def test_diverged_runs_are_listed_with_their_update(results):
    sentences = table1.diverged(results.runs)
    assert len(sentences) == 6
    assert sentences[0].startswith("softsign: 2 of 8 runs diverged")
    assert "learning rate 0.3, seed 0: at update 1,500" in sentences[0]
