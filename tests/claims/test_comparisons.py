"""Verdicts on claims that say which model errs less, from made-up models that err on the first so many of 100 images.

A model with k more errors than another is told from it with p = 2/2ᵏ.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest
from scipy.stats import ttest_ind

from stages.claims.comparisons import all_confirmed, compare
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Verdict
from tests.claims.made_up import TABLE1, measurements, with_errors

NORMALIZED_BETTER = [("tanh-n", "tanh")]
SIGMOID_WORST = [(name, "sigmoid") for name in ("softsign", "softsign-n", "tanh", "tanh-n")]
PAPERS_ORDER = {"tanh-n": 10, "softsign-n": 20, "softsign": 30, "tanh": 50, "sigmoid": 80}


def verdict_of(pairs: Sequence[tuple[str, str]], tables: Mapping[str, pd.DataFrame]) -> Verdict:
    """The verdict on a claim that the first model of each pair errs less than the second."""
    made_up = measurements(TABLE1, tables)
    return all_confirmed([compare(made_up, better, worse) for better, worse in pairs])


def judge(pairs: Sequence[tuple[str, str]], wrong: Mapping[str, int], **others) -> Verdict:
    return verdict_of(pairs, with_errors(wrong, **others))


@pytest.mark.parametrize(
    ("other_seeds", "verdict", "missing"),
    [
        ([39, 41], HOLDS, None),
        ([30, 50], UNDECIDED, "cannot be told apart over 3 and 3 seeds (p = 0.076); more seeds might"),
        ([5, 5], UNDECIDED, "cannot be told apart over 3 and 3 seeds (p = 0.78); more seeds might"),
        ([1] * 60, UNDECIDED, "and the means over their seeds disagree"),
    ],
)
def test_the_seeds_are_tested_too(other_seeds, verdict, missing):
    # the chosen seeds: 40 against 20, which McNemar's test tells apart with p = 2/2²⁰
    seeds = {"tanh": other_seeds, "tanh-n": [20, 21]}
    found = judge(NORMALIZED_BETTER, {"tanh": 40, "tanh-n": 20}, seeds=seeds)
    assert found.verdict == verdict
    assert missing is found.missing is None or missing in found.missing
    mean = (40 + sum(other_seeds)) / (1 + len(other_seeds))
    over_seeds = ttest_ind([40, *other_seeds], [20, 20, 21], equal_var=False).pvalue
    assert found.numbers["difference_over_seeds_percent"] == pytest.approx(mean - 61 / 3)
    assert found.numbers["p_over_images"] == pytest.approx(2 / 2**20)
    assert found.numbers["p_over_seeds"] == pytest.approx(over_seeds)
    assert found.p == pytest.approx(max(over_seeds, 2 / 2**20))
    assert found.test.endswith(f"Welch's t-test over 3 and {1 + len(other_seeds)} seeds (the larger p)")


@pytest.mark.parametrize(("tanh", "tanh_n", "verdict"), [(40, 20, HOLDS), (20, 40, FAILS)])
def test_without_several_seeds_of_both_it_is_said_that_they_are_not_tested(tanh, tanh_n, verdict):
    seeds = {"tanh": [5, 90]}
    found = judge(NORMALIZED_BETTER, {"tanh": tanh, "tanh-n": tanh_n}, seeds=seeds)
    assert (found.verdict, found.p) == (verdict, pytest.approx(2 / 2**20))
    assert found.test.endswith("no test over seeds, as the models have 1 and 3")
    assert "p_over_seeds" not in found.numbers


def test_seeds_that_diverged_are_not_tested():
    tables = with_errors({"tanh": 40, "tanh-n": 20}, seeds={"tanh": [39, 41], "tanh-n": [21]})
    tables["runs/shapeset/tanh-n/runs"].loc[1, "diverged_at"] = 7
    found = verdict_of(NORMALIZED_BETTER, tables)
    assert found.test.endswith("no test over seeds, as the models have 1 and 3")


@pytest.mark.parametrize(("tanh", "p"), [(91, 4 * 2 / 2**11), (90, 4 * 2 / 2**10)])
def test_the_one_of_several_comparisons_that_is_reversed_is_corrected_for_their_number(tanh, p):
    found = judge(SIGMOID_WORST, PAPERS_ORDER | {"tanh": tanh})
    assert found.p == pytest.approx(p)
    assert found.numbers["difference_percent"] == pytest.approx(80 - tanh)
    assert "between tanh and sigmoid" in found.test
    assert found.test.endswith("times 4 for as many comparisons")
    if tanh == 90:
        assert "not significantly for one of 4 comparisons (p = 0.0078)" in found.missing


def test_the_weakest_of_several_comparisons_decides():
    found = judge(SIGMOID_WORST, PAPERS_ORDER | {"tanh": 70})
    assert found.p == pytest.approx(2 / 2**10)
    assert found.numbers["difference_percent"] == pytest.approx(10)
    assert "tanh and sigmoid" in found.test
