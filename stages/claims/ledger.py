"""Every claim of the paper, in its order, and their verdicts."""

from collections import Counter
from dataclasses import replace
from typing import Any

from stages.claims import errors, initialization, saturation, side_results, weight_gradients
from stages.claims.claim import Claim
from stages.claims.measurements import Measurements
from stages.claims.significance import FAMILY_LEVEL, holm
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

    p_holm is p after Holm's correction for the paper's claims. A verdict that is not significant after it, or that
    changes when the measurements of any one seed are left out, is undecided.
    """
    whole = verdicts_on(measurements)
    without = {seed: verdicts_without(seed, whole, measurements) for seed in seeds_of(whole)}
    corrected = p_holm(whole)
    found = {name: stable(one, {seed: others[name] for seed, others in without.items()}) for name, one in whole.items()}
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
            "by_seed": {
                words: {str(seed): rounded(each) for seed, each in of.items()} for words, of in one.by_seed.items()
            },
            "missing": one.missing,
            "scale": CLAIMS[name].scale,
        }
        for name, one in found.items()
    }


def verdicts_on(measurements: Measurements) -> dict[str, Verdict]:
    """Return id → the verdict on each claim, after Holm's correction."""
    return after_holm({name: _verdict(claim, measurements) for name, claim in CLAIMS.items()})


def verdicts_without(seed: int, whole: dict[str, Verdict], measurements: Measurements) -> dict[str, Verdict]:
    """Return the same without one seed; undecided claims, and those that do not rest on it, stay as in `whole`."""
    left = measurements.without(seed)
    return after_holm(
        {
            name: _verdict(CLAIMS[name], left) if one.verdict != UNDECIDED and seed in seeds_of({name: one}) else one
            for name, one in whole.items()
        }
    )


def seeds_of(found: dict[str, Verdict]) -> list[int]:
    """Return the seeds that verdicts rest on, in order."""
    return sorted({seed for one in found.values() for of_seed in one.by_seed.values() for seed in of_seed})


def after_holm(found: dict[str, Verdict]) -> dict[str, Verdict]:
    """Return the verdicts, those undecided that are not significant after Holm's correction."""
    corrected = p_holm(found)
    return {
        name: one
        if corrected.get(name, 0) < FAMILY_LEVEL or one.verdict == UNDECIDED
        else _not_significant(one, corrected[name])
        for name, one in found.items()
    }


def p_holm(found: dict[str, Verdict]) -> dict[str, float]:
    """Return id → p of the claims that have one, after Holm's correction for all of the paper's claims."""
    return holm({name: one.p for name, one in found.items() if one.p is not None}, len(CLAIMS))


def stable(whole: Verdict, without: dict[int, Verdict]) -> Verdict:
    """Return the verdict, or undecided if it is another `without` some seed."""
    changed = {seed: one.verdict for seed, one in without.items() if one.verdict != whole.verdict}
    if whole.verdict == UNDECIDED or not changed:
        return whole
    seed, other = min(changed.items())
    missing = f"the verdict would be “{whole.verdict}”, but without seed {seed} “{other}”; more seeds might decide"
    return replace(whole, verdict=UNDECIDED, missing=missing)


def claim_metrics(judged: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the claims' part of reports/metrics.json: how many have which verdict, and each with its metric."""
    counts = Counter(claim["verdict"] for claim in judged.values())
    return {
        "verdicts": {verdict: counts[verdict] for verdict in VERDICTS},
        **{name: {"verdict": claim["verdict"], **_metric(name, claim["numbers"])} for name, claim in judged.items()},
    }


def rounded(value: float | str | None) -> float | str | None:
    """Return `value` with DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _metric(name: str, numbers: dict[str, float]) -> dict[str, float]:
    metric = CLAIMS[name].metric
    return {metric: numbers[metric]} if metric in numbers else {}


def _verdict(claim: Claim, measurements: Measurements) -> Verdict:
    try:
        return claim.judge(measurements)
    except Undecided as undecided:
        return Verdict(UNDECIDED, missing=str(undecided))


def _not_significant(one: Verdict, corrected: float) -> Verdict:
    missing = f"p = {corrected:.2g} after Holm's correction for the paper's claims; more seeds might decide"
    return replace(one, verdict=UNDECIDED, missing=missing)
