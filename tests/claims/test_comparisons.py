"""Which of two made-up models errs less, paired by seed; models with more errors also err where others do."""

import numpy as np
import pytest
from scipy.stats import ncf, ttest_rel
from scipy.stats import t as student

from stages.claims.comparisons import beats, compare
from stages.claims.evidence import verdict_on
from stages.claims.measurements import Measurements
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided
from stages.running.errors import InputError
from tests.claims.made_up import DIVERGED, TABLE1, measurements, with_errors

TANH, TANH_N = [30.2, 29.1, 31.0, 28.7, 30.4], [20.1, 20.9, 19.2, 20.4, 21.0]
CHANCE = 100 * 5 / 6  # in percent; a sixth of Shapeset's images are of its commonest class


def networks(**percents) -> Measurements:
    return measurements(TABLE1, with_errors({name.replace("_", "-"): errors for name, errors in percents.items()}))


@pytest.mark.parametrize(
    ("tanh", "tanh_n", "verdict"),
    [(TANH, TANH_N, HOLDS), (TANH_N, TANH, FAILS), (TANH, [29.9, 29.9, 30.1, 29.1, 29.9], UNDECIDED)],
)
def test_models_are_compared_seed_by_seed(tanh, tanh_n, verdict):
    found = verdict_on([beats(networks(tanh=tanh, tanh_n=tanh_n), "tanh-n", "tanh")])
    assert (found.verdict, found.p) == (verdict, pytest.approx(ttest_rel(tanh, tanh_n).pvalue))
    (margins,) = found.by_seed.values()
    assert margins == pytest.approx(dict(enumerate((np.array(tanh) - tanh_n) / 100)))


def test_pairs_may_tell_apart_what_the_means_do_not():
    tanh = [20.0, 30.0, 40.0, 50.0, 60.0]
    found = compare(networks(tanh=tanh, tanh_n=[19.0, 28.9, 39.0, 49.1, 59.0]), "tanh-n", "tanh").part
    assert found.supports


def test_only_the_seeds_that_both_have_are_compared():
    found = compare(networks(tanh=[*TANH, 99.0], tanh_n=TANH_N), "tanh-n", "tanh")
    assert list(found.margins.index) == [0, 1, 2, 3, 4]
    assert found.part.p == pytest.approx(ttest_rel(TANH, TANH_N).pvalue)
    assert found.part.numbers["tanh_percent"] == pytest.approx(np.mean(TANH))


def test_a_comparison_has_its_numbers():
    part = compare(networks(tanh=TANH, tanh_n=TANH_N), "tanh-n", "tanh").part
    difference = np.subtract(TANH, TANH_N)
    assert {key: part.numbers[key] for key in ("difference_percent", "tanh_percent", "tanh-n_percent")} == (
        pytest.approx(
            {
                "difference_percent": difference.mean(),
                "tanh_percent": np.mean(TANH),
                "tanh-n_percent": np.mean(TANH_N),
            }
        )
    )
    # at the strictest level for 22 claims and without one seed, by the non-central F distribution
    effect = 4 * (part.numbers["detectable_percent"] / np.std(difference, ddof=1)) ** 2
    assert ncf.sf(student.isf(0.05 / 22 / 2, 3) ** 2, 1, 3, effect) == pytest.approx(0.8, abs=1e-6)


def test_the_images_are_compared_beside_the_seeds():
    # the lowest seed of both: 12 images on which only tanh errs, of 1000
    found = compare(networks(tanh=[21.3, *TANH[1:]], tanh_n=TANH_N), "tanh-n", "tanh")
    assert found.part.numbers["p_over_images"] == pytest.approx(2 / 2**12)


def test_the_images_are_compared_for_the_lowest_seed_that_diverged_in_neither():
    tanh, tanh_n = [*TANH[:2], 20.0, *TANH[3:]], [TANH_N[0], DIVERGED, 19.2, *TANH_N[3:]]
    without = networks(tanh=tanh, tanh_n=tanh_n).without(0)
    assert compare(without, "tanh-n", "tanh").p_over_images == pytest.approx(2 / 2**8)  # seed 2: 200 and 192 images


def test_a_seed_that_diverged_errs_as_often_as_by_chance():
    found = compare(networks(tanh=[*TANH[:4], DIVERGED], tanh_n=TANH_N), "tanh-n", "tanh")
    assert found.margins[4] == pytest.approx((CHANCE - TANH_N[4]) / 100)
    assert found.part.p == pytest.approx(ttest_rel([*TANH[:4], CHANCE], TANH_N).pvalue)


def test_the_better_model_must_have_learned():
    assert beats(networks(tanh=83, tanh_n=TANH_N), "tanh-n", "tanh").supports  # the worse one need not
    with pytest.raises(Undecided, match="tanh-n has not been trained for long enough"):
        beats(networks(tanh=TANH, tanh_n=80), "tanh-n", "tanh")


def test_other_test_images_are_one_line():
    tables = with_errors({"tanh": TANH, "tanh-n": TANH_N})
    tables["runs/shapeset/tanh/predictions"]["label"] = 3
    with pytest.raises(InputError, match="of tanh-n and tanh are of different test images; run `dvc repro`"):
        compare(measurements(TABLE1, tables), "tanh-n", "tanh")


def test_images_may_lie_in_another_order():
    tables = with_errors({"tanh": TANH, "tanh-n": TANH_N})
    expected = compare(measurements(TABLE1, tables), "tanh-n", "tanh").p_over_images
    shuffled = tables["runs/shapeset/tanh/predictions"].sample(frac=1, random_state=1)
    found = compare(measurements(TABLE1, tables | {"runs/shapeset/tanh/predictions": shuffled}), "tanh-n", "tanh")
    assert found.p_over_images == expected
