"""Claims on saturation, judged on made-up courses of a few updates, of five seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import factorial

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from stages.claims import saturation
from stages.claims.measurements import SIGMOID, SOFTSIGN, TANH
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided, Verdict
from tests.claims.made_up import DIVERGED, PRETRAINING, SEEDS, around, measurements, monitored, seed_runs

LONG = (0, 500, 20_000, 50_000, 100_000)
SHORT = (0, 100, 200, 500, 1000)
PAPERS = (0, 500, 20_000, 1_000_000, 5_000_000)
SIGMOIDS = {"four": replace(SIGMOID, hidden_layers=[4]), "five": SIGMOID}
PRETRAINED = {"plain": SIGMOID, "pre": replace(SIGMOID, pretraining=PRETRAINING)}

STAYS_AT_0 = [0.6, 0.05, 0.01, 0.01, 0.01]
COMES_LATE = [0.6, 0.6, 0.6, 0.05, 0.01]
NEVER_COMES = [0.6, 0.6, 0.6, 0.6, 0.6]
LEAVES_0 = [0.6, 0.05, 0.05, 0.7, 0.9]
LEAVES_AT_THE_END = [0.6, 0.05, 0.05, 0.05, 0.7]
LEAVES_AS_MEASURED = [0.6, 0.05, 0.003, 0.07, 0.13]
LEARNS, NEVER_LEARNS = [0.83, 0.83, 0.83, 0.5, 0.33], [0.83] * 5


def last_seed(tables: Mapping[str, pd.DataFrame], other: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables with the last seed's courses from other tables."""
    return {
        name: pd.concat([table[table["seed"] < SEEDS - 1], other[name][other[name]["seed"] == SEEDS - 1]])
        for name, table in tables.items()
    }


def one_of(found: Verdict) -> dict[int, str]:
    """The verdicts by seed on a claim whose seeds have to agree."""
    (by_seed,) = found.by_seed.values()
    return by_seed


def sigmoid_means(*after: float) -> dict[int, list[float]]:
    """Layer → means that are 0.5 at first, and then these of layers 1 to 4, and 0 of layer 5."""
    return {layer: [0.5] + [mean] * 4 for layer, mean in enumerate([*after, 0.0], start=1)}


def top_and_below(top: Sequence[float], below: Sequence[float], updates: Sequence[int] = LONG):
    courses = {"activation_p98": {1: NEVER_COMES, 5: top}, "activation_mean": sigmoid_means(*below)}
    return monitored("five", updates, courses)


RISING = (0.5, 0.52, 0.6, 0.8)


@pytest.mark.parametrize(
    ("top", "below", "updates", "verdict"),
    [
        (STAYS_AT_0, RISING, LONG, HOLDS),
        (STAYS_AT_0, RISING, SHORT, HOLDS),  # early enough, however short training is
        (STAYS_AT_0, (0.5, 0.495, 0.6, 0.8), LONG, HOLDS),  # layer 2 is no lower to speak of
        (STAYS_AT_0, (0.5, 0.6, 0.5, 0.8), LONG, FAILS),  # layer 3 is lower than layer 2
        (STAYS_AT_0, (0.3, 0.5, 0.6, 0.8), LONG, FAILS),  # layer 1 is not at one half
        (COMES_LATE, RISING, LONG, FAILS),
        (NEVER_COMES, RISING, LONG, FAILS),
        (NEVER_COMES, RISING, SHORT, UNDECIDED),  # not yet
    ],
)
def test_sigmoid_top_saturates(top, below, updates, verdict):
    found = saturation.sigmoid_top_saturates(measurements({"five": SIGMOID}, top_and_below(top, below, updates)))
    assert found.verdict == verdict
    assert one_of(found) == dict.fromkeys(range(5), verdict)
    if verdict == UNDECIDED:
        assert found.missing == "seed 0: training is too short, with 1,000 updates: the top layer is not at 0 yet"
    else:
        assert found.numbers["layer_1_mean"] == below[0]
        last_at_0 = [value for value in top if value < 0.1] or [top[-1]]
        assert found.numbers["top_layer_p98"] == pytest.approx(last_at_0[-1])


def test_the_means_are_those_at_the_last_update_at_0():
    # later, the lower layers' means fall too; at updates 500 and 20,000 the top layer is at 0
    courses = {"activation_p98": {1: NEVER_COMES, 5: LEAVES_0}, "activation_mean": sigmoid_means(*RISING)}
    courses["activation_mean"][1] = [0.5, 0.1, 0.5, 0.1, 0.1]
    found = saturation.sigmoid_top_saturates(measurements({"five": SIGMOID}, monitored("five", LONG, courses)))
    assert (found.verdict, found.numbers["at_0_after_updates"]) == (HOLDS, 500)


def test_sigmoid_top_saturates_needs_five_layers_and_no_divergence():
    with pytest.raises(Undecided, match="5 hidden layers"):
        saturation.sigmoid_top_saturates(measurements({"four": SIGMOIDS["four"]}, {}))
    tables = top_and_below(STAYS_AT_0, RISING)
    tables["runs/shapeset/five/runs"] = seed_runs([0.1, DIVERGED, 0.1, 0.1, 0.1])
    with pytest.raises(Undecided, match="seed 1 of five diverged"):
        saturation.sigmoid_top_saturates(measurements({"five": SIGMOID}, tables))


def test_one_seed_that_shows_something_else_leaves_it_undecided():
    tables = last_seed(top_and_below(STAYS_AT_0, RISING), top_and_below(NEVER_COMES, RISING))
    found = saturation.sigmoid_top_saturates(measurements({"five": SIGMOID}, tables))
    assert (found.verdict, found.missing) == (UNDECIDED, "the seeds do not agree (4 holds, 1 fails)")
    assert one_of(found)[4] == FAILS


def sigmoids(four, layer_1, five, updates=LONG, errors=LEARNS) -> dict[str, pd.DataFrame]:
    """Networks of four and five layers with these 98th percentiles of the top layers, and of layer 1 of the former."""
    of_layers = {"activation_p98": {1: layer_1, 4: four}, "activation_p2": {1: [0.4] * 5}}
    tables = monitored("four", updates, of_layers, 4, errors=errors)
    return tables | monitored("five", updates, {"activation_p98": {1: NEVER_COMES, 5: five}}, errors=errors)


def judge_sigmoids(*args, **others) -> Verdict:
    return saturation.sigmoid_depth4_escapes(measurements(SIGMOIDS, sigmoids(*args, **others)))


@pytest.mark.parametrize(
    ("four", "layer_1", "five", "updates", "verdict"),
    [
        (LEAVES_0, [0.7, 0.7, 0.8, 0.99, 1.0], STAYS_AT_0, LONG, HOLDS),
        (LEAVES_AS_MEASURED, [0.7, 0.7, 0.72, 0.99, 1.0], STAYS_AT_0, LONG, HOLDS),  # though it stays near 0
        (LEAVES_0, [0.7, 0.99, 1.0, 1.0, 1.0], STAYS_AT_0, LONG, FAILS),  # layer 1 saturates while the top is at 0
        (LEAVES_0, [0.7, 0.7, 0.8, 0.99, 1.0], LEAVES_0, LONG, FAILS),  # at five it leaves too
        (STAYS_AT_0, [0.7] * 5, LEAVES_0, LONG, FAILS),  # it leaves at five, not at four
        (NEVER_COMES, [0.7] * 5, STAYS_AT_0, LONG, FAILS),  # it was never there
        (STAYS_AT_0, [0.7] * 5, STAYS_AT_0, LONG, UNDECIDED),  # neither leaves
        (STAYS_AT_0, [0.7] * 5, STAYS_AT_0, PAPERS, FAILS),  # … however long training is
        (NEVER_COMES, [0.7] * 5, STAYS_AT_0, SHORT, UNDECIDED),  # not there yet
        (LEAVES_AT_THE_END, [0.7] * 5, STAYS_AT_0, LONG, UNDECIDED),  # layer 1 may still saturate
        ([0.6, 0.005, 0.7, 0.8, 0.9], [0.7] * 5, STAYS_AT_0, (0, 5, 9, 30, 100), FAILS),  # … here it had the time
    ],
)
def test_sigmoid_depth4_escapes(four, layer_1, five, updates, verdict):
    found = judge_sigmoids(four, layer_1, five, updates)
    assert found.verdict == verdict
    assert one_of(found) == dict.fromkeys(range(5), verdict)
    assert (found.missing is not None) == (verdict == UNDECIDED)
    assert found.numbers["depth_4_top_layer_p98"] == pytest.approx(four[-1])
    assert found.numbers["depth_5_top_layer_p98"] == pytest.approx(five[-1])


def test_saturation_at_the_lower_bound_counts_too():
    tables = sigmoids(LEAVES_0, [0.7] * 5, STAYS_AT_0)
    table = tables["runs/shapeset/four/monitored"]
    table.loc[(table["layer"] == 1) & (table["update"] >= 50_000), "activation_p2"] = 0.01
    found = saturation.sigmoid_depth4_escapes(measurements(SIGMOIDS, tables))
    assert (found.verdict, found.numbers["depth_4_layer_1_saturated_after_updates"]) == (HOLDS, 50_000)


@pytest.mark.parametrize(("end", "verdict"), [(100_000, HOLDS), (99_000, UNDECIDED)])
def test_five_layers_have_twice_the_time_in_which_four_left_0(end, verdict):
    found = judge_sigmoids(LEAVES_0, [0.7, 0.7, 0.8, 0.99, 1.0], STAYS_AT_0, (0, 500, 20_000, 50_000, end))
    assert found.verdict == verdict
    if verdict == UNDECIDED:
        assert "the top layer left 0 at update 50,000, what follows may be different" in found.missing


def test_a_sigmoid_that_has_not_learned_has_not_escaped():
    found = judge_sigmoids(LEAVES_0, [0.7] * 5, STAYS_AT_0, errors=NEVER_LEARNS)
    assert found.verdict == UNDECIDED
    assert "neither top layer has left 0 yet" in found.missing


def test_a_sigmoid_that_escapes_for_one_seed_less_is_undecided():
    escaping = (LEAVES_0, [0.7, 0.7, 0.8, 0.99, 1.0], STAYS_AT_0)
    tables = last_seed(sigmoids(*escaping), sigmoids(STAYS_AT_0, *escaping[1:]))
    found = saturation.sigmoid_depth4_escapes(measurements(SIGMOIDS, tables))
    assert found.verdict == UNDECIDED
    assert found.missing.startswith("the seeds do not agree (4 holds, 1 undecided); seed 4: training is too short")


def test_sigmoid_depth4_escapes_needs_four_layers():
    with pytest.raises(Undecided, match="4 hidden layers"):
        saturation.sigmoid_depth4_escapes(measurements({"five": SIGMOID}, {}))


def pretrained_and_plain(pretrained, mean, plain, updates=LONG) -> dict[str, pd.DataFrame]:
    courses = {"activation_p98": {1: NEVER_COMES, 5: pretrained}, "activation_mean": {1: [0.5] * 5, 5: mean}}
    tables = monitored("plain", updates, {"activation_p98": {1: NEVER_COMES, 5: plain}})
    return tables | monitored("pre", updates, courses)


@pytest.mark.parametrize(
    ("pretrained", "mean", "plain", "updates", "verdict"),
    [
        (NEVER_COMES, [0.5] * 5, STAYS_AT_0, LONG, HOLDS),
        (STAYS_AT_0, [0.5] * 5, STAYS_AT_0, LONG, FAILS),
        (NEVER_COMES, [0.5, 0.03, 0.5, 0.5, 0.5], STAYS_AT_0, LONG, FAILS),  # most units are at 0, some are not
        (LEAVES_0, [0.5] * 5, STAYS_AT_0, LONG, FAILS),
        (NEVER_COMES, [0.5] * 5, NEVER_COMES, LONG, UNDECIDED),  # nothing to escape
        (NEVER_COMES, [0.5] * 5, STAYS_AT_0, SHORT, UNDECIDED),
    ],
)
def test_sigmoid_pretrained_escapes(pretrained, mean, plain, updates, verdict):
    tables = pretrained_and_plain(pretrained, mean, plain, updates)
    found = saturation.sigmoid_pretrained_escapes(measurements(PRETRAINED, tables))
    assert found.verdict == verdict
    assert one_of(found) == dict.fromkeys(range(5), verdict)
    assert found.numbers["pretrained_lowest_top_layer_p98"] == pytest.approx(min(pretrained))
    assert found.numbers["pretrained_lowest_top_layer_mean"] == pytest.approx(min(mean))
    assert found.numbers["plain_lowest_top_layer_p98"] == pytest.approx(min(plain))


def test_one_pretrained_seed_that_falls_leaves_it_undecided():
    staying_away, falling = (pretrained_and_plain(top, [0.5] * 5, STAYS_AT_0) for top in (NEVER_COMES, STAYS_AT_0))
    tables = last_seed(staying_away, falling)
    found = saturation.sigmoid_pretrained_escapes(measurements(PRETRAINED, tables))
    assert (found.verdict, found.missing) == (UNDECIDED, "the seeds do not agree (4 holds, 1 fails)")


def test_sigmoid_pretrained_escapes_needs_a_pretrained_model():
    with pytest.raises(Undecided, match="sigmoid units and pre-training"):
        saturation.sigmoid_pretrained_escapes(measurements({"plain": SIGMOID}, {}))


def of_layers(*layers: Sequence[float], low: bool = False) -> dict[str, pd.DataFrame]:
    """A tanh network with these 98th percentiles by layer, or with 2nd percentiles that mirror them."""
    upper = {layer: list(course) for layer, course in enumerate(layers, start=1)}
    lower = {layer: [-value for value in course] for layer, course in upper.items()}
    at_0 = {1: [0.0] * 5}
    courses = {"activation_p98": at_0 if low else upper, "activation_p2": lower if low else at_0}
    return monitored("tanh", LONG, courses, len(layers))


AT_ONCE, SOON, LATE = [0.6, 0.98, 1.0, 1.0, 1.0], [0.4, 0.5, 0.98, 1.0, 1.0], [0.2, 0.3, 0.4, 0.98, 1.0]
NEVER, CLOSER = [0.2, 0.3, 0.4, 0.5, 0.6], [0.4, 0.5, 0.6, 0.7, 0.8]


@pytest.mark.parametrize("low", [False, True])  # saturation at −1 is saturation too
@pytest.mark.parametrize(
    ("layers", "verdict", "saturated"),
    [
        ([AT_ONCE, SOON, LATE], HOLDS, 3),
        ([AT_ONCE, SOON, NEVER], HOLDS, 2),
        ([SOON, AT_ONCE, NEVER], FAILS, 2),
        ([NEVER, AT_ONCE, NEVER], FAILS, 1),
        ([SOON, CLOSER, NEVER], UNDECIDED, 1),  # only one has
        ([SOON, SOON, NEVER], UNDECIDED, 2),  # at once
        ([AT_ONCE, SOON, NEVER, CLOSER], UNDECIDED, 2),  # a higher layer is ahead
    ],
)
def test_tanh_saturates_in_order(layers, verdict, saturated, low):
    found = saturation.tanh_saturates_in_order(measurements({"tanh": TANH}, of_layers(*layers, low=low)))
    assert found.verdict == verdict
    assert one_of(found) == dict.fromkeys(range(5), verdict)
    assert found.numbers["saturated_layers"] == saturated
    assert found.numbers["layer_3_outer_percentile"] == pytest.approx(layers[2][-1])
    if verdict == HOLDS:
        assert found.p == pytest.approx(factorial(saturated) ** -5.0)  # five times the one order of so many
    else:
        assert found.p is None


def test_one_seed_in_another_order_leaves_it_undecided():
    tables = last_seed(of_layers(AT_ONCE, SOON, LATE), of_layers(SOON, AT_ONCE, LATE))
    found = saturation.tanh_saturates_in_order(measurements({"tanh": TANH}, tables))
    assert (found.verdict, found.p, found.missing) == (UNDECIDED, None, "the seeds do not agree (4 holds, 1 fails)")


def test_layers_that_saturate_at_once_have_no_order():
    """Of three layers, two of which come at once, the other one is the last in one order of three."""
    tables = of_layers(AT_ONCE, AT_ONCE, SOON)
    assert saturation.tanh_saturates_in_order(measurements({"tanh": TANH}, tables)).p == pytest.approx(3**-5)


def test_seeds_with_other_numbers_of_saturated_layers_are_multiplied():
    tables = last_seed(of_layers(AT_ONCE, SOON, LATE), of_layers(AT_ONCE, SOON, NEVER))
    found = saturation.tanh_saturates_in_order(measurements({"tanh": TANH}, tables))
    assert (found.verdict, found.p) == (HOLDS, pytest.approx(1 / (6 * 6 * 6 * 6 * 2)))


def test_tanh_saturates_in_order_needs_training_and_layers():
    courses = {"activation_p98": {1: [1.0] * 5}, "activation_p2": {1: [0.0] * 5}}
    for tables, sentence in (
        (monitored("tanh", LONG, courses, 5, error=0.82), "not been trained for long enough"),
        (monitored("tanh", LONG, courses, 2), "2 hidden layers; needed: at least 3"),
    ):
        with pytest.raises(Undecided, match=sentence):
            saturation.tanh_saturates_in_order(measurements({"tanh": TANH}, tables))


def networks(
    softsign: Mapping[int, Sequence[float]],
    tanh: Mapping[int, Sequence[float]],
    at_bounds: tuple[float, float] = (0.1, 0.4),
    error: float = 0.1,
):
    """A softsign and a tanh network with about these 98th percentiles, and shares beyond ±0.9 at update 10.

    From seed to seed, softsign's layers other than the first deviate, and both shares do.
    """
    tables = {}
    for name, course, share in zip(("mine", "tanh"), (softsign, tanh), at_bounds, strict=True):
        of_seeds = []
        for more, of_share in zip(LEVELS, SHARES[name], strict=True):
            moved = more if name == "mine" else 0
            p98 = {layer: [value + (layer > 1) * moved for value in values] for layer, values in course.items()}
            tenth = {layer: [0.9, share + of_share + (layer - 2) / 20, 0.9] for layer in course}
            of_seeds.append({"activation_p98": p98, "activation_p2": {1: [0.0] * 3}, "activation_tenth_10": tenth})
        tables |= monitored(name, (0, 10, 20), of_seeds, 3, error=error)
    return measurements({"mine": SOFTSIGN, "tanh": TANH}, tables)


LEVELS = around(0, 0.03)
SHARES = {"mine": around(0, 0.02), "tanh": around(0, 0.02, turn=2)}
# at update 10, when two layers of TANH_… have saturated; after it, all is as the claim would have it, or not
NEAR = {1: [0.1, 0.6, 0.9], 2: [0.1, 0.5, 0.1], 3: [0.1, 0.5, 0.1]}
HALF = {1: [0.1, 0.6, 0.9], 2: [0.1, 0.3, 0.9], 3: [0.1, 0.3, 0.9]}
FAR = {1: [0.1, 0.6, 0.9], 2: [0.1, 0.2, 0.9], 3: [0.1, 0.2, 0.9]}
TANH_FAR = {1: [0.5, 0.99, 1.0], 2: [0.2, 0.95, 1.0], 3: [0.1, 0.2, 1.0]}
TANH_FARTHER = {1: [0.5, 0.99, 1.0], 2: [0.2, 0.92, 1.0], 3: [0.1, 0.0, 1.0]}
TANH_ALIKE = {1: [0.5, 1.0, 1.0], 2: [0.2, 0.92, 1.0], 3: [0.1, 0.75, 0.1]}  # 0.83 on average, as 0.5 of 0.6
TANH_NEAR = {1: [0.5, 0.99, 1.0], 2: [0.2, 0.95, 1.0], 3: [0.1, 0.9, 0.1]}


@pytest.mark.parametrize(
    ("softsign", "tanh", "at_bounds", "verdict"),
    [
        (NEAR, TANH_FAR, (0.1, 0.4), HOLDS),
        (NEAR, TANH_FAR, (0.4, 0.1), FAILS),  # softsign is the more saturated
        (NEAR, TANH_FAR, (0.4, 0.405), UNDECIDED),
        (FAR, TANH_FAR, (0.1, 0.4), FAILS),  # one after the other
        (HALF, TANH_FARTHER, (0.1, 0.4), UNDECIDED),
        (NEAR, TANH_NEAR, (0.1, 0.4), FAILS),  # tanh's layers are nearer to each other
        (NEAR, TANH_ALIKE, (0.1, 0.4), UNDECIDED),
    ],
)
def test_softsign_saturates_together(softsign, tanh, at_bounds, verdict):
    found = saturation.softsign_saturates_together(networks(softsign, tanh, at_bounds))
    assert found.verdict == verdict
    assert found.numbers["after_updates"] == 10
    levels = {"softsign": softsign[2][1] / softsign[1][1], "tanh": (tanh[2][1] + tanh[3][1]) / 2 / tanh[1][1]}
    assert found.numbers["softsign_level_of_other_layers"] == pytest.approx(levels["softsign"])
    assert found.numbers["tanh_level_of_other_layers"] == pytest.approx(levels["tanh"])
    assert found.numbers["softsign_share_at_bounds"] == pytest.approx(at_bounds[0])
    assert found.numbers["tanh_share_at_bounds"] == pytest.approx(at_bounds[1])
    of_softsign = levels["softsign"] + np.array(LEVELS) / softsign[1][1]
    parts = [
        at_bounds[1] - at_bounds[0] + np.subtract(SHARES["tanh"], SHARES["mine"]),
        of_softsign - 0.5,
        of_softsign - levels["tanh"],
    ]
    for part, margins in zip(parts, found.by_seed.values(), strict=True):
        assert list(margins.values()) == pytest.approx(list(part))
    if verdict == HOLDS:
        assert found.p == pytest.approx(max(ttest_1samp(part, 0).pvalue for part in parts))


@pytest.mark.parametrize(
    ("tanh", "error", "sentence"),
    [
        (
            {1: [0.5, 0.99, 1.0], 2: [0.2, 0.5, 0.8], 3: [0.2, 0.5, 0.8]},
            0.1,
            "fewer than 2 tanh layers of seed 0 have saturated",
        ),
        (TANH_FAR, 0.8, "mine has not been trained for long enough"),
    ],
)
def test_softsign_saturates_together_needs_saturated_layers(tanh, error, sentence):
    with pytest.raises(Undecided, match=sentence):
        saturation.softsign_saturates_together(networks(NEAR, tanh, error=error))


def densest_at(name: str, *layers: float) -> dict[str, pd.DataFrame]:
    """A network whose layers have most activations around these |z| at the end, and around 0.45 before."""
    courses = {}
    for tenth in range(1, 11):
        middle = (tenth - 0.5) / 10
        courses[f"activation_tenth_{tenth}"] = {
            layer: [0.6 if abs(at - middle) < 0.01 else 0.4 / 9 for at in (0.45, densest)]
            for layer, densest in enumerate(layers, start=1)
        }
    return monitored(name, (0, 10), courses, len(layers))


def tanh_and_softsign(tanh: Sequence[float], softsign: Sequence[float]) -> dict[str, pd.DataFrame]:
    # of four layers the lower two count
    return densest_at("tanh", *tanh, 0.45, 0.45) | densest_at("softsign", *softsign, 0.45, 0.45)


@pytest.mark.parametrize(
    ("tanh", "softsign", "verdict"),
    [
        ((0.95, 0.95), (0.75, 0.65), HOLDS),
        ((0.95, 0.05), (0.85, 0.55), HOLDS),  # the second tanh layer sits near 0; around ±(0.6 to 0.8)
        ((0.75, 0.95), (0.75, 0.65), FAILS),  # tanh gathers where softsign should
        ((0.95, 0.95), (0.95, 0.65), FAILS),  # softsign piles up too
        ((0.05, 0.05), (0.75, 0.65), UNDECIDED),  # tanh has not come to the bounds
        ((0.95, 0.95), (0.75, 0.05), UNDECIDED),  # softsign has not come far
    ],
)
def test_tanh_ends_at_extremes(tanh, softsign, verdict):
    models = {"tanh": TANH, "softsign": SOFTSIGN}
    found = saturation.tanh_ends_at_extremes(measurements(models, tanh_and_softsign(tanh, softsign)))
    assert found.verdict == verdict
    assert one_of(found) == dict.fromkeys(range(5), verdict)
    assert found.numbers == {"seeds": 5} | {
        f"{name}_layer_{layer}_densest_at": pytest.approx(at)
        for name, places in (("tanh", tanh), ("softsign", softsign))
        for layer, at in enumerate(places, start=1)
    }


def test_one_seed_that_gathers_elsewhere_leaves_it_undecided():
    ending = tanh_and_softsign((0.95, 0.95), (0.75, 0.65))
    tables = last_seed(ending, tanh_and_softsign((0.95, 0.95), (0.95, 0.65)))
    found = saturation.tanh_ends_at_extremes(measurements({"tanh": TANH, "softsign": SOFTSIGN}, tables))
    assert (found.verdict, found.missing) == (UNDECIDED, "the seeds do not agree (4 holds, 1 fails)")
    assert found.numbers["softsign_layer_1_densest_at"] == pytest.approx((4 * 0.75 + 0.95) / 5)


def test_tanh_ends_at_extremes_needs_training_and_layers():
    models = {"tanh": TANH, "softsign": SOFTSIGN}
    tables = tanh_and_softsign((0.95, 0.95), (0.75, 0.65))
    tables["runs/shapeset/tanh/runs"] = seed_runs([0.82] * 5, 4)
    with pytest.raises(Undecided, match="not been trained for long enough"):
        saturation.tanh_ends_at_extremes(measurements(models, tables))
    with pytest.raises(Undecided, match="tanh has only one hidden layer"):
        saturation.tanh_ends_at_extremes(measurements(models, densest_at("tanh", 0.95) | densest_at("softsign", 0.75)))
