"""Whether differences are more than chance: t-tests, McNemar's exact test, and corrections for several of them."""

import math
from collections.abc import Mapping

import numpy as np
import scipy  # whose statistics, a second to import, come with their first use

LEVEL = 0.005  # the paper's, of Table 1
FAMILY_LEVEL = 0.05  # after Holm's correction over all claims
STRICTEST = FAMILY_LEVEL / 22  # of the paper's claims, as the correction asks of the strongest
POWER = 0.8


def mcnemar(first_wrong: np.ndarray, second_wrong: np.ndarray) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    first_wrong, second_wrong: bool (examples,), where each model errs. If the models erred equally often, an error that
    only one of them makes would be the first's with probability 1/2.
    """
    only_first = int((first_wrong & ~second_wrong).sum())
    only_second = int((second_wrong & ~first_wrong).sum())
    if only_first + only_second == 0:
        return 1.0
    return float(scipy.stats.binomtest(only_first, only_first + only_second).pvalue)


def paired(differences: np.ndarray) -> float:
    """Return the two-sided p-value of the paired t-test for differences (examples,) whose mean may be 0."""
    mean, spread = differences.mean(), differences.std(ddof=1)
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * scipy.stats.t.sf(abs(mean) * math.sqrt(len(differences)) / spread, len(differences) - 1))


def detectable(spread: float, seeds: int) -> float:
    """Return the mean that the t-test at STRICTEST finds with probability POWER, in `seeds` numbers.

    `spread` is their standard deviation. The power comes from the non-central t distribution.
    """
    free = seeds - 1
    critical = scipy.stats.t.isf(STRICTEST / 2, free)

    def missed(effect: float) -> float:
        return float(scipy.stats.nct.cdf(critical, free, effect * math.sqrt(seeds))) - (1 - POWER)

    return spread * scipy.optimize.brentq(missed, 0, 10 * critical)


def bonferroni(p: float, comparisons: int) -> float:
    """Return the p-value `p` of the strongest of so many comparisons, corrected for their number."""
    return min(1.0, comparisons * p)


def holm(raw: Mapping[str, float], family: int) -> dict[str, float]:
    """Return the p-values `raw` after Holm's step-down correction for a family of so many tests.

    The k-th smallest is multiplied by family − k + 1, and none becomes smaller than one before it, or larger than 1.
    Tests of the family without a p-value count as if theirs were larger than all others.
    """
    corrected, largest = {}, 0.0
    for rank, name in enumerate(sorted(raw, key=lambda name: raw[name])):
        largest = max(largest, min(1.0, (family - rank) * raw[name]))
        corrected[name] = largest
    return {name: corrected[name] for name in raw}
