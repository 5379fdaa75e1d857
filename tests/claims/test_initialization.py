"""Claims on initialization, judged on made-up standard deviations of four hidden layers and the output."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from stages.claims import initialization
from stages.claims.measurements import TANH, TANH_N
from stages.claims.verdict import FAILS, HOLDS, Undecided
from stages.network.initializers import INITIALIZERS
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
    [([0.4, 0.2], "2 hidden layers; needed: at least 3"), ([0.4, 0.2, 0.0], "without any signal")],
)
def test_shrinking_needs_layers_and_signals(standard, sentence):
    with pytest.raises(Undecided, match=sentence):
        initialization.standard_activations_shrink(of_layers("activation_std", standard, LEVEL))
    gradients = of_layers("back_propagated_gradient_std", [*standard, 1.0], LEVEL)
    with pytest.raises(Undecided, match=sentence):
        initialization.standard_gradients_shrink(gradients)


def theory(quantity: str, layer: int, off: float):
    """Networks with four hidden layers and variances as predicted, but for one of the normalized network's.

    Of that layer's quantity the linear prediction is so many times what is measured, and the mean-field one 1.1 times.
    """
    rows = [
        (name, layer, 2.0, 2.0, 2.0)
        for name, count in (("activation", 4), ("back_propagated_gradient", 4), ("weight_gradient", 5))
        for layer in range(1, count + 1)
    ]
    standard = pd.DataFrame(rows, columns=["quantity", "layer", "measured", "linear", "mean_field"])
    normalized = standard.copy()
    one = (standard["quantity"] == quantity) & (standard["layer"] == layer)
    normalized.loc[one, ["linear", "mean_field"]] *= [off, 1.1]
    tables = {"tanh": standard, "tanh-n": normalized}
    return {f"measured/shapeset/{name}/theory": table for name, table in tables.items()}


@pytest.mark.parametrize(
    ("quantity", "layer", "steps"),
    [
        ("activation", 1, 1),
        ("activation", 4, 4),
        ("back_propagated_gradient", 1, 4),
        ("back_propagated_gradient", 4, 1),
        ("weight_gradient", 1, 4),
        ("weight_gradient", 4, 4),
    ],
)
@pytest.mark.parametrize(
    ("a_step", "verdict"), [(1, HOLDS), (1.7, HOLDS), (1 / 1.7, HOLDS), (1.76, FAILS), (1 / 1.76, FAILS), (3, FAILS)]
)
def test_variance_matches_theory(quantity, layer, steps, a_step, verdict):
    found = initialization.variance_matches_theory(measurements(MODELS, theory(quantity, layer, a_step**steps)))
    assert found.verdict == verdict
    factor = max(a_step, 1 / a_step)
    as_predicted = {
        f"{kind}_{one}_factor_off{per}": 1
        for kind in ("standard", "normalized")
        for one in ("activation", "back_propagated_gradient", "weight_gradient")
        for per in ("", "_a_step")
    }
    assert found.numbers == pytest.approx(
        {"largest_factor_off_a_step": factor}
        | as_predicted
        | {f"normalized_{quantity}_factor_off": factor**steps, f"normalized_{quantity}_factor_off_a_step": factor}
        | {"standard_mean_field_factor_off": 1, "normalized_mean_field_factor_off": 1.1}
    )


def test_the_output_layers_weight_gradients_do_not_count():
    found = initialization.variance_matches_theory(measurements(MODELS, theory("weight_gradient", 5, 1000)))
    assert found.numbers["largest_factor_off_a_step"] == 1


def test_variance_matches_theory_needs_signals_layers_and_a_theory():
    tables = theory("activation", 1, 1)
    of_tanh = tables["measured/shapeset/tanh/theory"]
    for table, sentence in (
        (of_tanh.assign(measured=0.0), "tanh has a layer at initialization without any signal"),
        (of_tanh[of_tanh["layer"] <= 2], "tanh has 2 hidden layers; needed: at least 3"),
        (of_tanh[:0], "no theory predicts the variances of tanh"),
        (None, "tanh has not been trained and measured"),
    ):
        changed = tables | {"measured/shapeset/tanh/theory": table}
        with pytest.raises(Undecided, match=sentence):
            initialization.variance_matches_theory(measurements(MODELS, changed))


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
    for kind, averages in (("standard", standard), ("normalized", normalized)):
        assert found.numbers[kind] == pytest.approx(sum(averages) / 3)
        weights = INITIALIZERS[kind].weights(400, 400, torch.Generator().manual_seed(1)).numpy()
        singular_values = np.linalg.svd(weights, compute_uv=False)
        assert found.numbers[f"{kind}_weights_alone"] == pytest.approx(singular_values.mean(), rel=5e-3)


def test_jacobian_closer_to_one_needs_layers():
    with pytest.raises(Undecided, match="tanh has 2 hidden layers"):
        initialization.jacobian_closer_to_one(jacobians([0.5], [0.8]))
    with pytest.raises(Undecided, match="lacks this model: tanh units, standard initialization"):
        initialization.jacobian_closer_to_one(measurements({"tanh-n": TANH_N}, {}))
