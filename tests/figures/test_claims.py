"""Claims are told in words: their verdicts counted, their numbers with names and units that can be read."""

import json

import pytest

from stages.figures import claims
from tests.conftest import REPOSITORY

HOLDS = {"verdict": "holds", "numbers": {"x": 2.0}, "missing": None}
UNDECIDED = {"verdict": "undecided", "numbers": {}, "missing": "time is"}


def claim(verdict: str, **changes) -> dict:
    numbers = {"top_layer_p98": 0.00431, "at_0_after_updates": 396, "layer_1_mean": 0.5, "layer_2_mean": 0.6}
    told = {"section": "3.1", "claim": "It is so.", "rule": "So.", "verdict": verdict, "numbers": numbers}
    return told | dict.fromkeys(("missing", "test", "p", "p_holm")) | changes


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("top_layer_p98", 0.00431008, "the top layer's 98th percentile is 0.00431"),
        ("pretrained_lowest_top_layer_p98", 0.2, "pretrained: the top layer's 98th percentile is 0.2 at its lowest"),
        ("at_0_after_updates", 396, "at 0 after 396 updates"),
        ("depth_4_left_0_after_updates", 32183, "with 4 hidden layers left 0 after 32,183 updates"),
        ("depth_4_layer_1_outer_percentile", 0.71, "with 4 hidden layers, layer 1: outer percentile 0.71"),
        ("tanh_depth_1_percent", 30.25, "tanh with 1 hidden layer: 30.2 %"),
        ("softsign_share_at_bounds", 0.0123932, "softsign: 1.24 % of the activations are near the bounds"),
        ("difference_percent", -7.66, "difference of -7.66 points"),
        ("tanh-n_percent", 49.3, "tanh-n: 49.3 %"),
        ("p_over_seeds", 0.00263429, "p = 0.00263 over the seeds"),
        ("saturated_layers", 2, "saturated layers: 2"),
    ],
)
def test_a_number_is_told_in_words(key, value, told):
    assert claims.phrase(key, value) == told


def test_no_number_is_told_by_its_key():
    judged = json.loads((REPOSITORY / "reports/claims.json").read_text(encoding="utf-8"))
    told = [number for row in claims.ledger(judged) for number in row["numbers"]]
    assert told
    assert not [number for number in told if "_" in number or "percent:" in number or "p98" in number]


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ([], ""),
        (["holds"], "Of the paper's one claim 1 holds."),
        (["holds", "fails", "undecided"], "Of the paper's 3 claims 1 holds, 1 fails and 1 is undecided."),
        (["holds", "holds", "undecided", "undecided"], "Of the paper's 4 claims 2 hold and 2 are undecided."),
    ],
)
def test_verdicts_are_counted_in_words(verdicts, told):
    assert claims.counts({str(number): claim(verdict) for number, verdict in enumerate(verdicts)}) == told


def test_what_was_found_are_the_first_numbers_or_what_is_missing():
    first = "The top layer's 98th percentile is 0.00431; at 0 after 396 updates; layer 1: mean 0.5."
    assert claims.found(claim("holds")) == first
    assert claims.found(claim("undecided", missing="training is too short")) == "Training is too short."
    assert claims.found(claim("undecided", missing="params.yaml has none")) == "params.yaml has none."
    assert claims.found(claim("holds", numbers={})) == ""


def test_what_is_decided_is_read_out():
    judged = {"one": claim("holds", numbers={}), "other": claim("undecided", missing="there is none")}
    assert claims.read_out(claims.beside(("one", "other"), judged)) == ["Holds in this run: It is so."]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (claim("holds"), []),
        ([], list(claims.KEYS)),
        (claim("perhaps"), ["verdict"]),
        (claim("holds", numbers={"x": "many"}), ["numbers"]),
        (claim("holds", p="small", section=None), ["section", "p"]),
    ],
)
def test_what_is_wrong_with_a_claim_is_named(given, wrong):
    assert claims.wrong_keys(given) == wrong


def test_only_what_is_open_here_and_decided_there_is_told():
    here = {"a": UNDECIDED, "b": HOLDS, "c": UNDECIDED}
    there = {"a": HOLDS, "b": HOLDS | {"verdict": "fails"}, "c": UNDECIDED, "no longer a claim": HOLDS}
    (told,) = claims.elsewhere({"gpu-paper": there}, here)
    assert told["record"] == "gpu-paper"
    assert told["counts"] == "Of the paper's 4 claims 2 hold, 1 fails and 1 is undecided."
    assert [(one["name"], one["verdict"]) for one in told["decided"]] == [("a", "holds")]


def test_without_records_nothing_is_said():
    assert claims.elsewhere({}, {"a": UNDECIDED}) == []
