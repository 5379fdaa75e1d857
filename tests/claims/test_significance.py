"""Tests against sums of binomial coefficients, textbook formulas and corrections done by hand."""

from math import comb, sqrt

import numpy as np
import pytest
from scipy.stats import t as student

from stages.claims.significance import bonferroni, fisher, holm, mcnemar, paired, welch


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


def test_welch_is_the_textbooks():
    first, second = [1.0, 2.0, 4.0], [5.0, 9.0]
    parts = [np.var(group, ddof=1) / len(group) for group in (first, second)]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 1)
    expected = 2 * student.sf(abs(np.mean(first) - np.mean(second)) / sqrt(sum(parts)), freedom)
    assert welch(first, second) == pytest.approx(expected)


@pytest.mark.parametrize(("first", "second"), [([1.0], [2.0, 3.0]), ([], [1.0, 2.0])])
def test_welch_has_no_answer_with_one_seed(first, second):
    assert welch(first, second) is None


def test_welch_is_sure_of_seeds_that_are_all_alike():
    assert welch([1.0, 1.0], [2.0, 2.0, 2.0]) == 0
    assert welch([1.0, 1.0], [1.0, 1.0]) == 1


def test_paired_is_students_test_of_the_mean():
    differences = np.array([1.0, 0.0, 2.0, 1.0])
    standard_error = np.std(differences, ddof=1) / 2
    assert paired(differences) == pytest.approx(2 * student.sf(1 / standard_error, 3))
    assert paired(np.zeros(4)) == 1
    assert paired(np.ones(4)) == 0


def test_fisher_sums_the_tables_that_are_no_likelier():
    # 1 and 4 errors in 5: of all ways to place 5 errors among 10, those at least as uneven
    ways = [comb(5, errors) * comb(5, 5 - errors) for errors in range(6)]
    assert fisher(1, 4, 5) == pytest.approx(sum(one for one in ways if one <= ways[1]) / comb(10, 5))


def test_bonferroni_by_hand():
    assert bonferroni(0.01, 4) == pytest.approx(0.04)
    assert bonferroni(0.3, 4) == 1


def test_holm_by_hand():
    raw = {"a": 0.04, "b": 0.01, "c": 0.03, "d": 0.005}
    # sorted: 0.005·4, 0.01·3, 0.03·2, then 0.04·1, which may not be below 0.06
    assert holm(raw) == pytest.approx({"a": 0.06, "b": 0.03, "c": 0.06, "d": 0.02})
    assert list(holm(raw)) == list(raw)
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}
