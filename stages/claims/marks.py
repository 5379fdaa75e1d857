"""The marks of Table 1, the paper's bold type: which of the paper's models cannot be told from the best of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from stages.claims.measurements import FEWEST_SEEDS
from stages.claims.significance import LEVEL, paired


@dataclass(frozen=True)
class Mark:
    """One entry's mark."""

    p_against_best: float | None
    """of the t-test, paired by seed, against the best of the paper's five; None for a model that is not compared"""
    marked: bool
    """whether it is the best or cannot be told from it"""


def marks(errors: Mapping[str, pd.Series]) -> dict[str, Mark]:
    """Return model → mark, from the test errors by seed of the paper's models on one data set.

    Models with fewer than FEWEST_SEEDS seeds are not compared, since they could be told from no other.
    """
    compared = {name: one for name, one in errors.items() if len(one) >= FEWEST_SEEDS}
    best = min(compared, key=lambda name: compared[name].mean(), default=None)
    found = {name: Mark(None, marked=False) for name in errors}
    for name, one in compared.items():
        p = paired((one - compared[best]).dropna().to_numpy())
        found[name] = Mark(p, marked=p >= LEVEL)
    return found
