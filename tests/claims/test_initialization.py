"""Claims on initialization, judged on made-up standard deviations of four hidden layers and the output, of five seeds.

Each seed's factors from layer to layer deviate by up to 2 %.
"""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ttest_1samp

from stages.claims import initialization
from stages.claims.ledger import judge_claims
from stages.claims.measurements import TANH, TANH_N
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided
from stages.network.initializers import INITIALIZERS
from tests.claims.made_up import BEST_RATE, DEVIATIONS, around, measurements, seed_runs

MODELS = {"tanh": TANH, "tanh-n": TANH_N}
TABLES = [f"runs/shapeset/{name}/{table}" for name in MODELS for table in ("runs", "monitored")]
HALFWAY = math.sqrt(math.sqrt(3))  # between a level signal and one that shrinks by √3 a layer
FALLING = [0.5, 0.5, 0.5]  # factors from each layer to the next
LEVEL = [0.9, 0.95, 0.94]
RISING = [2, 2, 2]
AT_THE_BOUND = [1 / HALFWAY] * 3


def deviating(factors: list[float], size: float = 0.05) -> list[list[float]]:
    """Every seed's factors, which deviate from these by a few percent."""
    return [[factor * math.exp(one) for factor in factors] for one in around(0, size)]


def stds(of_seeds: list[list[float]]) -> list[list[float]]:
    """Every seed's standard deviations by layer, from the factors between them."""
    return [list(0.4 * np.cumprod([1, *factors])) for factors in of_seeds]


def of_layers(quantity: str, standard: list[list[float]], normalized: list[list[float]], output: float = math.nan):
    """Networks with these standard deviations by seed and layer, and this one in the output layer."""
    tables = {}
    for name, of_seeds in (("tanh", standard), ("tanh-n", normalized)):
        run = {"hidden_layers": 5, "learning_rate": BEST_RATE, "update": 0}
        rows = [
            run | {"seed": seed, "layer": layer, quantity: std}
            for seed, layers in enumerate(of_seeds)
            for layer, std in enumerate([*layers, output], start=1)
        ]
        later = pd.DataFrame(rows).assign(update=10, **{quantity: 9.0})
        tables[f"runs/shapeset/{name}/monitored"] = pd.concat([pd.DataFrame(rows), later], ignore_index=True)
        tables[f"runs/shapeset/{name}/runs"] = seed_runs([0.1] * len(of_seeds)).query("learning_rate == @BEST_RATE")
    return measurements(MODELS, tables)


CASES = [
    (FALLING, LEVEL, HOLDS),
    (FALLING, FALLING, FAILS),  # the normalized one falls too
    (FALLING, RISING, FAILS),  # … or rises
    (LEVEL, LEVEL, FAILS),  # the standard one is level too
    ([0.25, 1.2, 0.2], LEVEL, FAILS),  # … or rises on the way
    (AT_THE_BOUND, LEVEL, UNDECIDED),
    (FALLING, AT_THE_BOUND, UNDECIDED),
    (FALLING, [HALFWAY] * 3, UNDECIDED),
    ([0.25, 1.0, 0.2], LEVEL, UNDECIDED),
]


@pytest.mark.parametrize("quantity", ["activation_std", "back_propagated_gradient_std"])
@pytest.mark.parametrize(("standard", "normalized", "verdict"), CASES)
def test_standard_signals_shrink(quantity, standard, normalized, verdict):
    of_seeds = {"standard": deviating(standard), "normalized": deviating(normalized)}
    made = {kind: stds(factors) for kind, factors in of_seeds.items()}
    if quantity == "activation_std":
        found = initialization.standard_activations_shrink(of_layers(quantity, **made))
    else:  # gradients shrink going down, and the output layer's do not count
        made = {kind: [layers[::-1] for layers in one] for kind, one in made.items()}
        found = initialization.standard_gradients_shrink(of_layers(quantity, **made, output=7.0))
    assert found.verdict == verdict
    logs = {kind: np.log(factors) for kind, factors in of_seeds.items()}
    means = {kind: log.mean(axis=1) for kind, log in logs.items()}
    for kind in logs:
        assert found.numbers[f"{kind}_factor_per_layer"] == pytest.approx(math.exp(means[kind].mean()))
    assert found.numbers["largest_standard_factor"] == pytest.approx(math.exp(logs["standard"].max(axis=1).mean()))
    parts = [
        -means["standard"] - math.log(HALFWAY),
        math.log(HALFWAY) - abs(means["normalized"]),
        -logs["standard"].max(axis=1),
    ]
    tests = [ttest_1samp(part, 0) for part in parts]
    against = [test.pvalue for test in tests if test.statistic < 0 and test.pvalue < 0.005]
    assert found.p == pytest.approx(3 * min(against) if against else max(test.pvalue for test in tests))
    assert [list(margins.values()) for margins in found.by_seed.values()] == [pytest.approx(list(one)) for one in parts]


@pytest.mark.parametrize("datasets", [("mnist",), ("shapeset", "mnist")])
def test_untrained_networks_are_judged_on_the_data_set_that_was_run(datasets):
    on_shapeset = of_layers("activation_std", stds(deviating(FALLING)), stds(deviating(LEVEL)))
    renamed = {name.replace("shapeset", datasets[0]): on_shapeset.tables(name) for name in TABLES}
    for name, table in renamed.items():
        if name.endswith("monitored"):
            for other in ("back_propagated_gradient_std", "weight_gradient_std"):
                table[other] = table["activation_std"]
    judged = judge_claims(measurements(MODELS, renamed, datasets=datasets))
    claim = judged["standard-activations-shrink"]
    assert claim["verdict"] == HOLDS
    assert claim["claim"].endswith("(Judged on MNIST.)") == (datasets[0] == "mnist")
    assert "MNIST" not in judged["normalized-beats-standard-tanh"]["claim"]


@pytest.mark.parametrize(
    "claim", [initialization.standard_activations_shrink, initialization.standard_gradients_shrink]
)
@pytest.mark.parametrize(
    ("standard", "sentence"),
    [([0.4, 0.2], "2 hidden layers; needed: at least 3"), ([0.4, 0.2, 0.0, 0.1], "without any signal")],
)
def test_shrinking_needs_layers_and_signals(claim, standard, sentence):
    activations = claim == initialization.standard_activations_shrink
    quantity, output = ("activation_std", math.nan) if activations else ("back_propagated_gradient_std", 1.0)
    with pytest.raises(Undecided, match=sentence):
        claim(of_layers(quantity, [standard] * 5, stds(deviating(LEVEL)), output))


def theory(
    quantity: str = "activation", layer: int = 1, off: float = 1, size: float = 0.05, slopes=(1.0,) * 4
) -> dict[str, pd.DataFrame]:
    """Networks with four hidden layers and variances as predicted, but for one of the normalized network's.

    Of that layer's quantity the linear prediction is about `off` times what is measured, and the mean-field one
    1.1 times. `slopes` are the mean squared ones by layer, of both networks.
    """
    rows = [
        (seed, name, layer, 2.0, 2.0, 2.0, slopes[layer - 1] + 0.01 * DEVIATIONS[seed] if layer <= 4 else math.nan)
        for seed in range(5)
        for name, count in (("activation", 4), ("back_propagated_gradient", 4), ("weight_gradient", 5))
        for layer in range(1, count + 1)
    ]
    columns = ["seed", "quantity", "layer", "measured", "linear", "mean_field", "squared_slope"]
    standard = pd.DataFrame(rows, columns=columns)
    normalized = standard.copy()
    one = (standard["quantity"] == quantity) & (standard["layer"] == layer)
    of_seeds = off * np.exp(around(0, size))
    normalized.loc[one, "linear"] *= of_seeds[normalized.loc[one, "seed"]]
    normalized.loc[one, "mean_field"] *= 1.1
    tables = {"tanh": standard, "tanh-n": normalized}
    return {f"measured/shapeset/{name}/theory": table for name, table in tables.items()}


ANY_STEP = pytest.mark.parametrize(
    ("quantity", "layer"),
    [
        ("activation", 1),
        ("activation", 4),
        ("back_propagated_gradient", 1),
        ("back_propagated_gradient", 4),
        ("weight_gradient", 1),
        ("weight_gradient", 4),
    ],
)


@ANY_STEP
@pytest.mark.parametrize(("off", "verdict"), [(1.6, HOLDS), (math.sqrt(3), UNDECIDED), (1.9, FAILS), (1 / 3, FAILS)])
def test_variance_matches_theory(quantity, layer, off, verdict):
    """A wrong prediction of one variance is wrong by that factor for the steps to its neighbours, and no others."""
    found = initialization.variance_matches_theory(measurements(MODELS, theory(quantity, layer, off)))
    assert found.verdict == verdict
    largest = np.abs(math.log(off) + np.array(around(0, 0.05)))
    assert found.numbers == pytest.approx(
        {
            "largest_factor_off_a_step": math.exp(largest.mean()),
            "judged_steps": 2 * (4 + 4 + 3),
            "steps_outside_the_linear_regime": 0,
            "standard_mean_field_factor_off": 1,
            "normalized_mean_field_factor_off": 1.1,
        }
    )
    assert found.p == pytest.approx(ttest_1samp(largest, math.log(3) / 2).pvalue)


def test_variances_that_are_off_alike_in_all_layers_are_off_in_one_step_only():
    tables = theory()
    table = tables["measured/shapeset/tanh/theory"]
    table.loc[table["quantity"] == "activation", "linear"] *= 1.5
    found = initialization.variance_matches_theory(measurements(MODELS, tables))
    assert found.numbers["largest_factor_off_a_step"] == pytest.approx(1.5)
    # of the weight gradients, only steps count
    tables = theory()
    table = tables["measured/shapeset/tanh/theory"]
    table.loc[table["quantity"] == "weight_gradient", "linear"] *= 10
    found = initialization.variance_matches_theory(measurements(MODELS, tables))
    assert found.numbers["largest_factor_off_a_step"] == pytest.approx(1, abs=0.03)


def test_the_output_layers_weight_gradients_do_not_count():
    found = initialization.variance_matches_theory(measurements(MODELS, theory("weight_gradient", 5, 1000)))
    assert found.numbers["largest_factor_off_a_step"] == 1


@pytest.mark.parametrize(
    ("quantity", "layer", "passes"),
    [  # the layers between the wrong variance and its neighbours
        ("activation", 1, {1, 2}),  # from the inputs, and to layer 2
        ("activation", 4, {4}),
        ("back_propagated_gradient", 1, {1}),
        ("back_propagated_gradient", 4, {3, 4}),  # from the output layer
        ("weight_gradient", 1, {1}),
        ("weight_gradient", 4, {3}),
    ],
)
def test_layers_outside_the_linear_regime_are_not_judged(quantity, layer, passes):
    for bent in range(1, 5):
        slopes = [0.79 if one == bent else 0.81 for one in range(1, 5)]
        found = initialization.variance_matches_theory(measurements(MODELS, theory(quantity, layer, 3, slopes=slopes)))
        steps = 2 * (3 if bent < 4 else 2)  # no step of the weight gradients passes layer 4
        assert found.numbers["steps_outside_the_linear_regime"] == steps
        assert found.numbers["judged_steps"] == 22 - steps
        assert found.verdict == (HOLDS if passes == {bent} else FAILS)


def test_without_any_linear_layer_there_is_nothing_to_judge():
    with pytest.raises(Undecided, match=r"no layer of tanh is about linear .* the mean squared slopes are below 0\.8"):
        initialization.variance_matches_theory(measurements(MODELS, theory(slopes=[0.5, 0.6, 0.7, 0.79])))


def test_variance_matches_theory_needs_signals_layers_and_a_theory():
    tables = theory()
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
    """Networks with about these average singular values by layer."""
    tables = {}
    for name, averages in (("tanh", standard), ("tanh-n", normalized)):
        rows = [
            (seed, layer, average + 0.02 * deviation)
            for seed, deviation in enumerate(DEVIATIONS)
            for layer, average in enumerate(averages, start=1)
        ]
        table = pd.DataFrame(rows, columns=["seed", "layer", "average_singular_value"])
        tables[f"measured/shapeset/{name}/initial_jacobians"] = table
    return measurements(MODELS, tables)


@pytest.mark.parametrize(
    ("standard", "normalized", "verdict"),
    [
        ([0.45, 0.5, 0.49], [0.7, 0.75, 0.8], HOLDS),
        ([0.45, 0.5, 0.49], [0.6, 0.65, 0.7], FAILS),
        ([0.7, 0.75, 0.8], [0.7, 0.75, 0.8], FAILS),
        ([0.45, 0.5, 0.49], [1.0, 1.0, 1.0], FAILS),
        ([0.45, 0.5, 0.49], [0.9, 0.9, 0.9], UNDECIDED),
        ([0.4, 0.4, 0.4], [0.7, 0.75, 0.8], UNDECIDED),
    ],
)
def test_jacobian_closer_to_one(standard, normalized, verdict):
    found = initialization.jacobian_closer_to_one(jacobians(standard, normalized))
    assert found.verdict == verdict
    tests = []
    for kind, averages, paper in (("standard", standard, 0.5), ("normalized", normalized, 0.8)):
        means = np.array(around(np.mean(averages), 0.02))
        assert found.numbers[kind] == pytest.approx(means.mean())
        tests.append(ttest_1samp(abs(means - paper), 0.1))
        weights = INITIALIZERS[kind].weights(400, 400, torch.Generator().manual_seed(1)).numpy()
        singular_values = np.linalg.svd(weights, compute_uv=False)
        assert found.numbers[f"{kind}_weights_alone"] == pytest.approx(singular_values.mean(), rel=5e-3)
    against = [test.pvalue for test in tests if test.statistic > 0 and test.pvalue < 0.005]
    assert found.p == pytest.approx(2 * min(against) if against else max(test.pvalue for test in tests))


def test_jacobian_closer_to_one_needs_layers():
    with pytest.raises(Undecided, match="tanh-n has 2 hidden layers"):
        initialization.jacobian_closer_to_one(jacobians([0.5], [0.8]))
    with pytest.raises(Undecided, match="lacks this model: tanh units, normalized initialization"):
        initialization.jacobian_closer_to_one(measurements({"tanh": TANH}, {}))
