"""Table 1: the test error of every model, with what chance leaves open and what the paper found."""

from functools import cache
from pathlib import Path

import pandas as pd
from scipy.stats import binomtest

PAPER = Path(__file__).with_name("paper_table1.csv")  # Table 1 of the paper, test errors in percent
PAPER_UPDATE_RULE = "sgd"  # of all its models


def table1_row(runs: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, float]:
    """Return the numbers of one model's row; errors are percentages.

    `runs` has one row a run, as the train stage writes them, `predictions` the chosen run's label and prediction of
    every test image. low_percent and high_percent bound the chosen run's error rate with 95 % confidence (Wilson's
    score interval); mean_percent and std_percent are over the finite seeds of the chosen depth and learning rate.
    """
    chosen = runs[runs["chosen"]].iloc[0]
    wrong = int((predictions["label"] != predictions["prediction"]).sum())
    interval = binomtest(wrong, len(predictions)).proportion_ci(0.95, method="wilson")
    alike = (runs["hidden_layers"] == chosen["hidden_layers"]) & (runs["learning_rate"] == chosen["learning_rate"])
    seeds = runs.loc[alike & runs["diverged_at"].isna(), "test_error"]
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


def paper_percent(dataset: str, activation: str, initialization: str, update_rule: str) -> float | None:
    """Return the paper's test error in percent for this recipe, None where the paper has none."""
    if update_rule != PAPER_UPDATE_RULE:
        return None
    return _paper().get(dataset, {}).get((activation, initialization))


@cache
def _paper() -> dict[str, dict[tuple[str, str], float]]:
    return pd.read_csv(PAPER).set_index(["activation", "initialization"]).drop(columns="model").to_dict()
