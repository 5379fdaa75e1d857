"""Which entries of a column are marked: the best over the seeds, and what the t-test cannot tell from it."""

import pandas as pd
import pytest
from scipy.stats import ttest_rel

from stages.claims.marks import Mark, marks
from tests.claims.made_up import with_p

BEST = [10.1, 9.8, 10.4, 9.9, 10.2]
NEAR = [10.3, 10.9, 10.6, 9.8, 10.9]
FAR = [12.0, 12.1, 12.2, 11.8, 12.5]


def by_seed(errors: list[float], first: int = 0) -> pd.Series:
    return pd.Series(errors, range(first, first + len(errors)))


def test_the_best_and_what_cannot_be_told_from_it_are_marked():
    found = marks({"far": by_seed(FAR), "best": by_seed(BEST), "near": by_seed(NEAR)})
    assert found == {
        "far": Mark(pytest.approx(ttest_rel(FAR, BEST).pvalue), False),
        "best": Mark(1.0, True),
        "near": Mark(pytest.approx(ttest_rel(NEAR, BEST).pvalue), True),
    }
    assert found["far"].p_against_best < 0.005 < found["near"].p_against_best


@pytest.mark.parametrize(("p", "marked"), [(0.0051, True), (0.0049, False)])
def test_the_level_is_the_papers(p, marked):
    other = [error + more for error, more in zip(BEST, with_p(p), strict=True)]
    assert marks({"best": by_seed(BEST), "other": by_seed(other)})["other"] == Mark(pytest.approx(p), marked)


def test_seeds_are_paired():
    # each seed errs one point more, though seeds differ by ten
    best = [10.0, 20.0, 30.0, 40.0, 50.0]
    assert not marks({"best": by_seed(best), "other": by_seed([11.1, 20.9, 31.0, 41.1, 50.9])})["other"].marked


def test_only_the_seeds_of_both_are_paired():
    found = marks({"best": by_seed(BEST), "far": by_seed([*FAR, 90.0])})
    assert found["far"].p_against_best == pytest.approx(ttest_rel(FAR, BEST).pvalue)


def test_models_with_fewer_than_five_seeds_are_not_compared():
    found = marks({"lowest": by_seed([1.0, 1.1, 1.2, 1.1]), "best": by_seed(BEST), "far": by_seed(FAR)})
    assert found["lowest"] == Mark(None, False)
    assert found["best"].marked
    assert not found["far"].marked
    assert marks({"one": by_seed([1.0]), "two": by_seed([2.0])}) == {"one": Mark(None, False), "two": Mark(None, False)}


def test_a_column_without_models_has_no_marks():
    assert marks({}) == {}
