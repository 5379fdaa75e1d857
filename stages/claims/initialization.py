"""The claims of section 4.2: what happens to activations and gradients on their way through a network at its start.

Layers are compared by factors of standard deviations, layer to layer in the direction of travel, which depend neither
on the size of the inputs nor on the depth.
"""

import numpy as np
import pandas as pd

from stages.claims.measurements import FEWEST_LAYERS, TANH, TANH_N, Measurements
from stages.claims.verdict import Undecided, Verdict, judged

# Theory gives the standard initialization a factor 1/√3 a layer and the normalized one about 1; this is halfway.
HALFWAY = 3**0.25
PAPER_STANDARD, PAPER_NORMALIZED = 0.5, 0.8  # the paper's average singular values
ABOUT = 0.1  # a third of their distance


def standard_activations_shrink(measurements: Measurements) -> Verdict:
    """Judge the activations' standard deviations going up."""
    return _shrinks_unless_normalized(
        *(_upwards(measurements, measurements.find(recipe)) for recipe in (TANH, TANH_N)),
    )


def standard_gradients_shrink(measurements: Measurements) -> Verdict:
    """Judge the back-propagated gradients' standard deviations going down, from the top hidden layer."""
    return _shrinks_unless_normalized(
        *(_downwards(measurements, measurements.find(recipe))[1:] for recipe in (TANH, TANH_N)),
    )


def variance_matches_theory(measurements: Measurements) -> Verdict:
    """Judge the same factors against √(n Var[W]), with n and Var[W] of the networks' own weights."""
    numbers = {}
    for kind, recipe in (("standard", TANH), ("normalized", TANH_N)):
        name = measurements.find(recipe)
        above_first = measurements.initial_weights(name)[1:]
        spread = [np.sqrt(np.mean(weight.astype(float) ** 2)) for weight in above_first]
        up = [np.sqrt(weight.shape[0]) * std for weight, std in zip(above_first, spread, strict=True)][:-1]
        down = [np.sqrt(weight.shape[1]) * std for weight, std in zip(above_first, spread, strict=True)][::-1]
        for quantity, measured, predicted in (
            ("activations", _upwards(measurements, name), up),
            ("gradients", _downwards(measurements, name), down),
        ):
            off = np.abs(np.log(measured / np.array(predicted)))
            numbers[f"{kind}_{quantity}_factor_off"] = float(np.exp(off.max()))
    largest = max(numbers.values())
    return judged(largest < HALFWAY, {"largest_factor_off": largest, **numbers})


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
    return judged(about, {"normalized": normalized, "standard": standard})


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
    """Return the factor by which each hidden layer's activations differ from those of the one below: (layers − 1,)."""
    std = _positive(name, measurements.initial(name, "activation_std"))
    _require_layers(name, len(std))
    return std[1:] / std[:-1]


def _downwards(measurements: Measurements, name: str) -> np.ndarray:
    """Return the factor by which each hidden layer's gradients differ from those of the one above, top first."""
    std = _positive(name, measurements.initial(name, "back_propagated_gradient_std"))[::-1]
    _require_layers(name, len(std) - 1)
    return std[1:] / std[:-1]


def _positive(name: str, std: pd.Series) -> np.ndarray:
    values = std.to_numpy(float)
    if not (np.isfinite(values) & (values > 0)).all():
        raise Undecided(f"{name} has a layer at initialization through which nothing passes")
    return values


def _require_layers(name: str, hidden_layers: int) -> None:
    if hidden_layers < FEWEST_LAYERS:
        raise Undecided(f"{name} has {hidden_layers} hidden layers; needed: at least {FEWEST_LAYERS}")
