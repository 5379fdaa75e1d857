"""Which of two models errs less on the same test images, and what follows where a claim says which should."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.claims.measurements import SHAPESET, Measurements
from stages.claims.significance import LEVEL, mcnemar, welch
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Verdict
from stages.errors import InputError


@dataclass(frozen=True)
class Comparison:
    """Two models of which a claim says that the first errs less."""

    better: str
    worse: str
    better_error: float
    """share of the test images; of the chosen run"""
    worse_error: float
    images: int
    p: float
    """of `test` between the chosen runs"""
    test: str = "McNemar's exact test"
    difference_over_seeds: float | None = None
    """between the means over the seeds of the chosen depth and learning rate, None where either has only one"""
    p_over_seeds: float | None = None
    """of Welch's t-test between these seeds"""

    @property
    def difference(self) -> float:
        """By how much the claim's worse model errs more, a share of the test images."""
        return self.worse_error - self.better_error

    @property
    def over_seeds(self) -> float:
        """The same as the mean over seeds; where there is one seed, that of the chosen runs."""
        return self.difference if self.difference_over_seeds is None else self.difference_over_seeds

    @property
    def confirmed(self) -> bool:
        """Whether the first errs significantly less, and not only the one chosen of its seeds."""
        return self.p < LEVEL and self.difference > 0 and self.over_seeds > 0

    @property
    def reversed(self) -> bool:
        """Whether it is the other way round."""
        return self.p < LEVEL and self.difference < 0 and self.over_seeds < 0

    @property
    def told_apart(self) -> bool:
        """Whether either errs significantly less."""
        return self.confirmed or self.reversed


def compare(measurements: Measurements, better: str, worse: str, dataset: str = SHAPESET) -> Comparison:
    """Return the comparison of two models' chosen runs, and of their seeds."""
    tables = (measurements.predictions(name, dataset) for name in (better, worse))
    seeds = [_seeds(measurements, name, dataset) for name in (better, worse)]
    several = min(len(errors) for errors in seeds) > 1
    return Comparison(
        better,
        worse,
        *compare_predictions(better, worse, *tables),
        difference_over_seeds=float(seeds[1].mean() - seeds[0].mean()) if several else None,
        p_over_seeds=welch(*seeds),
    )


def compare_predictions(
    better: str, worse: str, better_table: pd.DataFrame, worse_table: pd.DataFrame
) -> tuple[float, float, int, float]:
    """Return both errors, the number of test images, and the p-value of McNemar's exact test."""
    better_wrong, worse_wrong = wrong_together({better: better_table, worse: worse_table}).values()
    p = mcnemar(better_wrong, worse_wrong)
    return float(better_wrong.mean()), float(worse_wrong.mean()), len(better_wrong), p


def wrong_together(predictions: dict[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    """Return model → bool (examples,), where it errs; raises InputError where the test images are not the same."""
    tables = {name: table.set_index("index").sort_index() for name, table in predictions.items()}
    first, *others = tables
    for name in others:
        if not tables[name]["label"].equals(tables[first]["label"]):
            raise InputError(f"the predictions of {first} and {name} are of different test images; run `dvc repro`")
    return {name: (table["label"] != table["prediction"]).to_numpy() for name, table in tables.items()}


def all_confirmed(comparisons: Sequence[Comparison]) -> Verdict:
    """Return the verdict on a claim that says of each pair which errs less.

    It holds where every comparison confirms it and fails where one reverses it. The p-value is that of the comparison
    that decides: the weakest of those that confirm, the strongest of those that reverse, or the weakest that is open.
    """
    reverses = [one for one in comparisons if one.reversed]
    open_ones = [one for one in comparisons if not one.confirmed]
    if reverses:
        verdict, missing, decides = FAILS, None, min(reverses, key=_strength)
    elif open_ones:
        decides = max(open_ones, key=_strength)
        verdict, missing = UNDECIDED, _what_is_open(decides)
    else:
        verdict, missing, decides = HOLDS, None, max(comparisons, key=_strength)
    numbers = {"difference_percent": 100 * decides.difference}
    for one in (decides, *comparisons):
        numbers[f"{one.better}_percent"] = 100 * one.better_error
        numbers[f"{one.worse}_percent"] = 100 * one.worse_error
    if decides.difference_over_seeds is not None:
        numbers["difference_over_seeds_percent"] = 100 * decides.difference_over_seeds
    if decides.p_over_seeds is not None:
        numbers["p_over_seeds"] = decides.p_over_seeds
    test = f"{decides.test} between {decides.better} and {decides.worse} on {decides.images:,} test images"
    return Verdict(verdict, numbers, missing, test, decides.p)


def _strength(comparison: Comparison) -> tuple[float, float]:
    """Order comparisons from the strongest on, also where p-values are too small to tell apart."""
    return comparison.p, -abs(comparison.difference)


def _what_is_open(comparison: Comparison) -> str:
    better, worse = comparison.better, comparison.worse
    errors = f"{100 * comparison.better_error:.2f} % and {100 * comparison.worse_error:.2f} %"
    if comparison.p < LEVEL:
        return (
            f"there are too few seeds: the chosen runs of {better} and {worse} ({errors}) and the seeds' means disagree"
        )
    return (
        f"the errors of {better} and {worse} ({errors}) cannot be told apart on {comparison.images:,} test images "
        f"(p = {comparison.p:.2g}); longer training or more images might"
    )


def _seeds(measurements: Measurements, name: str, dataset: str) -> pd.Series:
    """Return the test error of every seed at the chosen depth and learning rate."""
    best, runs = measurements.best_run(name, dataset=dataset), measurements.runs(name, dataset)
    alike = (runs["hidden_layers"] == best["hidden_layers"]) & (runs["learning_rate"] == best["learning_rate"])
    return runs.loc[alike, "test_error"]
