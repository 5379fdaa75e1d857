"""Claims on initialization, judged on made-up standard deviations of four hidden layers and the output."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from stages.claims import initialization
from stages.claims.measurements import TANH, TANH_N
from stages.claims.verdict import FAILS, HOLDS, Undecided
from tests.claims.made_up import measurements

MODELS = {"tanh": TANH, "tanh-n": TANH_N}
FALLING = [0.4, 0.2, 0.1, 0.05]  # by 1/2 a layer
LEVEL = [0.4, 0.36, 0.34, 0.32]
RISING = [0.05, 0.1, 0.2, 0.4]


def layers(**quantities: list[float]) -> pd.DataFrame:
    """What is measured of each layer at initialization; the output layer has no activations."""
    count = max(len(values) for values in quantities.values())
    columns = {key: values + [math.nan] * (count - len(values)) for key, values in quantities.items()}
    initial = pd.DataFrame({"moment": "initial", "layer": range(1, count + 1), **columns})
    return pd.concat([initial, initial.assign(moment="final", **dict.fromkeys(quantities, 9.0))])


def of_layers(quantity: str, standard: list[float], normalized: list[float]):
    tables = {"tanh": layers(**{quantity: standard}), "tanh-n": layers(**{quantity: normalized})}
    return measurements(MODELS, {f"measured/shapeset/{name}/layers": table for name, table in tables.items()})


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"),
    [
        (FALLING, LEVEL, HOLDS),
        (FALLING, FALLING, FAILS),  # the normalized one falls too
        (FALLING, RISING, FAILS),  # … or rises
        (LEVEL, LEVEL, FAILS),  # the standard one is level too
        ([0.4, 0.1, 0.11, 0.02], LEVEL, FAILS),  # … or rises on the way
    ],
)
def test_standard_activations_shrink(standard, normalized, verdict):
    found = initialization.standard_activations_shrink(of_layers("activation_std", standard, normalized))
    assert found.verdict == verdict
    assert found.numbers["standard_factor_per_layer"] == pytest.approx((standard[-1] / standard[0]) ** (1 / 3))
    assert found.numbers["normalized_factor_per_layer"] == pytest.approx((normalized[-1] / normalized[0]) ** (1 / 3))


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"), [(RISING, LEVEL, HOLDS), (RISING, RISING, FAILS), (LEVEL, LEVEL, FAILS)]
)
def test_standard_gradients_shrink_going_down(standard, normalized, verdict):
    output = [7.0]  # which does not count
    gradients = of_layers("back_propagated_gradient_std", standard + output, normalized + output)
    found = initialization.standard_gradients_shrink(gradients)
    assert found.verdict == verdict
    assert found.numbers["standard_factor_per_layer"] == pytest.approx((standard[0] / standard[-1]) ** (1 / 3))


@pytest.mark.parametrize(
    ("standard", "sentence"),
    [([0.4, 0.2], "2 hidden layers; needed: at least 3"), ([0.4, 0.2, 0.0], "through which nothing passes")],
)
def test_shrinking_needs_layers_and_signals(standard, sentence):
    with pytest.raises(Undecided, match=sentence):
        initialization.standard_activations_shrink(of_layers("activation_std", standard, LEVEL))
    gradients = of_layers("back_propagated_gradient_std", [*standard, 1.0], LEVEL)
    with pytest.raises(Undecided, match=sentence):
        initialization.standard_gradients_shrink(gradients)


def theory(measured_over_predicted: float):
    """Networks with 4 inputs, hidden layers of 6, 8 and 10 units, and 3 outputs.

    Their weights are ±1/2 in the standard network and ±1/3 in the normalized one; standard deviations follow
    √(n Var[W]) but for the uppermost activations and, of the standard network, the lowest gradients.
    """
    sizes = [4, 6, 8, 10, 3]
    tables, tensors = {}, {}
    for name, weight in (("tanh", 1 / 2), ("tanh-n", 1 / 3)):
        activation = [0.3]
        for fan_in in sizes[1:3]:
            activation.append(activation[-1] * math.sqrt(fan_in) * weight)
        gradient = [0.2]
        for fan_out in (3, 10, 8):
            gradient.insert(0, gradient[0] * math.sqrt(fan_out) * weight)
        activation[-1] *= measured_over_predicted
        if name == "tanh":
            gradient[0] /= measured_over_predicted
        table = layers(activation_std=activation, back_propagated_gradient_std=gradient)
        tables[f"measured/shapeset/{name}/layers"] = table
        arrays = {f"bias_{layer}": np.zeros(1) for layer in range(1, 5)}
        for layer, shape in enumerate(pairwise(sizes), start=1):
            arrays[f"weight_{layer}"] = weight * np.resize([1, -1], shape)
        tensors[f"runs/shapeset/{name}/initial"] = arrays
    return measurements(MODELS, tables, tensors=tensors)


@pytest.mark.parametrize(
    ("off", "verdict"), [(1, HOLDS), (1.25, HOLDS), (0.8, HOLDS), (1.35, FAILS), (math.sqrt(1 / 3), FAILS)]
)
def test_variance_matches_theory(off, verdict):
    found = initialization.variance_matches_theory(theory(off))
    assert found.verdict == verdict
    factor = max(off, 1 / off)
    assert found.numbers == pytest.approx(
        {
            "largest_factor_off": factor,
            "standard_activations_factor_off": factor,
            "standard_gradients_factor_off": factor,
            "normalized_activations_factor_off": factor,
            "normalized_gradients_factor_off": 1,
        }
    )


def test_variance_matches_theory_needs_the_weights():
    of_standard = of_layers("activation_std", FALLING, LEVEL)
    with pytest.raises(Undecided, match="tanh has not been trained"):
        initialization.variance_matches_theory(of_standard)


def jacobians(standard: list[float], normalized: list[float]):
    tables = {}
    for name, averages in (("tanh", standard), ("tanh-n", normalized)):
        initial = pd.DataFrame(
            {"moment": "initial", "layer": range(1, len(averages) + 1), "average_singular_value": averages}
        )
        final = initial.assign(moment="final", average_singular_value=3.0)
        tables[f"measured/shapeset/{name}/jacobians"] = pd.concat([initial, final])
    return measurements(MODELS, tables)


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"),
    [
        ([0.45, 0.5, 0.49], [0.7, 0.75, 0.8], HOLDS),
        ([0.45, 0.5, 0.49], [0.6, 0.65, 0.7], FAILS),
        ([0.7, 0.75, 0.8], [0.7, 0.75, 0.8], FAILS),
        ([0.45, 0.5, 0.49], [1.0, 1.0, 1.0], FAILS),
    ],
)
def test_jacobian_closer_to_one(standard, normalized, verdict):
    found = initialization.jacobian_closer_to_one(jacobians(standard, normalized))
    assert found.verdict == verdict
    assert found.numbers == pytest.approx({"normalized": sum(normalized) / 3, "standard": sum(standard) / 3})


def test_jacobian_closer_to_one_needs_layers():
    with pytest.raises(Undecided, match="tanh has 2 hidden layers"):
        initialization.jacobian_closer_to_one(jacobians([0.5], [0.8]))
    with pytest.raises(Undecided, match="no model with tanh units and standard initialization"):
        initialization.jacobian_closer_to_one(measurements({"tanh-n": TANH_N}, {}))
