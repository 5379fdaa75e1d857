"""Table 1: the test error of every model on every data set, beside the paper's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import scipy  # as in stages.claims.significance

from stages.claims.measurements import PAPER_LAYERS, errors_over_seeds, without_search
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

    reason: why there is none of ours. marked: whether ours is the best of its column or cannot be told from it.
    """

    here: float | None
    paper: float | None
    reason: str | None = None
    marked: bool = False


def cells(judged: pd.DataFrame, params: Params, absent: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Cell]]:
    """Return model → data set → cell: every data set, the models of `params` and then the paper's others.

    judged: reports/table1.csv. absent: data set → model → why it has no results, if its results are missing.
    """
    listed = [recipe(model) for model in params.models.values()]
    others = {f"the paper's {name}": one for name, one in PAPER_MODELS.items() if recipe(one) not in listed}
    rows = params.models | others
    found = judged.set_index(["dataset", "model"])[["test_error_percent", "marked"]].to_dict("index")

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
        return Cell(ours["test_error_percent"], paper, marked=bool(ours["marked"]))

    columns = [dataset for dataset in DATASETS if dataset in PAPER or dataset in params.datasets]
    return {name: {dataset: cell(dataset, name) for dataset in columns} for name in rows}


def footnotes(table: Mapping[str, Mapping[str, Cell]]) -> dict[str, str]:
    """Return a letter for each reason in the table, in the order of their first cells."""
    reasons = dict.fromkeys(cell.reason for row in table.values() for cell in row.values() if cell.reason)
    return dict(zip(reasons, "abcdefgh", strict=False))


def percent(value: float | None) -> str:
    """Return a percentage as a text with the paper's two decimals; a dash for None."""
    return f"{value:.2f}" if pd.notna(value) else "–"


def table1_row(runs: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, float]:
    """Return the numbers of one model on one data set; errors are percentages.

    `runs` has one row a run, as the train stage writes them, `predictions` the chosen run's label and prediction of
    every test image. low_percent and high_percent bound the chosen run's error rate with 95 % confidence (Wilson's
    score interval); mean_percent and std_percent are over the finite seeds of the chosen depth and learning rate.
    """
    chosen = runs[runs["chosen"]].iloc[0]
    wrong = int((predictions["label"] != predictions["prediction"]).sum())
    interval = scipy.stats.binomtest(wrong, len(predictions)).proportion_ci(0.95, method="wilson")
    seeds = errors_over_seeds(runs, chosen)
    return {
        "test_error_percent": 100 * wrong / len(predictions),
        "low_percent": 100 * interval.low,
        "high_percent": 100 * interval.high,
        "seeds": len(seeds),
        "mean_percent": 100 * seeds.mean(),
        "std_percent": 100 * seeds.std(),
        "learning_rate": chosen["learning_rate"],
        "hidden_layers": chosen["hidden_layers"],
        "diverged_runs": int(runs["diverged_at"].notna().sum()),
    }


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
