"""Claims on weight gradients, judged on made-up standard deviations of three hidden layers."""

import pandas as pd
import pytest

from stages.claims import weight_gradients
from stages.claims.measurements import TANH, TANH_N
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided
from tests.claims.made_up import measurements, monitored

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


def during_training(standard: list[float], normalized: list[float], error: float = 0.1):
    """Layer 1's gradients at five updates, those of layer 2 being 1; what is in the first half does not count."""
    tables = {}
    for name, course in (("tanh", standard), ("tanh-n", normalized)):
        courses = {1: course, 2: [1.0] * 5}
        tables |= monitored(name, (0, 10, 50, 80, 100), 2, error=error, weight_gradient_std=courses)
    return measurements(MODELS, tables)


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"),
    [
        ([1, 1, 4, 5, 6], [1, 9, 1, 1.5, 2], HOLDS),
        ([1, 1, 1 / 4, 1 / 5, 1 / 6], [1, 9, 1, 1.5, 2], HOLDS),  # layer 1 has the smaller ones
        ([1, 9, 1, 1.5, 2], [1, 9, 1, 1.5, 2], FAILS),  # the standard one's stay alike
        ([1, 1, 4, 5, 6], [1, 1, 4, 5, 6], FAILS),  # the normalized one's differ too
        ([1, 1, 2, 3, 4], [1, 1, 1, 1, 1], UNDECIDED),
        ([1, 1, 4, 5, 6], [1, 1, 2, 3, 4], UNDECIDED),
    ],
)
def test_standard_weight_gradients_diverge(standard, normalized, verdict):
    found = weight_gradients.standard_weight_gradients_diverge(during_training(standard, normalized))
    assert found.verdict == verdict
    assert (found.missing is not None) == (verdict == UNDECIDED)
    median = sorted(max(one, 1 / one) for one in standard[2:])[1]
    assert found.numbers["standard_largest_over_smallest"] == pytest.approx(median)


def test_standard_weight_gradients_diverge_needs_training():
    with pytest.raises(Undecided, match="tanh has not been trained for long enough"):
        weight_gradients.standard_weight_gradients_diverge(during_training([4] * 5, [1] * 5, error=0.8))
