"""Whether differences are more than chance: McNemar's exact test and others, and Holm's correction."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import scipy  # whose statistics, a second to import, come with their first use

LEVEL = 0.005  # the paper's, of Table 1


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


def welch(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the two-sided p-value of Welch's t-test between two groups of seeds, None if either has only one."""
    groups = np.asarray(first, float), np.asarray(second, float)
    if min(len(group) for group in groups) < 2:
        return None
    if all(np.ptp(group) == 0 for group in groups):
        return 1.0 if groups[0][0] == groups[1][0] else 0.0
    summary = [number for group in groups for number in (group.mean(), group.std(ddof=1), len(group))]
    return float(scipy.stats.ttest_ind_from_stats(*summary, equal_var=False).pvalue)


def paired(differences: np.ndarray) -> float:
    """Return the two-sided p-value of the paired t-test for differences (examples,) whose mean may be 0."""
    mean, spread = differences.mean(), differences.std(ddof=1)
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * scipy.stats.t.sf(abs(mean) * math.sqrt(len(differences)) / spread, len(differences) - 1))


def fisher(first_wrong: int, second_wrong: int, examples: int) -> float:
    """Return the two-sided p-value of Fisher's exact test: two models, so many errors each in so many examples."""
    table = [[first_wrong, examples - first_wrong], [second_wrong, examples - second_wrong]]
    return float(scipy.stats.fisher_exact(table).pvalue)


def bonferroni(p: float, comparisons: int) -> float:
    """Return the p-value `p` of the strongest of so many comparisons, corrected for their number."""
    return min(1.0, comparisons * p)


def holm(raw: Mapping[str, float]) -> dict[str, float]:
    """Return the p-values `raw` after Holm's step-down correction for their number.

    The k-th smallest of n is multiplied by n − k + 1, and none becomes smaller than one before it, or larger than 1.
    """
    corrected, largest = {}, 0.0
    for rank, name in enumerate(sorted(raw, key=lambda name: raw[name])):
        largest = max(largest, min(1.0, (len(raw) - rank) * raw[name]))
        corrected[name] = largest
    return {name: corrected[name] for name in raw}
