"""Claims on the page: beside their figures, their verdicts counted, their numbers in words, records beside this run."""

import json

import pytest

from stages.claims.claim import phrase
from stages.claims.ledger import CLAIMS
from stages.figures import claims
from stages.figures.contents import SECTIONS
from tests.conftest import REPOSITORY

REPORTED = [REPOSITORY / "reports/claims.json", *REPOSITORY.glob("reports/judged/*/claims.json")]
FIGURES = {  # which claims stand beside which figure
    "figure-2": ["sigmoid-top-saturates", "sigmoid-depth4-escapes", "sigmoid-pretrained-escapes"],
    "figure-3": ["tanh-saturates-in-order", "softsign-saturates-together"],
    "figure-4": ["tanh-ends-at-extremes"],
    "figure-5": ["cross-entropy-fewer-plateaus"],
    "figure-6": ["standard-activations-shrink"],
    "figure-7": ["standard-gradients-shrink"],
    "figure-8": ["weight-gradients-level"],
    "figure-9": ["standard-weight-gradients-diverge"],
    "figure-11": [
        "normalized-beats-standard-tanh",
        "softsign-robust",
        "sigmoid-worst",
        "pretraining-best",
        "deep-beats-svm",
        "second-order-helps",
        "width-profile-irrelevant",
    ],
    "figure-12": ["same-on-real-data"],
    "theory": ["variance-matches-theory"],
    "jacobians": ["jacobian-closer-to-one"],
    "depths": ["best-depth"],
}


def claim(verdict: str, **changes) -> dict:
    numbers = {"top_layer_p98": 0.00431, "at_0_after_updates": 396, "layer_1_mean": 0.5, "layer_2_mean": 0.6}
    told = {
        "section": "3.1",
        "claim": "It is so.",
        "rule": "So.",
        "scale": "laptop",
        "verdict": verdict,
        "tested": True,
    }
    return told | {"numbers": numbers} | dict.fromkeys(("missing", "test", "p", "p_holm")) | changes


@pytest.mark.parametrize(
    ("name", "key", "value", "shown"),
    [
        ("sigmoid-top-saturates", "top_layer_p98", 0.00431008, "the top layer's 98th percentile is 0.00431"),
        ("sigmoid-top-saturates", "at_0_after_updates", 396, "at 0 after 396 updates"),
        (
            "sigmoid-pretrained-escapes",
            "pretrained_lowest_top_layer_p98",
            0.2,
            "pre-trained: the top layer's lowest 98th percentile is 0.2",
        ),
        (
            "sigmoid-depth4-escapes",
            "depth_4_left_0_after_updates",
            32183,
            "4 hidden layers: the top layer left 0 after 32,183 updates",
        ),
        (
            "sigmoid-depth4-escapes",
            "depth_4_layer_1_outer_percentile",
            0.71,
            "4 hidden layers: the outer percentile of layer 1 is 0.71",
        ),
        ("tanh-saturates-in-order", "saturated_layers", 2, "number of saturated layers: 2"),
        (
            "softsign-saturates-together",
            "softsign_share_at_bounds",
            0.0123932,
            "softsign: 1.24 % of the activations are near the bounds",
        ),
        ("variance-matches-theory", "largest_factor_off_a_step", 1.25, "off by a factor of 1.25 a step at most"),
        (
            "variance-matches-theory",
            "standard_mean_field_factor_off",
            1.0312,
            "standard initialization, mean-field prediction: off by a factor of 1.03",
        ),
        ("sigmoid-worst", "difference_percent", -7.66, "difference of -7.66 points"),
        ("sigmoid-worst", "tanh-n_percent", 49.3, "tanh-n: 49.3 %"),
        ("sigmoid-worst", "share_percent", 49.3, "share: 49.3 %"),  # of a model with this name
        (
            "sigmoid-worst",
            "p_over_images",
            0.00263429,
            "p = 0.00263 between two trained networks, of one seed, over the test images",
        ),
        (
            "sigmoid-worst",
            "detectable_percent",
            1.5,
            "power: even with one seed less, 80 % of tests find a true difference of 1.5 points",
        ),
        ("best-depth", "tanh_depth_4_percent", 30.25, "tanh with 4 hidden layers: 30.2 %"),
        ("same-on-real-data", "reversed_pairs", 1, "pairs in reverse order: 1"),
        ("same-on-real-data", "agreeing_pairs_small_imagenet", 9, "small imagenet: 9 pairs in the same order"),
        ("same-on-real-data", "reversed_pairs_mnist", 2, "mnist: 2 pairs in reverse order"),
        ("same-on-real-data", "older_number{}", 3, "older number{}: 3"),
        ("no-longer-a-claim", "older_number", 3, "older number: 3"),
    ],
)
def test_a_number_is_shown_in_the_words_of_its_claim(name, key, value, shown):
    assert claims.in_words(name, {key: value}) == [shown]


@pytest.mark.parametrize("file", REPORTED, ids=lambda file: file.parent.name)
def test_every_number_of_a_report_has_words_of_its_own(file):
    judged = json.loads(file.read_text(encoding="utf-8"))
    assert judged.keys() <= CLAIMS.keys()
    by_key = [
        (name, key)
        for name, claim in judged.items()
        for key in claim["numbers"]
        if phrase(CLAIMS[name].words, key, "1", "100 %") == phrase({}, key, "1", "100 %")
    ]
    assert by_key == []


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ([], ""),
        (["holds"], "Tested 1 of the paper's 1 claims: 1 holds."),
        (["holds", "fails", "undecided"], "Tested 3 of the paper's 3 claims: 1 holds, 1 does not and 1 is undecided."),
        (
            ["holds", "holds", "undecided", "undecided", "not run", "not run"],
            "Tested 4 of the paper's 6 claims: 2 hold and 2 are undecided. 2 were not run in this edition.",
        ),
        (["not run"], "Tested 0 of the paper's 1 claims. 1 was not run in this edition."),
    ],
)
def test_verdicts_are_counted_in_words(verdicts, told):
    judged = {
        str(number): claim("undecided", tested=False) if verdict == "not run" else claim(verdict)
        for number, verdict in enumerate(verdicts)
    }
    assert claims.counts(judged) == told


def test_what_was_found_are_the_first_numbers_or_what_is_missing():
    first = "The top layer's 98th percentile is 0.00431; at 0 after 396 updates; layer 1: mean 0.5."
    assert claims.found("sigmoid-top-saturates", claim("holds")) == first
    assert (
        claims.found("sigmoid-top-saturates", claim("undecided", missing="training is too short"))
        == "Training is too short."
    )
    assert (
        claims.found("sigmoid-top-saturates", claim("undecided", missing="params.yaml has none"))
        == "params.yaml has none."
    )
    assert claims.found("sigmoid-top-saturates", claim("holds", numbers={})) == ""


def test_what_is_decided_is_read_out():
    decided, open_one, other = FIGURES["figure-2"][0], FIGURES["figure-2"][1], FIGURES["figure-3"][0]
    judged = {
        decided: claim("holds", numbers={}),
        open_one: claim("undecided", missing="there is none"),
        other: claim("holds"),
        "sigmoid-pretrained-escapes": claim("undecided", tested=False),
        "no longer a claim": claim("holds"),
    }
    shown = claims.beside("figure-2", judged)
    assert [one["name"] for one in shown] == [decided, open_one]
    assert claims.read_out(shown) == ["Holds here: It is so."]


def test_every_claim_stands_beside_the_figure_that_shows_it():
    judged = dict.fromkeys(CLAIMS, claim("holds"))
    keys = [figure.key for figures in SECTIONS.values() for figure in figures]
    beside = {key: [one["name"] for one in claims.beside(key, judged)] for key in keys}
    assert {key: names for key, names in beside.items() if names} == FIGURES
    assert sum(map(len, FIGURES.values())) == len(CLAIMS)
    assert {row["name"]: row["figure"].key for row in claims.ledger("this run", {"this run": judged})} == {
        name: key for key, names in FIGURES.items() for name in names
    }


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (claim("holds"), []),
        ([], list(claims.KEYS)),
        (claim("perhaps"), ["verdict"]),
        (claim("holds", numbers={"x": "many"}), ["numbers"]),
        (claim("holds", p="small", section=None), ["section", "p"]),
        (claim("undecided", missing="time is", scale=None), ["scale"]),
    ],
)
def test_what_is_wrong_with_a_claim_is_named(given, wrong):
    assert claims.wrong_keys(given) == wrong


def test_a_claim_has_the_verdicts_of_all_editions():
    editions = {
        "this run": {"best-depth": claim("holds"), "sigmoid-worst": claim("undecided")},
        "gpu-paper": {"best-depth": claim("fails"), "sigmoid-worst": claim("holds")},
        "older": {"best-depth": claim("undecided")},
    }
    best_depth, sigmoid_worst = claims.ledger("this run", editions)
    assert best_depth["verdicts"] == [
        {"edition": "this run", "verdict": "holds", "tested": True, "differs": False, "opposite": False},
        {"edition": "gpu-paper", "verdict": "fails", "tested": True, "differs": True, "opposite": True},
        {"edition": "older", "verdict": "undecided", "tested": True, "differs": True, "opposite": False},
    ]
    assert sigmoid_worst["verdicts"][1:] == [
        {"edition": "gpu-paper", "verdict": "holds", "tested": True, "differs": True, "opposite": False},
        {"edition": "older", "verdict": "undecided", "tested": False, "differs": False, "opposite": False},
    ]
