"""The claims of section 3: which layers saturate during training, when, and where activations end."""

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from stages.claims.claim import Claim
from stages.claims.evidence import AGREE, OVER_SEEDS, Part, together, verdict_on
from stages.claims.measurements import (
    FEWEST_LAYERS,
    LEARNED,
    PAPER_LAYERS,
    SIGMOID,
    SOFTSIGN,
    TANH,
    Measurements,
)
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided, Verdict

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

TENTHS = 10  # of |z|, as they are monitored
# The places of |z|: near 0, around 0.6 to 0.8 (a tenth more on either side), and at the bounds.
CENTRE, SHOULDERS, BOUNDS = (0.0, 0.5), (0.5, 0.9), (0.9, 1.0)

LONG_TRAINING = 5_000_000  # updates, the paper's: an event that has not happened by then does not happen
AFTER_ESCAPE = 2  # training must last so many times the updates of the escape before layer 1 counts as unsaturated


def sigmoid_top_saturates(measurements: Measurements) -> Verdict:
    """Judge when the top layer falls to 0, and the lower layers' means at the last update at which it is there."""
    name = measurements.find(SIGMOID, PAPER_LAYERS)
    tops = measurements.courses(name, "activation_p98", PAPER_LAYERS)
    means = measurements.courses(name, "activation_mean", PAPER_LAYERS)
    of_seeds = {seed: _top_saturates(tops[seed][PAPER_LAYERS], means[seed]) for seed in tops}
    return together("the top layer falls to 0 early and the others do not", of_seeds)


def _top_saturates(top: pd.Series, means: pd.DataFrame) -> Verdict:
    """Judge one seed by its top layer's 98th percentile and all layers' means."""
    at_zero = top.index[top < NEAR_ZERO]
    if at_zero.empty and top.index[-1] < EARLY_UPDATES:
        return Verdict(UNDECIDED, missing=f"{_too_short(top)}: the top layer is not at 0 yet")
    when = top.index[-1] if at_zero.empty else at_zero[-1]
    numbers = {"top_layer_p98": float(top[when])}
    if not at_zero.empty:
        numbers["at_0_after_updates"] = int(at_zero[0])
    numbers |= {f"layer_{layer}_mean": float(mean) for layer, mean in means.loc[when].items()}
    below = means.loc[when].iloc[:-1]
    early = not at_zero.empty and at_zero[0] <= EARLY_UPDATES
    rising = all(upper >= lower - ABOUT_EQUAL for lower, upper in pairwise(below))
    return _judged(early and below.min() >= ABOUT_HALF and rising, numbers)


SIGMOID_TOP_SATURATES = Claim(
    id="sigmoid-top-saturates",
    section="3.1",
    sentence="With sigmoid units and standard initialization, the top hidden layer's activations fall to 0 early in "
    "training. The layers below keep means of at least about 0.5, which increase towards the top.",
    rule=f"Five hidden layers: the 98th percentile of layer 5 falls below {NEAR_ZERO} within {EARLY_UPDATES:,} "
    f"updates. At the last update at which it is below {NEAR_ZERO}, layers 1 to 4 have means of at least {ABOUT_HALF}, "
    f"and none of these means is more than {ABOUT_EQUAL} lower than that of the layer below. {AGREE}",
    scale="overnight",
    figure="figure-2",
    words={
        "top_layer_p98": "the top layer's 98th percentile is {number}",
        "at_0_after_updates": "at 0 after {number} updates",
        "layer_{}_mean": "layer {}: mean {number}",
        "seeds": "{number} seeds",
    },
    judge=sigmoid_top_saturates,
)


def sigmoid_depth4_escapes(measurements: Measurements) -> Verdict:
    """Judge whether the top layer leaves 0 with four and with five hidden layers, and when layer 1 saturates."""
    tops, escapes = {}, {}
    for depth in (PAPER_LAYERS - 1, PAPER_LAYERS):
        name = measurements.find(SIGMOID, depth)
        learned, courses = measurements.has_learned(name, depth), measurements.courses(name, "activation_p98", depth)
        tops[depth] = {seed: course[depth] for seed, course in courses.items()}
        escapes[depth] = {seed: _escape(top, learned[seed]) for seed, top in tops[depth].items()}
    four, five = tops
    layer_1 = _outer(measurements, measurements.find(SIGMOID, four), four, SIGMOID_MIDDLE)
    of_seeds = {
        seed: _leaves_zero_alone(
            {depth: of_depth[seed] for depth, of_depth in tops.items()},
            {depth: of_depth[seed] for depth, of_depth in escapes.items()},
            layer_1[seed][1],
        )
        for seed in sorted(tops[four].keys() & tops[five].keys())
    }
    return together("with four layers the top leaves 0, with five it does not", of_seeds)


def _leaves_zero_alone(tops: dict[int, pd.Series], left: dict[int, int | None], layer_1: pd.Series) -> Verdict:
    """Judge one seed: by depth, the top layer's 98th percentile and when it left 0; layer 1 is that of four layers."""
    four, five = tops
    fallen = all((top < NEAR_ZERO).any() for top in tops.values())
    saturated = _first(layer_1 >= SIGMOID_SATURATED)
    last = tops[four].index[-1]
    numbers = {f"depth_{depth}_top_layer_p98": float(top.iloc[-1]) for depth, top in tops.items()}
    numbers |= {f"depth_{depth}_left_0_after_updates": update for depth, update in left.items() if update is not None}
    numbers["depth_4_layer_1_outer_percentile"] = float(layer_1.iloc[-1])
    if saturated is not None:
        numbers["depth_4_layer_1_saturated_after_updates"] = saturated
    if not fallen and last < EARLY_UPDATES:
        return Verdict(UNDECIDED, numbers, f"{_too_short(layer_1)}: the two top layers are not both at 0 yet")
    if not fallen or left[five] is not None:
        return Verdict(FAILS, numbers)
    if left[four] is None and last < LONG_TRAINING:
        return Verdict(UNDECIDED, numbers, f"{_too_short(layer_1)}: neither top layer has left 0 yet")
    if left[four] is None:
        return Verdict(FAILS, numbers)
    if last < AFTER_ESCAPE * left[four]:
        missing = f"{_too_short(layer_1)}: the top layer left 0 at update {left[four]:,}, what follows may be different"
        return Verdict(UNDECIDED, numbers, missing)
    lowest = tops[four].loc[: left[four]].idxmin()
    return _judged(saturated is not None and saturated > lowest, numbers)


SIGMOID_DEPTH4_ESCAPES = Claim(
    id="sigmoid-depth4-escapes",
    section="3.1",
    sentence="With four hidden layers, the top layer of the sigmoid network leaves 0 again after long training, and "
    "the first hidden layer then begins to saturate. With five, the top layer stays at 0.",
    rule=f"Four hidden layers: the 98th percentile of layer 4 falls below {NEAR_ZERO} and later rises to {RISEN} times "
    f"its minimum, with a test error below {LEARNED} of chance. An outer percentile of layer 1 comes within "
    f"{1 - SIGMOID_SATURATED:.3f} of 0 or 1, but only after that minimum. Five hidden layers: layer 5 falls and does "
    f"not rise like this. Training goes on for at least {AFTER_ESCAPE} times as many updates as the rise took. The "
    f"claim fails if neither has risen after {LONG_TRAINING:,} updates. {AGREE}",
    scale="overnight",
    figure="figure-2",
    words={
        "depth_{}_top_layer_p98": "{} hidden layers: the top layer's 98th percentile is {number}",
        "depth_{}_left_0_after_updates": "{} hidden layers: the top layer left 0 after {number} updates",
        "depth_{}_layer_{}_outer_percentile": "{} hidden layers: the outer percentile of layer {} is {number}",
        "depth_{}_layer_{}_saturated_after_updates": "{} hidden layers: layer {} saturated after {number} updates",
        "seeds": "{number} seeds",
    },
    judge=sigmoid_depth4_escapes,
)


def sigmoid_pretrained_escapes(measurements: Measurements) -> Verdict:
    """Judge whether the top layer of the pre-trained network ever falls to 0, as that of the plain one does."""
    pretrained = measurements.find_pretrained(SIGMOID)
    depth = int(measurements.seeds(pretrained)["hidden_layers"].iloc[0])
    tops, means = (measurements.courses(pretrained, f"activation_{one}") for one in ("p98", "mean"))
    plain = measurements.courses(measurements.find(SIGMOID, depth), "activation_p98", depth)
    of_seeds = {
        seed: _stays_away(tops[seed][depth], means[seed][depth], plain[seed][depth])
        for seed in sorted(tops.keys() & plain.keys())
    }
    return together("the pre-trained network's top layer never falls to 0", of_seeds)


def _stays_away(top: pd.Series, mean: pd.Series, plain: pd.Series) -> Verdict:
    """Judge one seed by its top layer's 98th percentile and mean, and the percentile without pre-training."""
    numbers = {
        "pretrained_lowest_top_layer_p98": float(top.min()),
        "plain_lowest_top_layer_p98": float(plain.min()),
        "pretrained_lowest_top_layer_mean": float(mean.min()),
    }
    away = min(top.min(), mean.min()) >= NEAR_ZERO
    if plain.min() >= NEAR_ZERO:
        missing = "without pre-training the top layer has not fallen to 0, so there is nothing to escape"
        return Verdict(UNDECIDED, numbers, missing)
    if away and top.index[-1] < EARLY_UPDATES:
        return Verdict(UNDECIDED, numbers, f"{_too_short(top)}: the top layer may still fall to 0")
    return _judged(away, numbers)


SIGMOID_PRETRAINED_ESCAPES = Claim(
    id="sigmoid-pretrained-escapes",
    section="3.1",
    sentence="After unsupervised pre-training, the top layer of a sigmoid network does not fall to 0.",
    rule=f"Neither the 98th percentile nor the mean of the top layer ever falls below {NEAR_ZERO}; without "
    f"pre-training the percentile does. {AGREE}",
    scale="overnight",
    figure="figure-2",
    words={
        "pretrained_lowest_top_layer_mean": "pre-trained: the top layer's lowest mean is {number}",
        "pretrained_lowest_top_layer_p98": "pre-trained: the top layer's lowest 98th percentile is {number}",
        "plain_lowest_top_layer_p98": "not pre-trained: the top layer's lowest 98th percentile is {number}",
        "seeds": "{number} seeds",
    },
    judge=sigmoid_pretrained_escapes,
)


def tanh_saturates_in_order(measurements: Measurements) -> Verdict:
    """Judge the order in which the layers saturate; layers that have not yet are ordered by their outer percentile."""
    name = measurements.find(TANH)
    measurements.require_learned(name)
    of_seeds = {seed: _in_order(outer) for seed, outer in _outer(measurements, name).items()}
    found = together("the layers saturate in order", of_seeds)
    if found.verdict != HOLDS:
        return found
    test = f"if the saturated layers had come in random order, all {len(of_seeds)} seeds would show this one so often"
    return replace(found, test=test, p=math.prod(_by_chance(one.numbers) for one in of_seeds.values()))


def _by_chance(numbers: dict[str, float]) -> float:
    """Return how often layers that saturate in random order come in this one; those that come at once have no order."""
    together = Counter(update for key, update in numbers.items() if key.endswith("_after_updates"))
    return math.prod(map(math.factorial, together.values())) / math.factorial(together.total())


def _in_order(outer: pd.DataFrame) -> Verdict:
    """Judge one seed by its layers' outer percentiles."""
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
            f"{_too_short(outer)}: at least {FEWEST_SATURATED} layers must saturate at different updates; "
            f"saturated: {len(saturated)}"
        )
        return Verdict(UNDECIDED, numbers, missing)
    waiting = [outer[layer].iloc[-1] for layer in outer if layer not in saturated]
    if any(lower < upper for lower, upper in pairwise(waiting)):
        missing = f"{_too_short(outer)}: an unsaturated layer is closer to saturation than a lower one"
        return Verdict(UNDECIDED, numbers, missing)
    return Verdict(HOLDS, numbers)


TANH_SATURATES_IN_ORDER = Claim(
    id="tanh-saturates-in-order",
    section="3.2",
    sentence="Tanh layers with standard initialization saturate one after another, from layer 1 up.",
    rule=f"A layer saturates when its 98th or 2nd percentile goes beyond ±{TANH_SATURATED}. At least "
    f"{FEWEST_SATURATED} layers saturate, at different updates, and none before a layer below it. Of the other layers, "
    f"none is closer to saturation than a layer below it. {AGREE}",
    scale="overnight",
    figure="figure-3",
    words={
        "saturated_layers": "number of saturated layers: {number}",
        "layer_{}_after_updates": "layer {} saturated after {number} updates",
        "layer_{}_outer_percentile": "layer {}: outer percentile {number}",
        "seeds": "{number} seeds",
    },
    judge=tanh_saturates_in_order,
)


def softsign_saturates_together(measurements: Measurements) -> Verdict:
    """Judge softsign against tanh when two tanh layers have saturated: how many units have, and how layers differ."""
    names = {recipe: measurements.find(recipe) for recipe in (SOFTSIGN, TANH)}
    for name in names.values():
        measurements.require_learned(name)
    outer = {recipe: _outer(measurements, name) for recipe, name in names.items()}
    beyond = {recipe: measurements.courses(name, f"activation_tenth_{TENTHS}") for recipe, name in names.items()}
    found = []
    for seed in sorted(outer[SOFTSIGN].keys() & outer[TANH].keys()):
        when = _first((outer[TANH][seed] > BOUNDS[0]).sum(axis=1) >= FEWEST_SATURATED)
        if when is None:
            too_few = f"fewer than {FEWEST_SATURATED} tanh layers of seed {seed} have saturated yet"
            raise Undecided(f"{_too_short(outer[TANH][seed])}: {too_few}")
        row = {"seed": seed, "after_updates": when}
        for recipe in names:
            at = outer[recipe][seed].loc[when]
            row[f"{recipe.activation}_share_at_bounds"] = beyond[recipe][seed].loc[when].mean()
            row[f"{recipe.activation}_level_of_other_layers"] = (at.drop(at.idxmax()) / at.max()).mean()
        found.append(row)
    table = pd.DataFrame(found).set_index("seed")
    numbers = {key: float(mean) for key, mean in table.mean().items()}
    levels = {units: table[f"{units}_level_of_other_layers"] for units in ("softsign", "tanh")}
    shares = {units: table[f"{units}_share_at_bounds"] for units in ("softsign", "tanh")}
    return verdict_on(
        [
            Part(
                "by how much more of tanh's activations than of softsign's are near the bounds",
                shares["tanh"] - shares["softsign"],
                numbers,
            ),
            Part(f"the level of softsign's other layers, above {TOGETHER}", levels["softsign"] - TOGETHER),
            Part("by how much softsign's layers are closer together than tanh's", levels["softsign"] - levels["tanh"]),
        ]
    )


SOFTSIGN_SATURATES_TOGETHER = Claim(
    id="softsign-saturates-together",
    section="3.3",
    sentence="Softsign layers saturate less than tanh layers, and all at about the same time.",
    rule=f"Both are judged at the first update at which the outer percentiles of {FEWEST_SATURATED} tanh layers of the "
    f"same seed, the 98th or the 2nd, are beyond ±{BOUNDS[0]}. A smaller share of softsign's activations than of "
    f"tanh's is beyond ±{BOUNDS[0]} then, on average over the layers. And softsign's layers move together: on average, "
    f"the outer percentiles of the others are more than {TOGETHER} of that of the layer with the largest, and closer "
    f"to it than those of tanh. Each is a {OVER_SEEDS}.",
    scale="overnight",
    figure="figure-3",
    words={
        "after_updates": "after {number} updates",
        "{}_share_at_bounds": "{}: {share} of the activations are near the bounds",
        "{}_level_of_other_layers": "{}: the other layers' outer percentiles are {number} of the largest",
    },
    judge=softsign_saturates_together,
)


def tanh_ends_at_extremes(measurements: Measurements) -> Verdict:
    """Judge the tenth of |z| in which the lower layers' activations are densest after training."""
    densest = {}
    for recipe in (TANH, SOFTSIGN):
        name = measurements.find(recipe)
        measurements.require_learned(name)
        densest[recipe] = _densest(measurements, name)
    seeds = sorted(densest[TANH].keys() & densest[SOFTSIGN].keys())
    of_seeds = {seed: _at_extremes(densest[TANH][seed], densest[SOFTSIGN][seed]) for seed in seeds}
    return together("tanh gathers at the bounds or around 0, softsign at the shoulders", of_seeds)


def _at_extremes(tanh: pd.Series, softsign: pd.Series) -> Verdict:
    """Judge one seed by the middle of the densest tenth of |z| of each lower layer."""
    numbers = {
        f"{units}_layer_{layer}_densest_at": float(at)
        for units, middles in (("tanh", tanh), ("softsign", softsign))
        for layer, at in middles.items()
    }
    of_tanh, of_softsign = (set(map(_place, middles)) for middles in (tanh, softsign))
    if SHOULDERS in of_tanh or BOUNDS in of_softsign:
        return Verdict(FAILS, numbers)
    if BOUNDS in of_tanh and of_softsign == {SHOULDERS}:
        return Verdict(HOLDS, numbers)
    waiting = "softsign" if BOUNDS in of_tanh else "tanh"
    missing = f"training is too short: activations in lower {waiting} layers still gather around 0"
    return Verdict(UNDECIDED, numbers, missing)


TANH_ENDS_AT_EXTREMES = Claim(
    id="tanh-ends-at-extremes",
    section="3.3",
    sentence="After training, tanh activations of the lower layers gather at −1 and 1 or near 0. Softsign's gather "
    "around ±(0.6 to 0.8), where the units are neither linear nor saturated.",
    rule="In the lower half of the layers, the rule looks for the tenth of |z| in which activations are densest after "
    f"training. For tanh, it is above {BOUNDS[0]} in at least one layer and below {CENTRE[1]} in all others. For "
    f"softsign, it is between {SHOULDERS[0]} and {SHOULDERS[1]}, that is within a tenth of 0.6 to 0.8. {AGREE}",
    scale="overnight",
    figure="figure-4",
    words={"{}_layer_{}_densest_at": "{}, layer {}: densest at {number}", "seeds": "{number} seeds"},
    judge=tanh_ends_at_extremes,
)


def _outer(
    measurements: Measurements, name: str, hidden_layers: int | None = None, middle: float = 0
) -> dict[int, pd.DataFrame]:
    """Return by seed the 98th percentile or the mirrored 2nd one, whichever is farther from the middle of the range."""
    upper, lower = (measurements.courses(name, f"activation_p{number}", hidden_layers) for number in (98, 2))
    outer = {seed: np.maximum(upper[seed], 2 * middle - lower[seed]) for seed in upper}
    layers = next(iter(outer.values())).shape[1]
    if layers < FEWEST_LAYERS:
        raise Undecided(f"{name} has {layers} hidden layers; needed: at least {FEWEST_LAYERS}")
    return outer


def _densest(measurements: Measurements, name: str) -> dict[int, pd.Series]:
    """Return by seed the middle of the densest tenth of |z| after training in each layer of the lower half."""
    tenths = [measurements.courses(name, f"activation_tenth_{tenth}") for tenth in range(1, TENTHS + 1)]
    found = {}
    for seed in tenths[0]:
        last = pd.DataFrame({(2 * number + 1) / (2 * TENTHS): one[seed].iloc[-1] for number, one in enumerate(tenths)})
        found[seed] = last.iloc[: len(last) // 2].idxmax(axis="columns")
    if next(iter(found.values())).empty:
        raise Undecided(f"{name} has only one hidden layer")
    return found


def _escape(top: pd.Series, learned: pd.Series) -> int | None:
    """Return the first update at which a layer that was at 0 has risen from its minimum and the network has learned."""
    at_zero, learned = (top < NEAR_ZERO).cummax(), learned.reindex(top.index, method="ffill", fill_value=False)
    return _first(at_zero & learned.astype(bool) & (top >= RISEN * top.cummin()))


def _first(condition: pd.Series) -> int | None:
    """Return the first update at which the condition is true, None if it never is."""
    updates = condition.index[condition]
    return int(updates[0]) if len(updates) else None


def _judged(holds: bool, numbers: dict[str, float]) -> Verdict:
    return Verdict(HOLDS if holds else FAILS, numbers)


def _too_short(course: pd.DataFrame | pd.Series) -> str:
    return f"training is too short, with {course.index[-1]:,} updates"


def _place(value: float) -> tuple[float, float]:
    """Return the place of |z| that `value` lies in."""
    return next(place for place in (CENTRE, SHOULDERS, BOUNDS) if place[0] < value < place[1])
