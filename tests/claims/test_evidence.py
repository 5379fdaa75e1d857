"""Verdicts from margins by seed, against scipy's t-tests; each margin supports its part of the claim where above 0."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ncf, ttest_1samp, ttest_rel
from scipy.stats import t as student

from stages.claims.evidence import Part, power_of, together, verdict_on
from stages.claims.significance import POWER, STRICTEST
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Verdict
from tests.claims.made_up import around, with_p

CLEAR, LESS_CLEAR, OPEN = around(3), around(2), around(0.3)
AGAINST, MORE_AGAINST = around(-2), around(-3)


def part(words: str, margins: list[float], **numbers: float) -> Part:
    return Part(words, pd.Series(margins, range(len(margins))), numbers)


def judge(*of_parts: list[float]) -> Verdict:
    """The verdict on a claim with parts a, b, …, each with its number."""
    return verdict_on(
        [part(name, margins, **{name: margins[0]}) for name, margins in zip("abcd", of_parts, strict=False)]
    )


def p_of(margins: list[float]) -> float:
    return float(ttest_1samp(margins, 0).pvalue)


@pytest.mark.parametrize(
    ("of_parts", "verdict", "decides", "p"),
    [
        ([CLEAR], HOLDS, "a", p_of(CLEAR)),
        ([CLEAR, LESS_CLEAR], HOLDS, "b", p_of(LESS_CLEAR)),  # the weakest
        ([OPEN], UNDECIDED, "a", p_of(OPEN)),
        ([CLEAR, OPEN], UNDECIDED, "b", p_of(OPEN)),
        ([AGAINST], FAILS, "a", p_of(AGAINST)),
        ([CLEAR, AGAINST], FAILS, "b", 2 * p_of(AGAINST)),
        ([AGAINST, CLEAR, MORE_AGAINST], FAILS, "c", 3 * p_of(MORE_AGAINST)),  # the strongest
        ([OPEN, AGAINST, CLEAR], FAILS, "b", 3 * p_of(AGAINST)),  # a part that is open does not save it
    ],
)
def test_all_parts_support_a_claim_that_holds_and_one_contradicts_a_claim_that_fails(of_parts, verdict, decides, p):
    found = judge(*of_parts)
    assert found.verdict == verdict
    assert found.p == pytest.approx(p)
    assert next(iter(found.numbers)) == decides
    assert len(found.numbers) == len(of_parts)
    assert found.test.startswith(f"t-test over 5 seeds: {decides}")
    assert (found.missing is not None) == (verdict == UNDECIDED)
    assert found.by_seed == {name: dict(enumerate(margins)) for name, margins in zip("abc", of_parts, strict=False)}


@pytest.mark.parametrize(("p", "supported", "contradicted"), [(0.0049, HOLDS, FAILS), (0.0051, UNDECIDED, UNDECIDED)])
def test_the_level_is_half_a_percent(p, supported, contradicted):
    assert judge(with_p(p, 1)).verdict == supported
    assert judge(with_p(p, -1)).verdict == contradicted
    assert judge(with_p(p, 1)).p == pytest.approx(p)


@pytest.mark.parametrize(("p", "verdict"), [(0.0012, FAILS), (0.0013, UNDECIDED)])
def test_a_contradiction_is_corrected_for_the_number_of_parts(p, verdict):
    found = judge(CLEAR, with_p(p, -1), CLEAR, CLEAR)
    assert (found.verdict, found.p) == (verdict, pytest.approx(4 * p))
    assert found.test.endswith("; p times 4 for as many parts")
    if verdict == UNDECIDED:
        assert found.missing.startswith("b: the seeds contradict the claim, but not significantly for one of 4 parts")


def test_an_open_part_says_how_many_seeds_cannot_tell():
    assert judge(OPEN).missing.startswith(f"a: 5 seeds cannot tell (p = {p_of(OPEN):.2g})")


def test_seeds_without_any_spread_are_sure():
    assert (judge([1.0] * 5).verdict, judge([1.0] * 5).p) == (HOLDS, 0)
    assert (judge([-1.0] * 5).verdict, judge([-1.0] * 5).p) == (FAILS, 0)
    assert (judge([0.0] * 5).verdict, judge([0.0] * 5).p) == (UNDECIDED, 1)
    assert next(iter(judge([-1.0] * 5, [-2.0] * 5).numbers)) == "b"
    assert next(iter(judge([1.0] * 5, [2.0] * 5).numbers)) == "a"


def test_margins_that_are_differences_are_tested_as_pairs():
    worse, better = np.array([30.1, 28.0, 33.2, 29.9, 31.0]), np.array([20.3, 19.0, 22.9, 21.1, 20.0])
    found = verdict_on([part("errors", list(worse - better))])
    assert found.p == pytest.approx(ttest_rel(worse, better).pvalue)


def test_a_number_that_two_parts_have_is_the_deciding_ones():
    found = verdict_on([part("a", CLEAR, same=1.0, first=2.0), part("b", LESS_CLEAR, same=3.0)])
    assert found.numbers == {"same": 3.0, "first": 2.0}


def of_seeds(*verdicts: str, **missing: str) -> dict[int, Verdict]:
    """Verdicts by seed; `seed_1` is what is missing for seed 1."""
    return {seed: Verdict(one, missing=missing.get(f"seed_{seed}")) for seed, one in enumerate(verdicts)}


@pytest.mark.parametrize("verdict", [HOLDS, FAILS])
def test_seeds_that_agree_decide(verdict):
    found = together("what is seen", of_seeds(*[verdict] * 5))
    assert (found.verdict, found.missing, found.p) == (verdict, None, None)
    assert found.by_seed == {"what is seen": dict.fromkeys(range(5), verdict)}


@pytest.mark.parametrize(
    ("verdicts", "missing", "sentence"),
    [
        ([HOLDS] * 4 + [FAILS], {}, "the seeds do not agree (4 holds, 1 fails)"),
        ([HOLDS] * 4 + [UNDECIDED], {"seed_4": "wait"}, "the seeds do not agree (4 holds, 1 undecided); seed 4: wait"),
        (
            [FAILS, UNDECIDED, HOLDS, UNDECIDED],
            {"seed_1": "wait", "seed_3": "no"},
            "the seeds do not agree (1 holds, 1 fails, 2 undecided); seed 1: wait",
        ),
        ([UNDECIDED] * 2, {"seed_0": "wait", "seed_1": "no"}, "seed 0: wait"),
    ],
)
def test_seeds_that_do_not_agree_or_that_wait_leave_it_undecided(verdicts, missing, sentence):
    found = together("what is seen", of_seeds(*verdicts, **missing))
    assert (found.verdict, found.missing) == (UNDECIDED, sentence)
    assert list(found.by_seed["what is seen"].values()) == verdicts


def test_the_numbers_of_seeds_are_means_of_what_all_seeds_have():
    numbers = [{"level": 1.0}, {"level": 3.0, "when": 10}, {"level": 5.0, "when": 40}]
    found = together("what is seen", {seed: Verdict(HOLDS, one) for seed, one in enumerate(numbers)})
    assert found.numbers == {"seeds": 3, "level": 3.0}


@pytest.mark.parametrize("seeds", [5, 6, 10])
def test_the_power_is_that_of_the_strictest_test_without_one_seed(seeds):
    margins = pd.Series(np.random.default_rng(seeds).normal(2, 0.7, seeds))
    # the square of a non-central t is a non-central F
    left, mean = seeds - 1, power_of(margins)
    critical = student.isf(STRICTEST / 2, left - 1) ** 2
    found = ncf.sf(critical, 1, left - 1, left * (mean / np.std(margins, ddof=1)) ** 2)
    assert found == pytest.approx(POWER, abs=1e-6)
