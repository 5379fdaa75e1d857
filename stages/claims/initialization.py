"""The claims of section 4.2: how activations and gradients change from layer to layer at initialization.

They are judged by the factor between neighbouring layers, which depends neither on the size of the inputs nor on the
depth. Every seed draws its own initial weights.
"""

import math

import numpy as np
import pandas as pd

from stages.claims.claim import Claim
from stages.claims.evidence import OVER_SEEDS, Part, verdict_on
from stages.claims.measurements import FEWEST_LAYERS, TANH, TANH_N, Measurements
from stages.claims.verdict import Undecided, Verdict

KINDS = {"standard": TANH, "normalized": TANH_N}
# Theory gives the standard initialization a factor 1/√3 a layer and the normalized one about 1; this is halfway.
HALFWAY = 3**0.25
HALFWAY_VARIANCE = HALFWAY**2

LINEAR = 0.8  # the mean squared slope f′(s)² above which a layer counts as linear; 1 if all its units are
PAPER_SINGULAR_VALUES = {"standard": 0.5, "normalized": 0.8}
ABOUT = 0.1  # a third of their distance
# The singular values of a large square matrix of random weights have this mean, as a share of √(n·Var W): that of a
# quarter of a circle (Marchenko and Pastur, 1967). n·Var W is 1/3 with standard and 1 with normalized initialization.
RANDOM = 8 / (3 * math.pi)

# {}: the layer to compare with
SHRINKS = (
    "Tanh: the rule compares each layer's standard deviation with that of the layer {}. With standard initialization, "
    f"the factor is always below 1, and below {1 / HALFWAY:.2f} on (geometric) average. With normalized "
    f"initialization, the average is {1 / HALFWAY:.2f} to {HALFWAY:.2f}. Each is a {OVER_SEEDS}, of the logarithm."
)
FACTORS_IN_WORDS = {
    "{}_factor_per_layer": "{} initialization: times {number} from layer to layer",
    "largest_standard_factor": "largest factor with standard initialization: {number}",
}


def standard_activations_shrink(measurements: Measurements) -> Verdict:
    """Judge the activations' standard deviations going up."""
    logs = {}
    for kind, recipe in KINDS.items():
        name = measurements.find(recipe)
        std = _positive(name, measurements.initial(name, "activation_std"))
        _require_layers(name, std.shape[1])
        logs[kind] = np.log(std).diff(axis="columns").iloc[:, 1:]
    return _shrinks_unless_normalized(logs)


STANDARD_ACTIVATIONS_SHRINK = Claim(
    id="standard-activations-shrink",
    section="4.2",
    sentence="At initialization, activations shrink layer by layer towards the top with the standard initialization, "
    "and keep about their size with the normalized one.",
    rule=SHRINKS.format("below"),
    scale="laptop",
    figure="figure-6",
    words=FACTORS_IN_WORDS,
    judge=standard_activations_shrink,
    untrained=True,
)


def standard_gradients_shrink(measurements: Measurements) -> Verdict:
    """Judge the back-propagated gradients' standard deviations going down, from the top hidden layer."""
    logs = {}
    for kind, recipe in KINDS.items():
        name = measurements.find(recipe)
        std = _positive(name, measurements.initial(name, "back_propagated_gradient_std"))
        _require_layers(name, std.shape[1] - 1)
        logs[kind] = np.log(std.iloc[:, :-1]).diff(-1, axis="columns").iloc[:, :-1]
    return _shrinks_unless_normalized(logs)


STANDARD_GRADIENTS_SHRINK = Claim(
    id="standard-gradients-shrink",
    section="4.2",
    sentence="At initialization, back-propagated gradients shrink layer by layer towards the bottom with the standard "
    "initialization, and keep about their size with the normalized one.",
    rule=SHRINKS.format("above"),
    scale="laptop",
    figure="figure-7",
    words=FACTORS_IN_WORDS,
    judge=standard_gradients_shrink,
    untrained=True,
)


def variance_matches_theory(measurements: Measurements) -> Verdict:
    """Judge each step from a measured variance to the next one where the layer between them is about linear.

    Elsewhere the paper's premise does not hold; the mean-field prediction beside it does not need it.
    """
    off, outside, mean_field = [], 0, {}
    for kind, recipe in KINDS.items():
        name = measurements.find(recipe)
        theory = measurements.theory(name)
        _require_layers(name, theory["layer"].max())
        steps = _steps_off(name, theory)
        linear = theory.groupby("layer")["squared_slope"].mean() >= LINEAR
        inside = [column for column in steps if linear[column[1]]]
        outside += steps.shape[1] - len(inside)
        off.append(steps[inside])
        predicted = np.log(_positive(name, theory["mean_field"]) / _positive(name, theory["measured"])).abs()
        mean_field[f"{kind}_mean_field_factor_off"] = math.exp(predicted.groupby(theory["seed"]).max().mean())
    judged = pd.concat(off, axis="columns", keys=KINDS).dropna()
    if judged.empty:
        raise Undecided(f"no layer of tanh is about linear before training: the mean squared slopes are below {LINEAR}")
    largest = judged.max(axis="columns")
    numbers = {
        "largest_factor_off_a_step": math.exp(largest.mean()),
        "judged_steps": judged.shape[1],
        "steps_outside_the_linear_regime": outside,
        **mean_field,
    }
    words = f"the largest factor between a measured and a predicted step ({numbers['largest_factor_off_a_step']:.3f})"
    return verdict_on([Part(f"{words}, below {HALFWAY_VARIANCE:.2f}", math.log(HALFWAY_VARIANCE) - largest, numbers)])


VARIANCE_MATCHES_THEORY = Claim(
    id="variance-matches-theory",
    section="4.2",
    sentence="At initialization, the variances of activations, back-propagated gradients and weight gradients follow "
    "the products of layer sizes and weight variances, where units are linear.",
    rule="Tanh, both initializations: the paper multiplies a factor for each layer. The rule compares each factor with "
    "the ratio of the measured variances on the layer's two sides; for weight gradients, with that of neighbouring "
    f"layers. None is off by √3 or more ({OVER_SEEDS}, of the logarithm of the largest); √3 is halfway to the "
    "prediction for the other initialization. The paper's premise is that units are linear, so only layers whose mean "
    f"squared slope is at least {LINEAR} are judged; the others are outside the linear regime. The numbers also show "
    "the largest factor off of the mean-field prediction of whole products, which needs no linear units.",
    scale="laptop",
    figure="theory",
    words={
        "largest_factor_off_a_step": "off by a factor of {number} a step at most",
        "judged_steps": "{number} steps judged",
        "steps_outside_the_linear_regime": "{number} steps outside the linear regime",
        "{}_mean_field_factor_off": "{} initialization, mean-field prediction: off by a factor of {number}",
    },
    judge=variance_matches_theory,
    untrained=True,
)


def jacobian_closer_to_one(measurements: Measurements) -> Verdict:
    """Judge the average singular values between neighbouring hidden layers."""
    parts = []
    for kind, recipe in reversed(KINDS.items()):
        name = measurements.find(recipe)
        jacobians = measurements.initial_jacobians(name)
        _require_layers(name, jacobians.shape[1] + 1)
        means, paper = jacobians.mean(axis="columns"), PAPER_SINGULAR_VALUES[kind]
        words = f"the average singular value with {kind} initialization ({means.mean():.3f}), within {ABOUT} of {paper}"
        parts.append(Part(words, ABOUT - (means - paper).abs(), {kind: float(means.mean())}))
    verdict = verdict_on(parts)
    verdict.numbers.update({"normalized_weights_alone": RANDOM, "standard_weights_alone": RANDOM / math.sqrt(3)})
    return verdict


JACOBIAN_CLOSER_TO_ONE = Claim(
    id="jacobian-closer-to-one",
    section="4.2",
    sentence="At initialization, the average singular value of the Jacobian from one layer to the next is about 0.8 "
    "with the normalized initialization and about 0.5 with the standard one.",
    rule=f"Tanh: the mean over pairs of layers is within {ABOUT} of these numbers ({OVER_SEEDS}). Random matrix theory "
    "explains them: in wide layers of linear units, the weights alone would give 8/(3π)·√(n·Var W).",
    scale="laptop",
    figure="jacobians",
    words={
        "normalized": "normalized initialization: average singular value {number}",
        "standard": "standard initialization: average singular value {number}",
        "normalized_weights_alone": "normalized initialization: {number} by theory, for linear units",
        "standard_weights_alone": "standard initialization: {number} by theory, for linear units",
    },
    judge=jacobian_closer_to_one,
    untrained=True,
)


def _shrinks_unless_normalized(logs: dict[str, pd.DataFrame]) -> Verdict:
    """Return the verdict from the logarithms of the factors from layer to layer: a row a seed."""
    means = {kind: log.mean(axis="columns") for kind, log in logs.items()}
    largest = logs["standard"].max(axis="columns")
    standard, normalized, most = (math.exp(log.mean()) for log in (means["standard"], means["normalized"], largest))
    return verdict_on(
        [
            Part(
                f"the average factor with standard initialization ({standard:.3f}), below {1 / HALFWAY:.2f}",
                -math.log(HALFWAY) - means["standard"],
                {"standard_factor_per_layer": standard},
            ),
            Part(
                f"how near 1 the average factor with normalized initialization is ({normalized:.3f})",
                math.log(HALFWAY) - means["normalized"].abs(),
                {"normalized_factor_per_layer": normalized},
            ),
            Part(
                f"the largest factor with standard initialization ({most:.3f}), below 1",
                -largest,
                {"largest_standard_factor": most},
            ),
        ]
    )


def _steps_off(name: str, theory: pd.DataFrame) -> pd.DataFrame:
    """Return by how much each measured step differs from the predicted one: |log of their ratio|.

    It has a row a seed and a column (quantity, layer that the step passes). Activations start from the inputs, whose
    variance the prediction of layer 1 contains; gradients start from the output layer's, as that of the top layer does.
    """
    columns = {}
    for quantity, rows in theory.groupby("quantity"):
        ratio = np.log(_positive(name, rows["measured"]) / _positive(name, rows["linear"]))
        off = ratio.groupby([rows["seed"], rows["layer"]]).first().unstack()
        steps = off.diff(axis="columns") if quantity == "activation" else off.diff(-1, axis="columns")
        first = off.columns[0] if quantity == "activation" else off.columns[-1]
        steps[first] = np.nan if quantity == "weight_gradient" else off[first]
        columns |= {(quantity, layer): steps[layer].abs() for layer in steps if steps[layer].notna().all()}
    return pd.DataFrame(columns)


def _positive(name: str, values: pd.DataFrame | pd.Series) -> pd.DataFrame | pd.Series:
    if not (np.isfinite(values) & (values > 0)).to_numpy().all():
        raise Undecided(f"{name} has a layer at initialization without any signal")
    return values


def _require_layers(name: str, hidden_layers: int) -> None:
    if hidden_layers < FEWEST_LAYERS:
        raise Undecided(f"{name} has {hidden_layers} hidden layers; needed: at least {FEWEST_LAYERS}")
