"""Which of two models errs less on the same test images, and the verdict on a claim that says which should."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.claims.measurements import SHAPESET, Measurements, errors_over_seeds
from stages.claims.significance import LEVEL, bonferroni, mcnemar, welch
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Verdict
from stages.running.errors import InputError

# What claims on errors say of these comparisons in their rules, and the words of the numbers.
MCNEMAR = f"McNemar's exact test, p < {LEVEL}"
TESTS = (
    f"{MCNEMAR}; if both models have two or more seeds that did not diverge, also Welch's t-test over the seeds, "
    f"p < {LEVEL}"
)
SIGNIFICANT = f"The model that the claim calls better errs significantly less ({TESTS})."
SIGNIFICANT_EACH = (
    f"{SIGNIFICANT} The claim fails if that model errs significantly more in one comparison, even after multiplying p "
    "by the number of comparisons (Bonferroni)."
)
ERRORS_IN_WORDS = {
    "difference_percent": "difference of {number} points",
    "difference_over_seeds_percent": "{number} points on average over the seeds",
    "p_over_images": "p = {number} over the images",
    "p_over_seeds": "p = {number} over the seeds",
    "{}_percent": "{}: {number} %",
}


@dataclass(frozen=True)
class Comparison:
    """Two models; the claim is that the first errs less."""

    better: str
    worse: str
    better_error: float
    """share of the test images; of the chosen run"""
    worse_error: float
    images: int
    p_over_images: float
    """of `test` between the chosen runs"""
    test: str = "McNemar's exact test"
    seeds: tuple[int, int] = (1, 1)
    """of each model at the chosen depth and learning rate, without those that diverged"""
    difference_over_seeds: float | None = None
    """between the means over these seeds, None if either model has only one"""
    p_over_seeds: float | None = None
    """of Welch's t-test between them"""

    @property
    def difference(self) -> float:
        """By how much the claim's worse model errs more, a share of the test images."""
        return self.worse_error - self.better_error

    @property
    def over_seeds(self) -> float:
        """The same as the mean over seeds, or that of the chosen runs if a model has one seed."""
        return self.difference if self.difference_over_seeds is None else self.difference_over_seeds

    @property
    def p(self) -> float:
        """The larger p of the tests, as each of them must tell the models apart."""
        return max(self.p_over_images, self.p_over_seeds or 0.0)

    @property
    def confirmed(self) -> bool:
        """Whether the first errs significantly less, with its chosen run and on average over seeds."""
        return self.p < LEVEL and self.difference > 0 and self.over_seeds > 0

    @property
    def reversed(self) -> bool:
        """Whether the second errs significantly less."""
        return self.p < LEVEL and self.difference < 0 and self.over_seeds < 0

    @property
    def told_apart(self) -> bool:
        """Whether either errs significantly less."""
        return self.confirmed or self.reversed

    @property
    def tests(self) -> str:
        """The tests behind `p`, in words."""
        if self.p_over_seeds is None:
            more = "no test over seeds, as the models have {} and {}"
        else:
            more = "Welch's t-test over {} and {} seeds (the larger p)"
        models = f"{self.test} between {self.better} and {self.worse} on {self.images:,} test images"
        return f"{models}; {more.format(*self.seeds)}"


def compare(measurements: Measurements, better: str, worse: str, dataset: str = SHAPESET) -> Comparison:
    """Return the comparison of two models' chosen runs, and of their seeds."""
    tables = (measurements.predictions(name, dataset) for name in (better, worse))
    seeds = [
        errors_over_seeds(measurements.runs(name, dataset), measurements.best_run(name, dataset=dataset))
        for name in (better, worse)
    ]
    counts = tuple(len(errors) for errors in seeds)
    return Comparison(
        better,
        worse,
        *compare_predictions(better, worse, *tables),
        seeds=counts,
        difference_over_seeds=float(seeds[1].mean() - seeds[0].mean()) if min(counts) > 1 else None,
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
    """Return model → bool (examples,), where it errs; raises InputError if the test images differ."""
    tables = {name: table.set_index("index").sort_index() for name, table in predictions.items()}
    first, *others = tables
    for name in others:
        if not tables[name]["label"].equals(tables[first]["label"]):
            raise InputError(f"the predictions of {first} and {name} are of different test images; run `dvc repro`")
    return {name: (table["label"] != table["prediction"]).to_numpy() for name, table in tables.items()}


def all_confirmed(comparisons: Sequence[Comparison]) -> Verdict:
    """Return the verdict on a claim that says of each pair which errs less.

    It holds if every comparison confirms it. It fails if one reverses it, even after Bonferroni's correction for their
    number. The p-value is that of the deciding comparison: the strongest that reverses it, corrected, else the weakest
    that is open, else the weakest of all.
    """
    open_ones = [one for one in comparisons if not one.confirmed]
    strongest = min((one for one in comparisons if one.reversed), key=_strength, default=None)
    count = len(comparisons)
    if strongest and bonferroni(strongest.p, count) < LEVEL:
        verdict, missing, decides, p = FAILS, None, strongest, bonferroni(strongest.p, count)
    elif strongest:
        verdict, decides, p = UNDECIDED, strongest, bonferroni(strongest.p, count)
        missing = (
            f"{_errors(decides)} are in reverse order, but not significantly for one of {count} comparisons "
            f"(p = {p:.2g}); more seeds or images might decide"
        )
    elif open_ones:
        decides = max(open_ones, key=_strength)
        verdict, missing, p = UNDECIDED, _what_is_open(decides), decides.p
    else:
        decides = max(comparisons, key=_strength)
        verdict, missing, p = HOLDS, None, decides.p
    numbers = {"difference_percent": 100 * decides.difference}
    for one in (decides, *comparisons):
        numbers[f"{one.better}_percent"] = 100 * one.better_error
        numbers[f"{one.worse}_percent"] = 100 * one.worse_error
    if decides.p_over_seeds is not None:
        numbers["difference_over_seeds_percent"] = 100 * decides.over_seeds
        numbers |= {"p_over_images": decides.p_over_images, "p_over_seeds": decides.p_over_seeds}
    corrected = f"; times {count} for as many comparisons" if decides.reversed and count > 1 else ""
    return Verdict(verdict, numbers, missing, decides.tests + corrected, p)


def _strength(comparison: Comparison) -> tuple[float, float]:
    """Return a sort key, the strongest comparison first, that also orders p-values which are both 0."""
    return comparison.p, -abs(comparison.difference)


def _errors(comparison: Comparison) -> str:
    percents = f"{100 * comparison.better_error:.2f} % and {100 * comparison.worse_error:.2f} %"
    return f"the errors of {comparison.better} and {comparison.worse} ({percents})"


def _what_is_open(comparison: Comparison) -> str:
    if comparison.p_over_images >= LEVEL:
        return (
            f"{_errors(comparison)} cannot be told apart on {comparison.images:,} test images "
            f"(p = {comparison.p_over_images:.2g}); longer training or more images might help"
        )
    if comparison.p >= LEVEL:
        return (
            f"{_errors(comparison)} cannot be told apart over {' and '.join(map(str, comparison.seeds))} seeds "
            f"(p = {comparison.p:.2g}); more seeds might help"
        )
    return f"{_errors(comparison)} and the means over their seeds disagree; more seeds might decide"
