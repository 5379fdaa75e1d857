"""The claims that there are, and what the reports say of them."""

import json
import re

import pytest

from stages.claims import errors, initialization, saturation, side_results, weight_gradients
from stages.claims.claim import Claim
from stages.claims.ledger import CLAIMS, claim_metrics, judge_claims
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED
from tests.claims.made_up import TABLE1, measurements, with_errors
from tests.conftest import SHARED


def test_claims_are_the_recorded_ones():
    recorded = SHARED / "paper" / "README.md"
    if not recorded.is_file():
        pytest.skip("the record of the paper's claims (../shared/paper/README.md) is not here")
    table = recorded.read_text(encoding="utf-8").partition("## Claims")[2]
    rows = re.findall(r"^\| ([a-z0-9-]+) \| ([\d.]+) \|", table, flags=re.MULTILINE)
    assert [(name, claim.section) for name, claim in CLAIMS.items()] == rows
    assert len(rows) == 22


def test_the_ledger_has_every_claim_that_stands_beside_its_judge():
    modules = (errors, initialization, saturation, side_results, weight_gradients)
    beside = [one for module in modules for one in vars(module).values() if isinstance(one, Claim)]
    assert sorted(claim.id for claim in beside) == sorted(CLAIMS)
    for module in modules:
        for name, one in vars(module).items():
            if isinstance(one, Claim):
                assert one.judge is getattr(module, name.lower())
                assert one.id == name.lower().replace("_", "-")


@pytest.fixture
def judged():
    """Verdicts from errors alone: softsign is no more robust than tanh, which is worst."""
    wrong = {"softsign": 60, "softsign-n": 20, "tanh": 91, "tanh-n": 70, "sigmoid": 80}
    return judge_claims(measurements(TABLE1, with_errors(wrong)))


def test_every_claim_has_a_verdict_and_is_explained(judged):
    assert list(judged) == list(CLAIMS)
    assert {name: claim["verdict"] for name, claim in judged.items() if claim["verdict"] != UNDECIDED} == {
        "normalized-beats-standard-tanh": HOLDS,
        "softsign-robust": FAILS,
        "sigmoid-worst": FAILS,
    }
    for name, claim in judged.items():
        assert list(claim) == ["section", "claim", "rule", "verdict", "numbers", "test", "p", "p_holm", "missing"]
        assert (claim["missing"] is not None) == (claim["verdict"] == UNDECIDED)
        assert claim["claim"] == CLAIMS[name].sentence
    assert json.loads(json.dumps(judged, allow_nan=False)) == judged


def test_holms_correction_is_for_the_claims_with_a_test(judged):
    tested = {name: claim for name, claim in judged.items() if claim["p"] is not None}
    assert set(tested) == {"normalized-beats-standard-tanh", "softsign-robust", "sigmoid-worst"}
    raw = {name: claim["p"] for name, claim in tested.items()}
    smallest, *_, largest = sorted(raw, key=lambda name: raw[name])
    assert tested[smallest]["p_holm"] == pytest.approx(3 * raw[smallest], rel=1e-5)
    assert raw[largest] <= tested[largest]["p_holm"] <= 3 * raw[largest]
    assert raw["normalized-beats-standard-tanh"] == pytest.approx(2 / 2**21, rel=1e-5)


def test_numbers_have_six_significant_digits(judged):
    numbers = [number for claim in judged.values() for number in [*claim["numbers"].values(), claim["p"]]]
    for number in numbers:
        assert number is None or number == float(f"{number:.6g}")


def test_metrics_count_verdicts_and_give_each_claim_one_number(judged):
    metrics = claim_metrics(judged)
    assert metrics["verdicts"] == {HOLDS: 1, FAILS: 2, UNDECIDED: 19}
    assert metrics["normalized-beats-standard-tanh"] == {"verdict": HOLDS, "difference_percent": 21.0}
    assert metrics["best-depth"] == {"verdict": UNDECIDED}
    assert list(metrics)[1:] == list(CLAIMS)
