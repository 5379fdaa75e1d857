"""Every claim of the paper, in its order, and their verdicts."""

from collections import Counter
from typing import Any

from stages.claims import errors, initialization, saturation, side_results, weight_gradients
from stages.claims.claim import Claim
from stages.claims.measurements import Measurements
from stages.claims.significance import holm
from stages.claims.verdict import UNDECIDED, VERDICTS, Undecided, Verdict

DIGITS = 6  # significant ones

CLAIMS = {
    claim.id: claim
    for claim in (
        saturation.SIGMOID_TOP_SATURATES,
        saturation.SIGMOID_DEPTH4_ESCAPES,
        saturation.SIGMOID_PRETRAINED_ESCAPES,
        saturation.TANH_SATURATES_IN_ORDER,
        saturation.SOFTSIGN_SATURATES_TOGETHER,
        saturation.TANH_ENDS_AT_EXTREMES,
        side_results.CROSS_ENTROPY_FEWER_PLATEAUS,
        initialization.STANDARD_ACTIVATIONS_SHRINK,
        initialization.STANDARD_GRADIENTS_SHRINK,
        weight_gradients.WEIGHT_GRADIENTS_LEVEL,
        initialization.VARIANCE_MATCHES_THEORY,
        initialization.JACOBIAN_CLOSER_TO_ONE,
        weight_gradients.STANDARD_WEIGHT_GRADIENTS_DIVERGE,
        errors.NORMALIZED_BEATS_STANDARD_TANH,
        errors.SOFTSIGN_ROBUST,
        errors.SIGMOID_WORST,
        errors.PRETRAINING_BEST,
        side_results.DEEP_BEATS_SVM,
        side_results.SECOND_ORDER_HELPS,
        side_results.WIDTH_PROFILE_IRRELEVANT,
        errors.BEST_DEPTH,
        errors.SAME_ON_REAL_DATA,
    )
}


def judge_claims(measurements: Measurements) -> dict[str, dict[str, Any]]:
    """Return id → the claim and its verdict, ready for reports/claims.json.

    p_holm is p after Holm's correction for all claims that have a p-value; verdicts rest on p itself.
    """
    verdicts = {name: _verdict(claim, measurements) for name, claim in CLAIMS.items()}
    corrected = holm({name: one.p for name, one in verdicts.items() if one.p is not None})
    return {
        name: {
            "section": CLAIMS[name].section,
            "claim": CLAIMS[name].sentence,
            "rule": CLAIMS[name].rule,
            "verdict": one.verdict,
            "numbers": {key: rounded(value) for key, value in one.numbers.items()},
            "test": one.test,
            "p": rounded(one.p),
            "p_holm": rounded(corrected.get(name)),
            "missing": one.missing,
        }
        for name, one in verdicts.items()
    }


def claim_metrics(judged: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the claims' part of reports/metrics.json: how many have which verdict, and each with its metric."""
    counts = Counter(claim["verdict"] for claim in judged.values())
    return {
        "verdicts": {verdict: counts[verdict] for verdict in VERDICTS},
        **{name: {"verdict": claim["verdict"], **_metric(name, claim["numbers"])} for name, claim in judged.items()},
    }


def rounded(value: float | None) -> float | None:
    """Return `value` with DIGITS significant digits."""
    return value if value is None or isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def _metric(name: str, numbers: dict[str, float]) -> dict[str, float]:
    metric = CLAIMS[name].metric
    return {metric: numbers[metric]} if numbers else {}


def _verdict(claim: Claim, measurements: Measurements) -> Verdict:
    try:
        return claim.judge(measurements)
    except Undecided as undecided:
        return Verdict(UNDECIDED, missing=str(undecided))
