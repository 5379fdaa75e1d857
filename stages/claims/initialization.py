"""The claims of section 4.2: how activations and gradients change from layer to layer at initialization.

They are judged by the factor between neighbouring layers' standard deviations, which depends neither on the size of the
inputs nor on the depth.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from stages.claims.claim import Claim
from stages.claims.measurements import FEWEST_LAYERS, TANH, TANH_N, Measurements
from stages.claims.verdict import Undecided, Verdict, judged

# Theory gives the standard initialization a factor 1/√3 a layer and the normalized one about 1; this is halfway.
HALFWAY = 3**0.25
HALFWAY_VARIANCE = HALFWAY**2

# steps(layer, hidden layers): the layers of weights between a variance and the start of its prediction. Activations
# start from the inputs, gradients from the output layer's; a weight gradient is predicted from both.
STEPS: dict[str, Callable[[pd.Series, int], pd.Series | int]] = {
    "activation": lambda layer, hidden_layers: layer,
    "back_propagated_gradient": lambda layer, hidden_layers: hidden_layers + 1 - layer,
    "weight_gradient": lambda layer, hidden_layers: hidden_layers,
}
PAPER_STANDARD, PAPER_NORMALIZED = 0.5, 0.8  # the paper's average singular values
ABOUT = 0.1  # a third of their distance
# The singular values of a large square matrix of random weights have this mean, as a share of √(n·Var W): that of a
# quarter of a circle (Marchenko and Pastur, 1967). n·Var W is 1/3 with standard and 1 with normalized initialization.
RANDOM = 8 / (3 * math.pi)

# {}: the layer to compare with
SHRINKS = (
    "Tanh: the rule compares each layer's standard deviation with that of the layer {}. With standard initialization, "
    f"the factor is always below 1, and below {1 / HALFWAY:.2f} on (geometric) average. With normalized "
    f"initialization, the average is {1 / HALFWAY:.2f} to {HALFWAY:.2f}."
)
FACTORS_IN_WORDS = {
    "{}_factor_per_layer": "{} initialization: times {number} from layer to layer",
    "largest_standard_factor": "largest factor with standard initialization: {number}",
}


def standard_activations_shrink(measurements: Measurements) -> Verdict:
    """Judge the activations' standard deviations going up."""
    return _shrinks_unless_normalized(
        *(_upwards(measurements, measurements.find(recipe)) for recipe in (TANH, TANH_N)),
    )


STANDARD_ACTIVATIONS_SHRINK = Claim(
    id="standard-activations-shrink",
    section="4.2",
    sentence="At initialization, the activations' variance shrinks layer by layer towards the top with the standard "
    "initialization, and stays about level with the normalized one.",
    rule=SHRINKS.format("below"),
    figure="figure-6",
    metric="standard_factor_per_layer",
    words=FACTORS_IN_WORDS,
    judge=standard_activations_shrink,
)


def standard_gradients_shrink(measurements: Measurements) -> Verdict:
    """Judge the back-propagated gradients' standard deviations going down, from the top hidden layer."""
    return _shrinks_unless_normalized(
        *(_downwards(measurements, measurements.find(recipe))[1:] for recipe in (TANH, TANH_N)),
    )


STANDARD_GRADIENTS_SHRINK = Claim(
    id="standard-gradients-shrink",
    section="4.2",
    sentence="At initialization, the back-propagated gradients' variance shrinks layer by layer towards the bottom "
    "with the standard initialization, and stays about level with the normalized one.",
    rule=SHRINKS.format("above"),
    figure="figure-7",
    metric="standard_factor_per_layer",
    words=FACTORS_IN_WORDS,
    judge=standard_gradients_shrink,
)


def variance_matches_theory(measurements: Measurements) -> Verdict:
    """Judge the factor, for each step, between each hidden layer's variances and the paper's linear products.

    The largest factors in all, of the linear and the mean-field prediction, show where units stop being linear.
    """
    a_step, in_all, mean_field = {}, {}, {}
    for kind, recipe in (("standard", TANH), ("normalized", TANH_N)):
        name = measurements.find(recipe)
        theory = measurements.theory(name)
        hidden_layers = theory["layer"].max()
        _require_layers(name, hidden_layers)
        for quantity, steps in STEPS.items():
            of_quantity = theory[theory["quantity"] == quantity]
            off = _factors_off(name, of_quantity["linear"], of_quantity["measured"])
            in_all[f"{kind}_{quantity}_factor_off"] = float(off.max())
            each = off ** (1 / steps(of_quantity["layer"], hidden_layers))
            a_step[f"{kind}_{quantity}_factor_off_a_step"] = float(each.max())
        mean_field[f"{kind}_mean_field_factor_off"] = float(
            _factors_off(name, theory["mean_field"], theory["measured"]).max()
        )
    largest = max(a_step.values())
    return judged(largest < HALFWAY_VARIANCE, {"largest_factor_off_a_step": largest, **in_all, **a_step, **mean_field})


VARIANCE_MATCHES_THEORY = Claim(
    id="variance-matches-theory",
    section="4.2",
    sentence="At initialization, the variances of activations, back-propagated gradients and weight gradients follow "
    "the products of layer sizes and weight variances.",
    rule="Tanh, both initializations: in every hidden layer, each variance is off the predicted product by a factor of "
    "less than √3 a step. A step is one layer of weights in the product. √3 is halfway to the prediction for the other "
    "initialization, as the two predict factors of 1/3 and about 1 a step. The numbers also show the largest factors "
    "off in all, and those of the mean-field prediction, which does not assume linear units.",
    figure="theory",
    metric="largest_factor_off_a_step",
    words={
        "largest_factor_off_a_step": "off by a factor of {number} a step at most",
        "{}_mean_field_factor_off": "{} initialization, mean-field prediction: off by a factor of {number}",
        "standard_{}_factor_off": "standard initialization, {}: off by a factor of {number}",
        "standard_{}_factor_off_a_step": "standard initialization, {}: off by a factor of {number} a step",
        "normalized_{}_factor_off": "normalized initialization, {}: off by a factor of {number}",
        "normalized_{}_factor_off_a_step": "normalized initialization, {}: off by a factor of {number} a step",
    },
    judge=variance_matches_theory,
)


def jacobian_closer_to_one(measurements: Measurements) -> Verdict:
    """Judge the average singular values between neighbouring hidden layers."""
    averages = []
    for recipe in (TANH, TANH_N):
        name = measurements.find(recipe)
        jacobians = measurements.initial_jacobians(name)
        _require_layers(name, len(jacobians) + 1)
        averages.append(float(jacobians.mean()))
    standard, normalized = averages
    about = abs(standard - PAPER_STANDARD) <= ABOUT and abs(normalized - PAPER_NORMALIZED) <= ABOUT
    weights_alone = {"normalized_weights_alone": RANDOM, "standard_weights_alone": RANDOM / math.sqrt(3)}
    return judged(about, {"normalized": normalized, "standard": standard} | weights_alone)


JACOBIAN_CLOSER_TO_ONE = Claim(
    id="jacobian-closer-to-one",
    section="4.2",
    sentence="At initialization, the average singular value of the Jacobian from one layer to the next is about 0.8 "
    "with the normalized initialization and about 0.5 with the standard one.",
    rule=f"Tanh: the mean over pairs of layers is within {ABOUT} of these numbers. Random matrix theory explains them: "
    "in wide layers of linear units, the weights alone would give 8/(3π)·√(n·Var W).",
    figure="jacobians",
    metric="normalized",
    words={
        "normalized": "normalized initialization: average singular value {number}",
        "standard": "standard initialization: average singular value {number}",
        "normalized_weights_alone": "normalized initialization: {number} by theory, for linear units",
        "standard_weights_alone": "standard initialization: {number} by theory, for linear units",
    },
    judge=jacobian_closer_to_one,
)


def _shrinks_unless_normalized(standard: np.ndarray, normalized: np.ndarray) -> Verdict:
    mean_standard, mean_normalized = (float(np.exp(np.log(factors).mean())) for factors in (standard, normalized))
    shrinks = (standard < 1).all() and mean_standard < 1 / HALFWAY
    level = 1 / HALFWAY < mean_normalized < HALFWAY
    return judged(
        shrinks and level,
        {
            "standard_factor_per_layer": mean_standard,
            "normalized_factor_per_layer": mean_normalized,
            "largest_standard_factor": float(standard.max()),
        },
    )


def _upwards(measurements: Measurements, name: str) -> np.ndarray:
    """Return the factor from each hidden layer's activations to those of the layer above: (hidden layers − 1,)."""
    std = _positive(name, measurements.initial(name, "activation_std"))
    _require_layers(name, len(std))
    return std[1:] / std[:-1]


def _downwards(measurements: Measurements, name: str) -> np.ndarray:
    """Return the factor from each layer's gradients to those of the hidden layer below, top first: (hidden layers,)."""
    std = _positive(name, measurements.initial(name, "back_propagated_gradient_std"))[::-1]
    _require_layers(name, len(std) - 1)
    return std[1:] / std[:-1]


def _factors_off(name: str, predicted: pd.Series, measured: pd.Series) -> np.ndarray:
    """Return the factor between the larger and the smaller of predicted and measured variance: at least 1."""
    return np.exp(np.abs(np.log(_positive(name, predicted) / _positive(name, measured))))


def _positive(name: str, std: pd.Series) -> np.ndarray:
    values = std.to_numpy(float)
    if not (np.isfinite(values) & (values > 0)).all():
        raise Undecided(f"{name} has a layer at initialization without any signal")
    return values


def _require_layers(name: str, hidden_layers: int) -> None:
    if hidden_layers < FEWEST_LAYERS:
        raise Undecided(f"{name} has {hidden_layers} hidden layers; needed: at least {FEWEST_LAYERS}")
