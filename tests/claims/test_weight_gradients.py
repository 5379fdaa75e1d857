"""Claims on weight gradients, judged on made-up standard deviations of three hidden layers."""

import math

import pandas as pd
import pytest
import scipy

from stages.claims import weight_gradients
from stages.claims.measurements import TANH, TANH_N
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided
from tests.claims.made_up import measurements, monitored, runs

MODELS = {"tanh": TANH, "tanh-n": TANH_N}


def initial(standard: list[float], normalized: list[float]):
    """Weight gradients at initialization; the output layer's are much larger."""
    tables = {}
    for name, hidden in (("tanh", standard), ("tanh-n", normalized)):
        table = pd.DataFrame({"layer": range(1, len(hidden) + 2), "weight_gradient_std": [*hidden, 99.0]})
        tables[f"measured/shapeset/{name}/layers"] = table.assign(moment="initial")
    return measurements(MODELS, tables)


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"),
    [
        ([0.01, 0.012, 0.009], [0.02, 0.021, 0.022], HOLDS),
        ([0.01, 0.03, 0.09], [0.02, 0.021, 0.022], FAILS),
        ([0.01, 0.012, 0.009], [0.02, 0.03, 0.05], FAILS),
    ],
)
def test_weight_gradients_level(standard, normalized, verdict):
    found = weight_gradients.weight_gradients_level(initial(standard, normalized))
    assert found.verdict == verdict
    assert found.numbers["standard_largest_over_smallest"] == pytest.approx(max(standard) / min(standard))


def test_weight_gradients_level_needs_gradients_and_layers():
    with pytest.raises(Undecided, match="tanh has a layer without weight gradients"):
        weight_gradients.weight_gradients_level(initial([0.01, 0.0], [0.01, 0.01]))
    with pytest.raises(Undecided, match="tanh has only one hidden layer"):
        weight_gradients.weight_gradients_level(initial([0.01], [0.01]))
    with pytest.raises(Undecided, match="lacks this model: tanh units, standard initialization"):
        weight_gradients.weight_gradients_level(measurements({"tanh-n": TANH_N}, {}))


def during_training(standard: list[list[float]], normalized: list[list[float]], error: float = 0.1):
    """Layer 1's gradients at five updates for each seed, those of layer 2 being 1; the first half does not count."""
    tables = {}
    for name, seeds in (("tanh", standard), ("tanh-n", normalized)):
        parts = []
        for seed, course in enumerate(seeds):
            courses = {1: course, 2: [1.0] * 5}
            made = monitored(name, (0, 10, 50, 80, 100), 2, error=error, weight_gradient_std=courses)
            parts.append(made[f"runs/shapeset/{name}/monitored"].assign(seed=seed))
        tables[f"runs/shapeset/{name}/monitored"] = pd.concat(parts)
        tables[f"runs/shapeset/{name}/runs"] = runs(*((2, 0.1, seed, error) for seed in range(len(seeds))))
    return measurements(MODELS, tables)


def seeds(*factors: float) -> list[list[float]]:
    """Courses of layer 1's gradients that are `factors` times layer 2's on average over the second half."""
    return [[1, 9, factor / 2, factor, 2 * factor] for factor in factors]


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"),
    [
        (seeds(8, 9, 10, 8, 9), seeds(3, 4, 3, 4, 3), HOLDS),
        (seeds(1 / 8, 1 / 9, 1 / 10, 1 / 8, 1 / 9), seeds(3, 4, 3, 4, 3), HOLDS),  # layer 1 has the smaller ones
        (seeds(3, 4, 3, 4, 3), seeds(8, 9, 10, 8, 9), FAILS),
        (seeds(8, 9), seeds(3, 4), UNDECIDED),  # too few seeds
        (seeds(3, 9, 3, 9, 3), seeds(9, 3, 9, 3, 8), UNDECIDED),
    ],
)
def test_standard_weight_gradients_diverge(standard, normalized, verdict):
    found = weight_gradients.standard_weight_gradients_diverge(during_training(standard, normalized))
    assert found.verdict == verdict
    assert (found.missing is not None) == (verdict == UNDECIDED)
    logs = [[abs(math.log(course[3])) for course in one] for one in (standard, normalized)]
    assert found.p == pytest.approx(scipy.stats.ttest_rel(*logs).pvalue)
    for kind, of_kind in zip(("standard", "normalized"), logs, strict=True):
        assert found.numbers[f"{kind}_largest_over_smallest"] == pytest.approx(math.exp(sum(of_kind) / len(of_kind)))
    assert found.numbers["seeds"] == len(standard)


@pytest.mark.parametrize(
    ("standard", "normalized", "error", "sentence"),
    [
        (seeds(8, 9), seeds(3, 4), 0.8, "tanh has not been trained for long enough"),
        (seeds(8, 9, 8), seeds(3), 0.1, "only one in common"),
    ],
)
def test_standard_weight_gradients_diverge_needs_training_and_seeds(standard, normalized, error, sentence):
    with pytest.raises(Undecided, match=sentence):
        weight_gradients.standard_weight_gradients_diverge(during_training(standard, normalized, error))
