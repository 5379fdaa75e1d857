"""Claims on weight gradients, judged on made-up standard deviations of a few hidden layers, of five seeds."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp, ttest_rel

from stages.claims import weight_gradients
from stages.claims.measurements import TANH, TANH_N
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided
from tests.claims.made_up import DIVERGED, around, measurements, monitored, seed_runs

MODELS = {"tanh": TANH, "tanh-n": TANH_N}


def initial(standard: list[float], normalized: list[float]):
    """Weight gradients at initialization, by layer; the first is the largest or smallest and deviates by some percent.

    The output layer's are much larger, and so are they later.
    """
    tables = {}
    for name, (first, *others) in (("tanh", standard), ("tanh-n", normalized)):
        of_seeds = [
            {"weight_gradient_std": {layer: [std, 99.0] for layer, std in enumerate([first * of_seed, *others], 1)}}
            for of_seed in np.exp(around(0, 0.05))
        ]
        tables |= monitored(name, (0, 10), of_seeds, len(standard))
    return measurements(MODELS, tables)


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"),
    [
        ([0.012, 0.01, 0.009], [0.022, 0.021, 0.02], HOLDS),
        ([0.09, 0.03, 0.01], [0.022, 0.021, 0.02], FAILS),
        ([0.01, 0.03, 0.09], [0.022, 0.021, 0.02], FAILS),  # whichever way they change
        ([0.012, 0.01, 0.009], [0.05, 0.03, 0.02], FAILS),
        ([0.02, 0.012, 0.01], [0.022, 0.021, 0.02], UNDECIDED),  # twofold
    ],
)
def test_weight_gradients_level(standard, normalized, verdict):
    found = weight_gradients.weight_gradients_level(initial(standard, normalized))
    assert found.verdict == verdict
    tests = []
    for kind, made in (("standard", standard), ("normalized", normalized)):
        ratio = max(made) / min(made)
        assert found.numbers[f"{kind}_largest_over_smallest"] == pytest.approx(ratio)
        sign = 1 if made[0] == max(made) else -1
        tests.append(ttest_1samp(sign * np.array(around(sign * math.log(ratio), 0.05)), math.log(2)))
    against = [test.pvalue for test in tests if test.statistic > 0 and test.pvalue < 0.005]
    assert found.p == pytest.approx(2 * min(against) if against else max(test.pvalue for test in tests))


def test_weight_gradients_level_needs_gradients_and_layers():
    with pytest.raises(Undecided, match="tanh has a layer without weight gradients"):
        weight_gradients.weight_gradients_level(initial([0.01, 0.0], [0.01, 0.01]))
    with pytest.raises(Undecided, match="tanh has only one hidden layer"):
        weight_gradients.weight_gradients_level(initial([0.01], [0.01]))
    with pytest.raises(Undecided, match="lacks this model: tanh units, standard initialization"):
        weight_gradients.weight_gradients_level(measurements({"tanh-n": TANH_N}, {}))


def during_training(standard: list[float], normalized: list[float], error: float = 0.1) -> dict:
    """Networks whose layer 1 has gradients so many times those of layer 2 in the second half of training, by seed."""
    tables = {}
    for name, factors in (("tanh", standard), ("tanh-n", normalized)):
        of_seeds = [
            {"weight_gradient_std": {1: [1.5, 9, factor / 2, factor, 2 * factor], 2: [1.0] * 5}} for factor in factors
        ]
        tables |= monitored(name, (0, 10, 50, 80, 100), of_seeds, 2, error)
    return tables


def judge(*made, **others):
    return weight_gradients.standard_weight_gradients_diverge(measurements(MODELS, during_training(*made, **others)))


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"),
    [
        ([8, 9, 10, 8, 9], [3, 4, 3, 4, 3], HOLDS),
        ([1 / 8, 1 / 9, 1 / 10, 1 / 8, 1 / 9], [3, 4, 3, 4, 3], HOLDS),  # layer 1 has the smaller ones
        ([3, 4, 3, 4, 3], [8, 9, 10, 8, 9], FAILS),
        ([3, 9, 3, 9, 3], [9, 3, 9, 3, 8], UNDECIDED),
    ],
)
def test_standard_weight_gradients_diverge(standard, normalized, verdict):
    found = judge(standard, normalized)
    assert found.verdict == verdict
    assert (found.missing is not None) == (verdict == UNDECIDED)
    logs = [np.abs(np.log(factors)) for factors in (standard, normalized)]
    assert found.p == pytest.approx(ttest_rel(*logs).pvalue)
    (margins,) = found.by_seed.values()
    assert list(margins.values()) == pytest.approx(list(logs[0] - logs[1]))
    for kind, of_kind in zip(("standard", "normalized"), logs, strict=True):
        assert found.numbers[f"{kind}_largest_over_smallest"] == pytest.approx(math.exp(of_kind.mean()))
        assert found.numbers[f"{kind}_at_initialization"] == pytest.approx(1.5)


def test_standard_weight_gradients_diverge_needs_training_seeds_and_no_divergence():
    alike = [8, 9, 10, 8, 9]
    with pytest.raises(Undecided, match="tanh has not been trained for long enough"):
        judge(alike, alike, error=0.8)
    with pytest.raises(Undecided, match="tanh-n has too few seeds on shapeset: 3"):
        judge(alike, alike[:3])
    tables = during_training(alike, alike)
    tables["runs/shapeset/tanh/runs"] = seed_runs([0.1, 0.1, DIVERGED, 0.1, 0.1])
    with pytest.raises(Undecided, match="seed 2 of tanh diverged"):
        weight_gradients.standard_weight_gradients_diverge(measurements(MODELS, tables))
