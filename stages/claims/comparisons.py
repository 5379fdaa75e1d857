"""Which of two models errs less on test images: over the seeds, and beside it over the images."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.claims.evidence import Part, power_of
from stages.claims.measurements import SHAPESET, Measurements, errors_of
from stages.claims.significance import LEVEL, mcnemar
from stages.handover.schemas import RUN
from stages.running.errors import InputError

# What claims on errors say of these comparisons in their rules, and the words of the numbers.
PAIRED = f"t-test of the test errors, paired by seed, p < {LEVEL}"
SIGNIFICANT = f"The model that the claim calls better errs significantly less ({PAIRED})."
SIGNIFICANT_EACH = (
    f"{SIGNIFICANT} The claim fails if that model errs significantly more in one comparison, even after multiplying p "
    "by the number of comparisons (Bonferroni)."
)
POWER_IN_WORDS = {
    "detectable_percent": "power: even with one seed less, 80 % of tests find a true difference of {number} points",
}
ERRORS_IN_WORDS = {
    "difference_percent": "difference of {number} points",
    **POWER_IN_WORDS,
    "p_over_images": "p = {number} between two trained networks, of one seed, over the test images",
    "{}_percent": "{}: {number} %",
}


@dataclass(frozen=True)
class Comparison:
    """Two models on one data set; the claim is that the first errs less."""

    better: str
    worse: str
    better_errors: pd.Series
    """seed → share of the test images, of the same seeds as `worse_errors`"""
    worse_errors: pd.Series
    p_over_images: float
    """of McNemar's exact test between the two runs of the lowest seed that diverged in neither"""

    @property
    def margins(self) -> pd.Series:
        """Seed → by how much the claim's worse model errs more."""
        return self.worse_errors - self.better_errors

    @property
    def part(self) -> Part:
        """The comparison as a part of a claim, with its numbers."""
        better, worse = (100 * errors.mean() for errors in (self.better_errors, self.worse_errors))
        return Part(
            f"the errors of {self.better} and {self.worse} ({better:.2f} % and {worse:.2f} %)",
            self.margins,
            {
                "difference_percent": worse - better,
                f"{self.better}_percent": better,
                f"{self.worse}_percent": worse,
                "detectable_percent": 100 * power_of(self.margins),
                "p_over_images": self.p_over_images,
            },
        )


def beats(measurements: Measurements, better: str, worse: str) -> Part:
    """Return the part of a claim that one model errs less than another; raises Undecided if it has not learned."""
    measurements.require_learned(better)
    return compare(measurements, better, worse).part


def compare(measurements: Measurements, better: str, worse: str, dataset: str = SHAPESET) -> Comparison:
    """Return the comparison of two models, over the seeds that both have."""
    judged = {name: measurements.seeds(name, dataset=dataset) for name in (better, worse)}
    answers = {name: measurements.predictions(name, dataset).merge(runs[list(RUN)]) for name, runs in judged.items()}
    return of_runs(judged, answers, dataset)


def of_runs(judged: dict[str, pd.DataFrame], answers: dict[str, pd.DataFrame], dataset: str) -> Comparison:
    """Return the comparison of two models, the better one first, from their runs and from answers to test images.

    A run that diverged has no answers; it errs as often as always naming the commonest class.
    """
    errors = pd.DataFrame({name: errors_of(runs, dataset) for name, runs in judged.items()}).dropna()
    better, worse = errors
    both = sorted(set.intersection(*(set(table["seed"]) for table in answers.values())))
    p = mcnemar(*wrong_of_seed(answers, both[0]).values()) if both else 1.0
    return Comparison(better, worse, errors[better], errors[worse], p)


def wrong_of_seed(answers: dict[str, pd.DataFrame], seed: int) -> dict[str, np.ndarray]:
    """Return model → bool (examples,), where its run of this seed errs; raises InputError if the test images differ."""
    tables = {name: table[table["seed"] == seed].set_index("index").sort_index() for name, table in answers.items()}
    first, *others = tables
    for name in others:
        if not tables[name]["label"].equals(tables[first]["label"]):
            raise InputError(f"the predictions of {first} and {name} are of different test images; run `dvc repro`")
    return {name: (table["label"] != table["prediction"]).to_numpy() for name, table in tables.items()}
