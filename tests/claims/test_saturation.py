"""Claims on saturation, judged on made-up courses of a few updates."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from stages.claims import saturation
from stages.claims.measurements import SIGMOID, SOFTSIGN, TANH
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided
from stages.params import Pretraining
from tests.claims.made_up import measurements, monitored

LONG = (0, 500, 20_000, 60_000, 100_000)
SHORT = (0, 100, 200, 500, 1000)
PAPERS = (0, 500, 20_000, 1_000_000, 5_000_000)
SIGMOIDS = {"four": replace(SIGMOID, hidden_layers=[4]), "five": SIGMOID}
PRETRAINED = {"plain": SIGMOID, "pre": replace(SIGMOID, pretraining=Pretraining("masking", 0.25, 0.01, 0.1))}

STAYS_AT_0 = [0.6, 0.05, 0.01, 0.01, 0.01]
COMES_LATE = [0.6, 0.6, 0.6, 0.05, 0.01]
NEVER_COMES = [0.6, 0.6, 0.6, 0.6, 0.6]
LEAVES_0 = [0.6, 0.05, 0.05, 0.7, 0.9]
LEAVES_AT_THE_END = [0.6, 0.05, 0.05, 0.05, 0.7]
LEAVES_AS_MEASURED = [0.6, 0.05, 0.003, 0.07, 0.13]
LEARNS, NEVER_LEARNS = [0.83, 0.83, 0.83, 0.5, 0.33], [0.83] * 5


def sigmoid_means(*after: float) -> dict[int, list[float]]:
    """Layer → means that are 0.5 at first, and then these of layers 1 to 4, and 0 of layer 5."""
    return {layer: [0.5] + [mean] * 4 for layer, mean in enumerate([*after, 0.0], start=1)}


@pytest.mark.parametrize(
    ("top", "below", "updates", "verdict"),
    [
        (STAYS_AT_0, (0.5, 0.52, 0.6, 0.8), LONG, HOLDS),
        (STAYS_AT_0, (0.5, 0.52, 0.6, 0.8), SHORT, HOLDS),  # early enough, however short training is
        (STAYS_AT_0, (0.5, 0.495, 0.6, 0.8), LONG, HOLDS),  # layer 2 is no lower to speak of
        (STAYS_AT_0, (0.5, 0.6, 0.5, 0.8), LONG, FAILS),  # layer 3 is lower than layer 2
        (STAYS_AT_0, (0.3, 0.5, 0.6, 0.8), LONG, FAILS),  # layer 1 is not at one half
        (COMES_LATE, (0.5, 0.52, 0.6, 0.8), LONG, FAILS),
        (NEVER_COMES, (0.5, 0.52, 0.6, 0.8), LONG, FAILS),
    ],
)
def test_sigmoid_top_saturates(top, below, updates, verdict):
    courses = {"activation_p98": {1: NEVER_COMES, 5: top}, "activation_mean": sigmoid_means(*below)}
    found = saturation.sigmoid_top_saturates(measurements({"five": SIGMOID}, monitored("five", updates, **courses)))
    assert found.verdict == verdict
    assert found.numbers["layer_1_mean"] == below[0]


def test_sigmoid_top_saturates_needs_time_and_five_layers():
    courses = {"activation_p98": {1: NEVER_COMES}, "activation_mean": sigmoid_means(0.5, 0.5, 0.5, 0.5)}
    with pytest.raises(Undecided, match="too short, with 1,000 updates"):
        saturation.sigmoid_top_saturates(measurements({"five": SIGMOID}, monitored("five", SHORT, **courses)))
    with pytest.raises(Undecided, match="5 hidden layers"):
        saturation.sigmoid_top_saturates(measurements({"four": SIGMOIDS["four"]}, {}))


def sigmoids(four, layer_1, five, updates=LONG, errors=LEARNS):
    """Networks of four and five layers with these 98th percentiles of the top layers, and of layer 1 of the former."""
    of_layers = {"activation_p98": {1: layer_1, 4: four}, "activation_p2": {1: [0.4] * 5}}
    tables = monitored("four", updates, 4, errors=errors, **of_layers)
    tables |= monitored("five", updates, errors=errors, activation_p98={1: NEVER_COMES, 5: five})
    return measurements(SIGMOIDS, tables)


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
    found = saturation.sigmoid_depth4_escapes(sigmoids(four, layer_1, five, updates))
    assert found.verdict == verdict
    assert (found.missing is not None) == (verdict == UNDECIDED)
    assert found.numbers["depth_4_top_layer_p98"] == four[-1]
    assert found.numbers["depth_5_top_layer_p98"] == five[-1]


def test_a_sigmoid_that_has_not_learned_has_not_escaped():
    found = saturation.sigmoid_depth4_escapes(sigmoids(LEAVES_0, [0.7] * 5, STAYS_AT_0, errors=NEVER_LEARNS))
    assert found.verdict == UNDECIDED
    assert "neither top layer has left 0 yet" in found.missing


def test_sigmoid_depth4_escapes_needs_four_layers():
    with pytest.raises(Undecided, match="4 hidden layers"):
        saturation.sigmoid_depth4_escapes(measurements({"five": SIGMOID}, {}))


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
    tables = monitored("plain", updates, activation_p98={1: NEVER_COMES, 5: plain})
    courses = {"activation_p98": {1: NEVER_COMES, 5: pretrained}, "activation_mean": {1: [0.5] * 5, 5: mean}}
    tables |= monitored("pre", updates, **courses)
    found = saturation.sigmoid_pretrained_escapes(measurements(PRETRAINED, tables))
    assert found.verdict == verdict
    assert found.numbers["pretrained_lowest_top_layer_p98"] == min(pretrained)
    assert found.numbers["pretrained_lowest_top_layer_mean"] == min(mean)


def test_sigmoid_pretrained_escapes_needs_a_pretrained_model():
    with pytest.raises(Undecided, match="sigmoid units and pre-training"):
        saturation.sigmoid_pretrained_escapes(measurements({"plain": SIGMOID}, {}))


@pytest.mark.parametrize(
    ("layer_1", "layer_2", "layer_3", "verdict"),
    [
        ([0.6, 0.98, 1.0, 1.0, 1.0], [0.4, 0.5, 0.98, 1.0, 1.0], [0.2, 0.3, 0.4, 0.98, 1.0], HOLDS),
        ([0.6, 0.98, 1.0, 1.0, 1.0], [0.4, 0.5, 0.98, 1.0, 1.0], [0.2, 0.3, 0.4, 0.5, 0.6], HOLDS),
        ([0.6, 0.7, 0.98, 1.0, 1.0], [0.4, 0.98, 1.0, 1.0, 1.0], [0.2, 0.3, 0.4, 0.5, 0.6], FAILS),
        ([0.6, 0.7, 0.7, 0.7, 0.7], [0.4, 0.98, 1.0, 1.0, 1.0], [0.2, 0.3, 0.4, 0.5, 0.6], FAILS),
        ([0.6, 0.7, 0.98, 1.0, 1.0], [0.4, 0.5, 0.6, 0.7, 0.8], [0.2, 0.3, 0.4, 0.5, 0.6], UNDECIDED),  # only one has
        ([0.6, 0.7, 0.98, 1.0, 1.0], [0.6, 0.7, 0.98, 1.0, 1.0], [0.2, 0.3, 0.4, 0.5, 0.6], UNDECIDED),  # at once
    ],
)
def test_tanh_saturates_in_order(layer_1, layer_2, layer_3, verdict):
    upper = {1: layer_1, 2: layer_2, 3: layer_3}
    for high, low in (("activation_p98", "activation_p2"), ("activation_p2", "activation_p98")):
        sign = 1 if high == "activation_p98" else -1  # saturation at −1 is saturation too
        courses = {high: {layer: [sign * value for value in course] for layer, course in upper.items()}, low: {}}
        tables = monitored("tanh", LONG, 3, **courses)
        found = saturation.tanh_saturates_in_order(measurements({"tanh": TANH}, tables))
        assert found.verdict == verdict
        assert found.numbers["layer_3_outer_percentile"] == layer_3[-1]


def test_tanh_saturates_in_order_is_open_where_a_higher_layer_is_ahead():
    saturating = [0.6, 0.98, 1.0, 1.0, 1.0]
    courses = {1: saturating, 2: [0.4, 0.5, 0.98, 1.0, 1.0], 3: [0.5] * 5, 4: [0.6] * 5}
    tables = monitored("tanh", LONG, 4, activation_p98=courses, activation_p2={})
    assert saturation.tanh_saturates_in_order(measurements({"tanh": TANH}, tables)).verdict == UNDECIDED


def test_tanh_saturates_in_order_needs_training_and_layers():
    courses = {"activation_p98": {1: [1.0] * 5}, "activation_p2": {}}
    for tables, sentence in (
        (monitored("tanh", LONG, 5, error=0.82, **courses), "not been trained for long enough"),
        (monitored("tanh", LONG, 2, **courses), "2 hidden layers; needed: at least 3"),
    ):
        with pytest.raises(Undecided, match=sentence):
            saturation.tanh_saturates_in_order(measurements({"tanh": TANH}, tables))


def activations(name: str, *layers: dict[float, float], update: int = 60_000) -> dict[str, pd.DataFrame]:
    """Histograms at `update`: layers have these shares of their activations around these |z|, the rest spread."""
    edges = np.linspace(-1, 1, 101)
    middle = (edges[:-1] + edges[1:]) / 2
    rows = []
    for number, shares in enumerate(layers, start=1):
        density = np.full(100, (1 - sum(shares.values())) / 2)
        for at, share in shares.items():
            density[np.abs(np.abs(middle) - at) < 0.05] += share / 0.2
        bins = {"left": edges[:-1], "right": edges[1:], "density": density}
        rows.append(pd.DataFrame({"update": update, "quantity": "activation", "layer": number, **bins}))
    before = pd.concat(rows).assign(update=0, density=0.5)  # what a wrong update would find
    return {f"runs/shapeset/{name}/histograms": pd.concat([before, *rows])}


def networks(softsign: dict, tanh: dict, at_bounds: tuple[float, float] = (0.1, 0.4), error: float = 0.1):
    """A softsign and a tanh network with these 98th percentiles, and shares around ±0.95 at update 10."""
    tables = {}
    for name, course, share in zip(("mine", "tanh"), (softsign, tanh), at_bounds, strict=True):
        tables |= monitored(name, (0, 10, 20), 3, error=error, activation_p98=course, activation_p2={})
        tables |= activations(name, *[{0.95: share}] * 3, update=10)
    return measurements({"mine": SOFTSIGN, "tanh": TANH}, tables)


# at update 10, when two layers of TANH_… have saturated; after it, all is as the claim would have it, or not
NEAR = {1: [0.1, 0.6, 0.9], 2: [0.1, 0.5, 0.1], 3: [0.1, 0.5, 0.1]}
FAR = {1: [0.1, 0.6, 0.9], 2: [0.1, 0.2, 0.9], 3: [0.1, 0.2, 0.9]}
TANH_FAR = {1: [0.5, 0.99, 1.0], 2: [0.2, 0.95, 1.0], 3: [0.1, 0.2, 1.0]}
TANH_NEAR = {1: [0.5, 0.99, 1.0], 2: [0.2, 0.95, 1.0], 3: [0.1, 0.9, 0.1]}


@pytest.mark.parametrize(
    ("softsign", "tanh", "at_bounds", "verdict"),
    [
        (NEAR, TANH_FAR, (0.1, 0.4), HOLDS),
        (NEAR, TANH_FAR, (0.4, 0.1), FAILS),  # softsign is the more saturated
        (FAR, TANH_FAR, (0.1, 0.4), FAILS),  # one after the other
        (NEAR, TANH_NEAR, (0.1, 0.4), FAILS),  # tanh's layers are nearer to each other
    ],
)
def test_softsign_saturates_together(softsign, tanh, at_bounds, verdict):
    found = saturation.softsign_saturates_together(networks(softsign, tanh, at_bounds))
    assert found.verdict == verdict
    assert found.numbers["after_updates"] == 10
    level = sum(softsign[layer][1] for layer in (2, 3)) / 2 / softsign[1][1]
    assert found.numbers["softsign_level_of_other_layers"] == pytest.approx(level)
    spread = (1 - at_bounds[0]) / 10  # of the activations that are spread evenly, a tenth lies at the bounds too
    assert found.numbers["softsign_share_at_bounds"] == pytest.approx(at_bounds[0] + spread)


@pytest.mark.parametrize(
    ("tanh", "error", "sentence"),
    [
        ({1: [0.5, 0.99, 1.0], 2: [0.2, 0.5, 0.8], 3: [0.2, 0.5, 0.8]}, 0.1, "fewer than 2 tanh layers have saturated"),
        (TANH_FAR, 0.8, "mine has not been trained for long enough"),
    ],
)
def test_softsign_saturates_together_needs_saturated_layers(tanh, error, sentence):
    with pytest.raises(Undecided, match=sentence):
        saturation.softsign_saturates_together(networks(NEAR, tanh, error=error))


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
    # of four layers the lower two count
    tables = activations("tanh", *({at: 0.5} for at in (*tanh, 0.45, 0.45)))
    tables |= activations("softsign", *({at: 0.5} for at in (*softsign, 0.45, 0.45)))
    for name in ("tanh", "softsign"):
        tables |= monitored(name, (0, 10), 4)
    found = saturation.tanh_ends_at_extremes(measurements({"tanh": TANH, "softsign": SOFTSIGN}, tables))
    assert found.verdict == verdict
    assert found.numbers == {
        f"{name}_layer_{layer}_densest_at": at
        for name, places in (("tanh", tanh), ("softsign", softsign))
        for layer, at in enumerate(places, start=1)
    }


def test_tanh_ends_at_extremes_needs_training():
    tables = monitored("tanh", (0, 10), 4, error=0.82)
    with pytest.raises(Undecided, match="not been trained for long enough"):
        saturation.tanh_ends_at_extremes(measurements({"tanh": TANH, "softsign": SOFTSIGN}, tables))
