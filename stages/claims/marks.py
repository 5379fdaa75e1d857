"""The marks of Table 1, the paper's bold type: the entries of a column that cannot be told from its best one."""

from dataclasses import dataclass

import pandas as pd

from stages.claims.comparisons import wrong_together
from stages.claims.significance import LEVEL, mcnemar


@dataclass(frozen=True)
class Mark:
    """One entry's mark."""

    p_against_best: float
    """of McNemar's exact test against the best of the column"""
    marked: bool
    """whether it is the best or cannot be told from it"""


def marks(predictions: dict[str, pd.DataFrame]) -> dict[str, Mark]:
    """Return model → mark, from the chosen runs' answers on the test images of one data set (index, label, prediction).

    Raises InputError if the test images differ.
    """
    wrong = wrong_together(predictions)
    best = min(wrong, key=lambda name: wrong[name].mean())
    against_best = {name: mcnemar(wrong[best], errs) for name, errs in wrong.items()}
    return {name: Mark(p, p >= LEVEL) for name, p in against_best.items()}
