"""The claims on weight gradients: alike in all layers at initialization (section 4.2.2), and during training (4.3)."""

import math

import numpy as np
import pandas as pd

from stages.claims.claim import Claim
from stages.claims.evidence import OVER_SEEDS, Part, verdict_on
from stages.claims.measurements import TANH, TANH_N, Measurements
from stages.claims.significance import LEVEL
from stages.claims.verdict import Undecided, Verdict

# Layers are alike if their standard deviations lie within a factor of 2. In a standard network at initialization,
# activations and back-propagated gradients differ tenfold.
ALIKE = 2

RATIO_IN_WORDS = {"{}_largest_over_smallest": "{} initialization: the largest is {number} times the smallest"}


def weight_gradients_level(measurements: Measurements) -> Verdict:
    """Judge how much the hidden layers' weight gradients differ at initialization."""
    parts = []
    for kind, recipe in (("standard", TANH), ("normalized", TANH_N)):
        name = measurements.find(recipe)
        hidden = measurements.initial(name, "weight_gradient_std").iloc[:, :-1]
        logs = np.log(_largest_over_smallest(name, hidden))
        ratio = math.exp(logs.mean())
        words = f"the largest over the smallest layer with {kind} initialization ({ratio:.2f}), below {ALIKE}"
        parts.append(Part(words, math.log(ALIKE) - logs, {f"{kind}_largest_over_smallest": ratio}))
    return verdict_on(parts)


WEIGHT_GRADIENTS_LEVEL = Claim(
    id="weight-gradients-level",
    section="4.2",
    sentence="At initialization, the weight gradients have about the same size in every layer, even with the standard "
    "initialization.",
    rule=f"Tanh: with either initialization, the hidden layers' standard deviations lie within a factor of {ALIKE} "
    f"({OVER_SEEDS}, of the logarithm).",
    scale="laptop",
    figure="figure-8",
    words=RATIO_IN_WORDS,
    judge=weight_gradients_level,
    untrained=True,
)


def standard_weight_gradients_diverge(measurements: Measurements) -> Verdict:
    """Judge how much they differ in the second half of training: a test over the seeds that both models have."""
    logs, numbers = {}, {}
    for kind, recipe in (("standard", TANH), ("normalized", TANH_N)):
        name = measurements.find(recipe)
        measurements.require_learned(name)
        courses = measurements.courses(name, "weight_gradient_std")
        ratios = pd.DataFrame({seed: np.log(_largest_over_smallest(name, std)) for seed, std in courses.items()})
        logs[kind] = ratios[ratios.index >= ratios.index[-1] / 2].mean()
        numbers[f"{kind}_largest_over_smallest"] = math.exp(logs[kind].mean())
        numbers[f"{kind}_at_initialization"] = math.exp(ratios.iloc[0].mean())
    differences = (logs["standard"] - logs["normalized"]).dropna()
    words = (
        f"the largest over the smallest layer with standard and normalized initialization "
        f"({numbers['standard_largest_over_smallest']:.2f} and {numbers['normalized_largest_over_smallest']:.2f})"
    )
    return verdict_on([Part(words, differences, numbers)])


STANDARD_WEIGHT_GRADIENTS_DIVERGE = Claim(
    id="standard-weight-gradients-diverge",
    section="4.3",
    sentence="During training, the scales of the layers' weight gradients grow further apart with the standard "
    "initialization than with the normalized one.",
    rule="Tanh: the rule divides the largest standard deviation of a hidden layer by the smallest, and averages the "
    "logarithm of this ratio over the second half of training. It is significantly larger with standard than with "
    f"normalized initialization (t-test, paired by seed, p < {LEVEL}). The claim fails if it is significantly smaller.",
    scale="overnight",
    figure="figure-9",
    words=RATIO_IN_WORDS | {"{}_at_initialization": "{} initialization: {number} times before training"},
    judge=standard_weight_gradients_diverge,
)


def _largest_over_smallest(name: str, std: pd.DataFrame) -> pd.Series:
    """Return max/min over the layers, the columns of `std`, in each row."""
    if std.shape[1] < 2:
        raise Undecided(f"{name} has only one hidden layer")
    if not (std > 0).all(axis=None):
        raise Undecided(f"{name} has a layer without weight gradients")
    return std.max(axis=1) / std.min(axis=1)
