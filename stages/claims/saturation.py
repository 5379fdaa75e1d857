"""The claims of section 3: which layers saturate during training, when, and where activations end."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd

from stages.claims.claim import Claim
from stages.claims.measurements import (
    FEWEST_LAYERS,
    LEARNED,
    PAPER_LAYERS,
    SIGMOID,
    SOFTSIGN,
    TANH,
    WATCHED,
    Measurements,
)
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided, Verdict, judged

# A sigmoid layer is at 0 when its 98th percentile is below a tenth of the units' range; it has left 0 again when that
# percentile is so many times its minimum, which may be a small number still, and the network has learned.
NEAR_ZERO, RISEN = 0.1, 10
EARLY_UPDATES = 10_000  # early in training, with learning rates like the paper's
ABOUT_HALF = 0.45  # a mean that is at least about 0.5
ABOUT_EQUAL = 0.01  # a smaller difference between two means does not count

# A layer saturates when its outer percentile, the 98th or the 2nd, is where the slope is below 5 % of the steepest.
SIGMOID_SATURATED, TANH_SATURATED = 0.987, 0.975
SIGMOID_MIDDLE = 0.5
FEWEST_SATURATED = 2  # layers, to speak of an order

TOGETHER = 0.5  # of the largest outer percentile: the other layers' least average

# The places of |z|: near 0, around 0.6 to 0.8 (a tenth more on either side), and at the bounds.
CENTRE, SHOULDERS, BOUNDS = (0.0, 0.5), (0.5, 0.9), (0.9, 1.0)

LONG_TRAINING = 5_000_000  # updates, the paper's: an event that has not happened by then does not happen
AFTER_ESCAPE = 2  # training must last so many times the updates of the escape before layer 1 counts as unsaturated


def sigmoid_top_saturates(measurements: Measurements) -> Verdict:
    """Judge when the top layer falls to 0, and the lower layers' means at the last update at which it is there."""
    name = measurements.find(SIGMOID, PAPER_LAYERS)
    top = measurements.course(name, "activation_p98", PAPER_LAYERS)[PAPER_LAYERS]
    at_zero = top.index[top < NEAR_ZERO]
    if at_zero.empty and top.index[-1] < EARLY_UPDATES:
        raise Undecided(f"{_too_short(top)}: the top layer of {name} is not at 0 yet")
    when = top.index[-1] if at_zero.empty else at_zero[-1]
    means = measurements.course(name, "activation_mean", PAPER_LAYERS).loc[when]
    numbers = {"top_layer_p98": float(top[when])}
    if not at_zero.empty:
        numbers["at_0_after_updates"] = int(at_zero[0])
    numbers |= {f"layer_{layer}_mean": float(mean) for layer, mean in means.items()}
    below = means.iloc[:-1]
    early = not at_zero.empty and at_zero[0] <= EARLY_UPDATES
    rising = all(upper >= lower - ABOUT_EQUAL for lower, upper in pairwise(below))
    return judged(bool(early and below.min() >= ABOUT_HALF and rising), numbers)


SIGMOID_TOP_SATURATES = Claim(
    id="sigmoid-top-saturates",
    section="3.1",
    sentence="With sigmoid units and standard initialization, the top hidden layer's activations fall to 0 early in "
    "training. The layers below keep means of at least about 0.5, which increase towards the top.",
    rule=f"Five hidden layers: the 98th percentile of layer 5 falls below {NEAR_ZERO} within {EARLY_UPDATES:,} "
    f"updates. At the last update at which it is below {NEAR_ZERO}, layers 1 to 4 have means of at least {ABOUT_HALF}, "
    f"and none of these means is more than {ABOUT_EQUAL} lower than that of the layer below.",
    figure="figure-2",
    metric="top_layer_p98",
    words={
        "top_layer_p98": "the top layer's 98th percentile is {number}",
        "at_0_after_updates": "at 0 after {number} updates",
        "layer_{}_mean": "layer {}: mean {number}",
    },
    judge=sigmoid_top_saturates,
)


def sigmoid_depth4_escapes(measurements: Measurements) -> Verdict:
    """Judge whether the top layer leaves 0 with four and with five hidden layers, and when layer 1 saturates."""
    names = {depth: measurements.find(SIGMOID, depth) for depth in (PAPER_LAYERS - 1, PAPER_LAYERS)}
    tops = {depth: measurements.course(name, "activation_p98", depth)[depth] for depth, name in names.items()}
    came = {depth: _first(top < NEAR_ZERO) for depth, top in tops.items()}
    left = {depth: _escape(tops[depth], measurements.has_learned(name, depth)) for depth, name in names.items()}
    four, five = tops
    layer_1 = _outer(measurements, names[four], four, SIGMOID_MIDDLE)[1]
    saturated = _first(layer_1 >= SIGMOID_SATURATED)
    last = tops[four].index[-1]
    numbers = {f"depth_{depth}_top_layer_p98": float(top.iloc[-1]) for depth, top in tops.items()}
    numbers |= {f"depth_{depth}_left_0_after_updates": update for depth, update in left.items() if update is not None}
    numbers["depth_4_layer_1_outer_percentile"] = float(layer_1.iloc[-1])
    if saturated is not None:
        numbers["depth_4_layer_1_saturated_after_updates"] = saturated
    if None in came.values() and last < EARLY_UPDATES:
        return Verdict(UNDECIDED, numbers, f"{_too_short(layer_1)}: the two top layers are not both at 0 yet")
    if None in came.values() or left[five] is not None:
        return Verdict(FAILS, numbers)
    if left[four] is None and last < LONG_TRAINING:
        return Verdict(UNDECIDED, numbers, f"{_too_short(layer_1)}: neither top layer has left 0 yet")
    if left[four] is None:
        return Verdict(FAILS, numbers)
    if saturated is None and last < AFTER_ESCAPE * left[four]:
        missing = f"{_too_short(layer_1)}: the top layer left 0 at update {left[four]:,}, layer 1 has not saturated yet"
        return Verdict(UNDECIDED, numbers, missing)
    lowest = tops[four].loc[: left[four]].idxmin()
    return judged(saturated is not None and saturated > lowest, numbers)


SIGMOID_DEPTH4_ESCAPES = Claim(
    id="sigmoid-depth4-escapes",
    section="3.1",
    sentence="With four hidden layers, the top layer of the sigmoid network leaves 0 again after long training, and "
    "the first hidden layer then begins to saturate. With five, the top layer stays at 0.",
    rule=f"Four hidden layers: the 98th percentile of layer 4 falls below {NEAR_ZERO} and later rises to {RISEN} times "
    f"its minimum, with a test error below {LEARNED} of chance. An outer percentile of layer 1 comes within "
    f"{1 - SIGMOID_SATURATED:.3f} of 0 or 1, but only after that minimum. Five hidden layers: layer 5 falls and does "
    f"not rise like this. The claim fails if neither has risen after {LONG_TRAINING:,} updates.",
    figure="figure-2",
    metric="depth_4_top_layer_p98",
    words={
        "depth_{}_top_layer_p98": "{} hidden layers: the top layer's 98th percentile is {number}",
        "depth_{}_left_0_after_updates": "{} hidden layers: the top layer left 0 after {number} updates",
        "depth_{}_layer_{}_outer_percentile": "{} hidden layers: the outer percentile of layer {} is {number}",
        "depth_{}_layer_{}_saturated_after_updates": "{} hidden layers: layer {} saturated after {number} updates",
    },
    judge=sigmoid_depth4_escapes,
)


def sigmoid_pretrained_escapes(measurements: Measurements) -> Verdict:
    """Judge whether the top layer of the pre-trained network ever falls to 0, as that of the plain one does."""
    pretrained = measurements.find_pretrained(SIGMOID)
    depth = int(measurements.watched_run(pretrained)["hidden_layers"])
    plain = measurements.find(SIGMOID, depth)
    tops = {
        kind: measurements.course(name, "activation_p98", depth)[depth]
        for kind, name in (("pretrained", pretrained), ("plain", plain))
    }
    mean = float(measurements.course(pretrained, "activation_mean", depth)[depth].min())
    numbers = {f"{kind}_lowest_top_layer_p98": float(top.min()) for kind, top in tops.items()}
    numbers["pretrained_lowest_top_layer_mean"] = mean
    away = min(mean, numbers["pretrained_lowest_top_layer_p98"]) >= NEAR_ZERO
    if numbers["plain_lowest_top_layer_p98"] >= NEAR_ZERO:
        return Verdict(
            UNDECIDED, numbers, f"the top layer of {plain} has not fallen to 0, so there is nothing to escape"
        )
    if away and tops["pretrained"].index[-1] < EARLY_UPDATES:
        return Verdict(UNDECIDED, numbers, f"{_too_short(tops['pretrained'])}: {pretrained} may still fall to 0")
    return judged(away, numbers)


SIGMOID_PRETRAINED_ESCAPES = Claim(
    id="sigmoid-pretrained-escapes",
    section="3.1",
    sentence="After unsupervised pre-training, the top layer of a sigmoid network does not fall to 0.",
    rule=f"{WATCHED} Neither the 98th percentile nor the mean of its top layer ever falls below {NEAR_ZERO}; without "
    "pre-training the percentile does.",
    figure="figure-2",
    metric="pretrained_lowest_top_layer_p98",
    words={
        "pretrained_lowest_top_layer_mean": "pre-trained: the top layer's lowest mean is {number}",
        "pretrained_lowest_top_layer_p98": "pre-trained: the top layer's lowest 98th percentile is {number}",
        "plain_lowest_top_layer_p98": "not pre-trained: the top layer's lowest 98th percentile is {number}",
    },
    judge=sigmoid_pretrained_escapes,
)


def tanh_saturates_in_order(measurements: Measurements) -> Verdict:
    """Judge the order in which the layers saturate; layers that have not yet are ordered by their outer percentile."""
    name = measurements.find(TANH)
    measurements.require_learned(name)
    outer = _outer(measurements, name)
    _require_layers(name, outer)
    onsets = {layer: _first(outer[layer] >= TANH_SATURATED) for layer in outer}
    saturated = {layer: update for layer, update in onsets.items() if update is not None}
    numbers = {"saturated_layers": len(saturated)}
    numbers |= {f"layer_{layer}_after_updates": update for layer, update in saturated.items()}
    numbers |= {f"layer_{layer}_outer_percentile": float(outer[layer].iloc[-1]) for layer in outer}
    times = [math.inf if update is None else update for update in onsets.values()]
    if any(lower > upper for lower, upper in pairwise(times)):
        return Verdict(FAILS, numbers)
    if len(set(saturated.values())) < FEWEST_SATURATED:
        missing = (
            f"{_too_short(outer)}: at least {FEWEST_SATURATED} layers of {name} must saturate at different updates; "
            f"saturated: {len(saturated)}"
        )
        return Verdict(UNDECIDED, numbers, missing)
    waiting = [outer[layer].iloc[-1] for layer in outer if layer not in saturated]
    if any(lower < upper for lower, upper in pairwise(waiting)):
        missing = f"{_too_short(outer)}: an unsaturated layer of {name} is closer to saturation than a lower one"
        return Verdict(UNDECIDED, numbers, missing)
    return Verdict(HOLDS, numbers)


TANH_SATURATES_IN_ORDER = Claim(
    id="tanh-saturates-in-order",
    section="3.2",
    sentence="Tanh layers with standard initialization saturate one after another, from layer 1 up.",
    rule=f"{WATCHED} A layer saturates when its 98th or 2nd percentile goes beyond ±{TANH_SATURATED}. At least "
    f"{FEWEST_SATURATED} layers saturate, at different updates, and none before a layer below it. Of the other layers, "
    "none is closer to saturation than a layer below it.",
    figure="figure-3",
    metric="saturated_layers",
    words={
        "saturated_layers": "number of saturated layers: {number}",
        "layer_{}_after_updates": "layer {} saturated after {number} updates",
        "layer_{}_outer_percentile": "layer {}: outer percentile {number}",
    },
    judge=tanh_saturates_in_order,
)


def softsign_saturates_together(measurements: Measurements) -> Verdict:
    """Judge softsign against tanh when two tanh layers have saturated: how many units have, and how layers differ."""
    outer = {}
    for recipe in (SOFTSIGN, TANH):
        name = measurements.find(recipe)
        measurements.require_learned(name)
        outer[recipe] = _outer(measurements, name)
        _require_layers(name, outer[recipe])
    when = _first((outer[TANH] > BOUNDS[0]).sum(axis=1) >= FEWEST_SATURATED)
    if when is None:
        raise Undecided(f"{_too_short(outer[TANH])}: fewer than {FEWEST_SATURATED} tanh layers have saturated yet")
    shares, levels, numbers = {}, {}, {"after_updates": when}
    for recipe, course in outer.items():
        at = course.loc[when]
        levels[recipe] = float((at.drop(at.idxmax()) / at.max()).mean())
        tenths = _tenths(measurements.activations(measurements.find(recipe), when))
        shares[recipe] = float(_within(tenths, BOUNDS).sum(axis=1).mean())
        found = {"share_at_bounds": shares[recipe], "level_of_other_layers": levels[recipe]}
        numbers |= {f"{recipe.activation}_{key}": value for key, value in found.items()}
    together = levels[SOFTSIGN] >= TOGETHER and levels[SOFTSIGN] > levels[TANH]
    return judged(together and shares[SOFTSIGN] < shares[TANH], numbers)


SOFTSIGN_SATURATES_TOGETHER = Claim(
    id="softsign-saturates-together",
    section="3.3",
    sentence="Softsign layers saturate less than tanh layers, and all at about the same time.",
    rule=f"Both are judged at the first update at which the outer percentiles of {FEWEST_SATURATED} tanh layers, the "
    f"98th or the 2nd, are beyond ±{BOUNDS[0]}. A smaller share of softsign's activations than of tanh's is beyond "
    f"±{BOUNDS[0]} then, on average over the chosen run's layers. And softsign's layers move together: on average, the "
    f"outer percentiles of the others are at least {TOGETHER} of that of the layer with the largest, and closer to it "
    f"than those of tanh. For this part, {WATCHED[0].lower()}{WATCHED[1:]}",
    figure="figure-3",
    metric="softsign_level_of_other_layers",
    words={
        "after_updates": "after {number} updates",
        "{}_share_at_bounds": "{}: {share} of the activations are near the bounds",
        "{}_level_of_other_layers": "{}: the other layers' outer percentiles are {number} of the largest",
        # of the record that was judged by an earlier rule
        "{}_way_of_other_layers": "{}: the other layers have come {number} of the way",
        "{}_share_of_small_slope": "{}: {share} of the activations have a small slope",
        "{}_first_saturates_after_updates": "{}: the first layer saturates after {number} updates",
    },
    judge=softsign_saturates_together,
)


def tanh_ends_at_extremes(measurements: Measurements) -> Verdict:
    """Judge the tenth of |z| in which the lower layers' activations are densest after training."""
    places, numbers = {}, {}
    for recipe in (TANH, SOFTSIGN):
        name = measurements.find(recipe)
        measurements.require_learned(name)
        tenths = _tenths(measurements.activations(name))
        lower = tenths.iloc[: len(tenths) // 2]
        if lower.empty:
            raise Undecided(f"{name} has only one hidden layer")
        places[recipe] = [_place(densest) for densest in lower.idxmax(axis=1)]
        numbers |= {f"{recipe.activation}_layer_{layer}_densest_at": at for layer, at in lower.idxmax(axis=1).items()}
    if SHOULDERS in places[TANH] or BOUNDS in places[SOFTSIGN]:
        return Verdict(FAILS, numbers)
    if BOUNDS in places[TANH] and set(places[SOFTSIGN]) == {SHOULDERS}:
        return Verdict(HOLDS, numbers)
    waiting = TANH if BOUNDS not in places[TANH] else SOFTSIGN
    missing = f"training is too short: activations in lower {waiting.activation} layers still gather around 0"
    return Verdict(UNDECIDED, numbers, missing)


TANH_ENDS_AT_EXTREMES = Claim(
    id="tanh-ends-at-extremes",
    section="3.3",
    sentence="After training, tanh activations of the lower layers gather at −1 and 1 or near 0. Softsign's gather "
    "around ±(0.6 to 0.8), where the units are neither linear nor saturated.",
    rule="In the lower half of the chosen run's layers, the rule looks for the tenth of |z| in which activations are "
    f"densest. For tanh, it is above {BOUNDS[0]} in at least one layer and below {CENTRE[1]} in all others. For "
    f"softsign, it is between {SHOULDERS[0]} and {SHOULDERS[1]}, that is around 0.6 to 0.8.",
    figure="figure-4",
    metric="tanh_layer_1_densest_at",
    words={"{}_layer_{}_densest_at": "{}, layer {}: densest at {number}"},
    judge=tanh_ends_at_extremes,
)


def _outer(measurements: Measurements, name: str, hidden_layers: int | None = None, middle: float = 0) -> pd.DataFrame:
    """Return the 98th percentile or the mirrored 2nd one, whichever is farther from the middle of the units' range."""
    upper, lower = (measurements.course(name, f"activation_p{number}", hidden_layers) for number in (98, 2))
    return np.maximum(upper, 2 * middle - lower)


def _escape(top: pd.Series, learned: pd.Series) -> int | None:
    """Return the first update at which a layer that was at 0 has risen from its minimum and the network has learned."""
    at_zero, learned = (top < NEAR_ZERO).cummax(), learned.reindex(top.index, method="ffill", fill_value=False)
    return _first(at_zero & learned.astype(bool) & (top >= RISEN * top.cummin()))


def _first(condition: pd.Series) -> int | None:
    """Return the first update at which the condition is true, None if it never is."""
    updates = condition.index[condition]
    return int(updates[0]) if len(updates) else None


def _too_short(course: pd.DataFrame | pd.Series) -> str:
    return f"training is too short, with {course.index[-1]:,} updates"


def _tenths(histograms: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each layer's activations, a row, in each tenth of |z|, a column named by its middle."""
    middle = (histograms["left"] + histograms["right"]).abs() / 2
    tenth = (np.floor(10 * middle) / 10 + 0.05).round(2).clip(upper=0.95)
    share = histograms["density"] * (histograms["right"] - histograms["left"])
    return share.groupby([histograms["layer"], tenth]).sum().unstack(fill_value=0.0)


def _within(tenths: pd.DataFrame, place: tuple[float, float]) -> pd.DataFrame:
    return tenths.loc[:, [place[0] < middle < place[1] for middle in tenths]]


def _place(value: float) -> tuple[float, float]:
    """Return the place of |z| that `value` lies in."""
    return next(place for place in (CENTRE, SHOULDERS, BOUNDS) if place[0] < value < place[1])


def _require_layers(name: str, courses: pd.DataFrame) -> None:
    if courses.shape[1] < FEWEST_LAYERS:
        raise Undecided(f"{name} has {courses.shape[1]} hidden layers; needed: at least {FEWEST_LAYERS}")
