"""Table 1: the test error of every model on every data set, beside the paper's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pandas as pd
import scipy  # as in stages.claims.significance

from stages.claims.measurements import (
    LEARNED,
    PAPER_LAYERS,
    chance,
    edge_of,
    errors_of,
    judged_depth,
    judged_runs,
    without_search,
)
from stages.handover.schemas import RUN
from stages.params import DATASETS, Model, Params

# Table 1 of the paper, test errors in percent
PAPER = pd.read_csv(Path(__file__).with_name("paper_table1.csv"), index_col=["activation", "initialization"])
PAPER_MODELS = {name: Model(*recipe) for recipe, name in PAPER.pop("model").items()}

# Why a cell of Table 1 has no number of ours.
OTHER_DATASET = "params.yaml does not list this data set"
OTHER_MODEL = "params.yaml does not list this model"
NOT_RUN = "not run yet; run `dvc repro`"
OTHER_PARAMETERS = "trained with other parameters than those of params.yaml; run `dvc repro` to retrain"
DIVERGED = "every run diverged"


@dataclass(frozen=True)
class Cell:
    """A model's test errors on a data set in percent, None if there is none.

    here: the mean over seeds; margin: half of its 95 % interval, None with one seed. marked: whether it is the best of
    its column or cannot be told from it. note: why there is none of ours, or what to know of it.
    """

    here: float | None
    paper: float | None
    note: str | None = None
    marked: bool = False
    margin: float | None = None


def cells(judged: pd.DataFrame, params: Params, absent: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Cell]]:
    """Return model → data set → cell: every data set, the models of `params` and then the paper's others.

    judged: reports/table1.csv. absent: data set → model → why it has no results, if its results are missing.
    """
    listed = [recipe(model) for model in params.models.values()]
    others = {f"the paper's {name}": one for name, one in PAPER_MODELS.items() if recipe(one) not in listed}
    rows = params.models | others
    found = judged.set_index(["dataset", "model"]).to_dict("index")

    def cell(dataset: str, name: str) -> Cell:
        paper = paper_percent(dataset, rows[name])
        if dataset not in params.datasets:
            return Cell(None, paper, OTHER_DATASET)
        if name not in params.models:
            return Cell(None, paper, OTHER_MODEL)
        if name in absent.get(dataset, ()):
            return Cell(None, paper, absent[dataset][name])
        if (dataset, name) not in found:
            return Cell(None, paper, NOT_RUN)
        ours = found[dataset, name]
        margin = None if pd.isna(ours["margin_percent"]) else ours["margin_percent"]
        return Cell(ours["mean_percent"], paper, note(ours), bool(ours["marked"]), margin)

    shown = [dataset for dataset in DATASETS if dataset in PAPER or dataset in params.datasets]
    return {name: {dataset: cell(dataset, name) for dataset in shown} for name in rows}


def note(row: Mapping[str, Any]) -> str | None:
    """Return what to know of a row of Table 1 in one clause, None if there is nothing."""
    if row["at_chance"]:
        return f"not clearly better than chance with any learning rate; shown: {row['learning_rate']:g}"
    if pd.notna(row["rate_at_edge"]):
        return f"its learning rate, {row['learning_rate']:g}, is the {row['rate_at_edge']} of those that were tried"
    return None


def footnotes(table: Mapping[str, Mapping[str, Cell]]) -> dict[str, str]:
    """Return a letter for each note in the table, in the order of their first cells."""
    notes = dict.fromkeys(cell.note for row in table.values() for cell in row.values() if cell.note)
    return dict(zip(notes, ascii_lowercase, strict=False))


def percent(value: float | None, margin: float | None = None) -> str:
    """Return a percentage as a text with the paper's two decimals, and its margin if there is one; a dash for None."""
    spread = f" ± {margin:.2f}" if pd.notna(margin) else ""
    return f"{value:.2f}{spread}" if pd.notna(value) else "–"


def table1_row(runs: pd.DataFrame, predictions: pd.DataFrame, dataset: str) -> dict[str, float | str | None]:
    """Return the numbers of one model on one data set; errors are percentages.

    `runs` has one row a run, as the train stage writes them, `predictions` the answers of each to every test image.
    mean_percent is over all seeds of the judged depth and learning rate, and margin_percent half of its 95 % interval
    by Student's t; last_percent is the mean after the last update. test_error_percent is that of the seed with the
    lowest validation error, and low_percent and high_percent bound it with 95 % confidence (Wilson's score interval).
    at_chance says that the network has not learned; if it has, rate_at_edge may say that its learning rate is the
    lowest or the highest of those tried.
    """
    judged = judged_runs(runs, "a model", dataset)
    errors = errors_of(judged, dataset)
    best = judged.loc[[judged["validation_error"].idxmin()]]
    answers = predictions.merge(best[list(RUN)])
    wrong = int((answers["label"] != answers["prediction"]).sum())
    interval = scipy.stats.binomtest(wrong, len(answers)).proportion_ci(0.95, method="wilson")
    learned = errors.mean() <= LEARNED * chance(dataset)
    return {
        "mean_percent": 100 * errors.mean(),
        "margin_percent": 100 * margin(errors),
        "seeds": len(errors),
        "std_percent": 100 * errors.std(),
        "last_percent": 100 * judged["last_test_error"].fillna(chance(dataset)).mean(),
        "test_error_percent": 100 * wrong / len(answers),
        "low_percent": 100 * interval.low,
        "high_percent": 100 * interval.high,
        "learning_rate": best["learning_rate"].iloc[0],
        "rate_at_edge": edge_of(runs[runs["hidden_layers"] == judged_depth(runs)]) if learned else None,
        "at_chance": not learned,
        "hidden_layers": best["hidden_layers"].iloc[0],
        "diverged_runs": int(runs["diverged_at"].notna().sum()),
    }


def margin(errors: pd.Series) -> float:
    """Return half of the 95 % interval for the mean by Student's t; NaN for one seed."""
    return errors.sem() * scipy.stats.t.isf(0.025, len(errors) - 1) if len(errors) > 1 else math.nan


def paper_percent(dataset: str, model: Model) -> float | None:
    """Return the paper's test error in percent of a model with this recipe, None if the paper has none."""
    if paper_model(model) is None or dataset not in PAPER:
        return None
    return float(PAPER.loc[(model.activation, model.initialization), dataset])


def paper_model(model: Model) -> str | None:
    """Return the name of the paper's model with this recipe, None if the paper has none."""
    return next((name for name, one in PAPER_MODELS.items() if recipe(one) == recipe(model)), None)


def recipe(model: Model) -> dict[str, Any]:
    """Return the recipe that makes a model a row of Table 1, without its name and its search for the best run.

    Table 1 is of PAPER_LAYERS hidden layers: a model with other depths only is another model.
    """
    depths = model.hidden_layers
    in_table1 = depths is None or PAPER_LAYERS in depths
    return vars(without_search(model)) | {"hidden_layers": [PAPER_LAYERS] if in_table1 else depths}
