"""The claims on weight gradients: alike in all layers at initialization (section 4.2.2), and during training (4.3)."""

import pandas as pd

from stages.claims.claim import Claim
from stages.claims.measurements import TANH, TANH_N, WATCHED, Measurements
from stages.claims.verdict import UNDECIDED, Undecided, Verdict, judged

# Layers are alike if their standard deviations lie within a factor of 2, and apart from twice that factor on. In a
# standard network at initialization, activations and back-propagated gradients differ tenfold.
ALIKE, APART = 2, 4

RATIO_IN_WORDS = {"{}_largest_over_smallest": "{} initialization: the largest is {number} times the smallest"}


def weight_gradients_level(measurements: Measurements) -> Verdict:
    """Judge how much the hidden layers' weight gradients differ at initialization."""
    ratios = {}
    for kind, recipe in (("standard", TANH), ("normalized", TANH_N)):
        name = measurements.find(recipe)
        hidden = measurements.initial(name, "weight_gradient_std").iloc[:-1]
        ratios[kind] = float(_largest_over_smallest(name, hidden.to_frame().T).iloc[0])
    return judged(
        max(ratios.values()) <= ALIKE,
        {f"{kind}_largest_over_smallest": ratio for kind, ratio in ratios.items()},
    )


WEIGHT_GRADIENTS_LEVEL = Claim(
    id="weight-gradients-level",
    section="4.2",
    sentence="At initialization, the weight gradients' variance is about the same in every layer, even with the "
    "standard initialization.",
    rule=f"Tanh: with either initialization, the hidden layers' standard deviations lie within a factor of {ALIKE}.",
    figure="figure-8",
    metric="standard_largest_over_smallest",
    words=RATIO_IN_WORDS,
    judge=weight_gradients_level,
)


def standard_weight_gradients_diverge(measurements: Measurements) -> Verdict:
    """Judge how much they differ in the second half of training: the median over the monitored updates."""
    later, first = {}, {}
    for kind, recipe in (("standard", TANH), ("normalized", TANH_N)):
        name = measurements.find(recipe)
        measurements.require_learned(name)
        ratios = _largest_over_smallest(name, measurements.course(name, "weight_gradient_std"))
        first[f"{kind}_at_initialization"] = float(ratios.iloc[0])
        later[kind] = float(ratios[ratios.index >= ratios.index[-1] / 2].median())
    numbers = {f"{kind}_largest_over_smallest": ratio for kind, ratio in later.items()} | first
    if later["standard"] >= APART and later["normalized"] <= ALIKE:
        return judged(True, numbers)
    if later["standard"] <= ALIKE or later["normalized"] >= APART:
        return judged(False, numbers)
    missing = (
        f"training is too short: the layers differ by a factor of {later['standard']:.2f} with standard and "
        f"{later['normalized']:.2f} with normalized initialization; alike is up to {ALIKE}, apart is from {APART}"
    )
    return Verdict(UNDECIDED, numbers, missing)


STANDARD_WEIGHT_GRADIENTS_DIVERGE = Claim(
    id="standard-weight-gradients-diverge",
    section="4.3",
    sentence="During training, the scales of the layers' weight gradients grow apart with the standard initialization, "
    "and stay alike with the normalized one.",
    rule=f"Tanh. {WATCHED} The rule divides the largest standard deviation of a hidden layer by the smallest. Over the "
    f"second half of training, the median of this ratio is at least {APART} with standard and at most {ALIKE} with "
    "normalized initialization.",
    figure="figure-9",
    metric="standard_largest_over_smallest",
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
