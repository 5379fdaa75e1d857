"""Tests against sums of binomial coefficients, scipy's own tests, simulations and corrections done by hand."""

from math import comb

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_rel

from stages.claims.significance import STRICTEST, bonferroni, detectable, holm, mcnemar, paired


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [
        (0, 0, 1),
        (3, 3, 1),
        (0, 1, 1),
        (5, 0, 2 / 2**5),
        (1, 7, 2 * (comb(8, 0) + comb(8, 1)) / 2**8),
        (9, 2, 2 * (comb(11, 0) + comb(11, 1) + comb(11, 2)) / 2**11),
    ],
)
def test_mcnemar_is_the_binomial_of_what_only_one_errs_on(only_first, only_second, p):
    both, neither = 6, 20
    first = np.array([True] * only_first + [False] * only_second + [True] * both + [False] * neither)
    second = np.array([False] * only_first + [True] * only_second + [True] * both + [False] * neither)
    assert mcnemar(first, second) == pytest.approx(p)


def test_paired_is_students_test_of_the_mean():
    noise = np.random.default_rng(1)
    for count in (2, 5, 50):
        first, second = noise.normal(1, 1, count), noise.normal(0.5, 2, count)
        assert paired(first - second) == pytest.approx(ttest_rel(first, second).pvalue)
        assert paired(first) == pytest.approx(ttest_1samp(first, 0).pvalue)
        assert paired(-first) == paired(first)
    assert paired(np.zeros(4)) == 1
    assert paired(np.ones(4)) == 0


@pytest.mark.parametrize("seeds", [4, 5, 9])
def test_the_detectable_mean_is_found_four_times_out_of_five(seeds):
    samples = np.random.default_rng(seeds).normal(detectable(3, seeds), 3, (20_000, seeds))
    found = ttest_1samp(samples, 0, axis=1).pvalue < STRICTEST
    assert found.mean() == pytest.approx(0.8, abs=0.015)


def test_bonferroni_by_hand():
    assert bonferroni(0.01, 4) == pytest.approx(0.04)
    assert bonferroni(0.3, 4) == 1


def test_holm_by_hand():
    raw = {"a": 0.04, "b": 0.01, "c": 0.03, "d": 0.005}
    # sorted: 0.005·4, 0.01·3, 0.03·2, then 0.04·1, which may not be below 0.06
    assert holm(raw, 4) == pytest.approx({"a": 0.06, "b": 0.03, "c": 0.06, "d": 0.02})
    assert list(holm(raw, 4)) == list(raw)
    assert holm({"a": 0.9, "b": 0.8}, 2) == {"a": 1.0, "b": 1.0}
    assert holm({}, 22) == {}


def test_holm_counts_the_tests_of_the_family_that_were_not_done():
    # 0.005·6, 0.01·5, 0.03·4, then 0.04·3
    assert holm({"a": 0.04, "b": 0.01, "c": 0.03, "d": 0.005}, 6) == pytest.approx(
        {"a": 0.12, "b": 0.05, "c": 0.12, "d": 0.03}
    )
