"""Every claim of the paper, in its order, and their verdicts."""

from collections import Counter
from dataclasses import replace
from typing import Any

from stages.claims import errors, initialization, saturation, side_results, weight_gradients
from stages.claims.claim import Claim
from stages.claims.measurements import SHAPESET, Measurements
from stages.claims.significance import FAMILY_LEVEL, holm
from stages.claims.verdict import UNDECIDED, VERDICTS, NotRun, Undecided, Verdict
from stages.datasets.dataset import find_dataset

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
    raw = {name: _verdict(claim, measurements) for name, claim in CLAIMS.items()}
    corrected = p_holm(raw)
    found = {name: settled(name, raw, measurements) for name in raw}
    return {
        name: {
            "section": CLAIMS[name].section,
            "claim": CLAIMS[name].sentence + judged_on(CLAIMS[name], measurements),
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
            "tested": one.tested,
            "scale": CLAIMS[name].scale,
        }
        for name, one in found.items()
    }


def judged_on(claim: Claim, measurements: Measurements) -> str:
    """Return a sentence on the data set of a claim about untrained networks, where it is not Shapeset; else nothing."""
    dataset = measurements.of_initialization
    return f" (Judged on {find_dataset(dataset).title}.)" if claim.untrained and dataset != SHAPESET else ""


def p_holm(found: dict[str, Verdict]) -> dict[str, float]:
    """Return id → p of the claims that have one, after Holm's correction for all of the paper's claims."""
    return holm({name: one.p for name, one in found.items() if one.p is not None}, len(CLAIMS))


def settled(name: str, raw: dict[str, Verdict], measurements: Measurements) -> Verdict:
    """Return the verdict on a claim after Holm's correction, undecided if without some seed it would be another."""
    whole = after_holm(name, raw)
    if whole.verdict == UNDECIDED:
        return whole
    seeds = sorted({seed for of_seed in whole.by_seed.values() for seed in of_seed})
    without = {
        seed: after_holm(name, raw | {name: _verdict(CLAIMS[name], measurements.without(seed))}).verdict
        for seed in seeds
    }
    turned = [str(seed) for seed, other in without.items() if other != whole.verdict]
    if not turned:
        return whole
    which = "any one of the seeds" if len(turned) == len(seeds) else f"seed {' or '.join(turned)}"
    missing = f"the verdict would be “{whole.verdict}”, but not without {which}; more seeds might decide"
    return replace(whole, verdict=UNDECIDED, missing=missing)


def after_holm(name: str, raw: dict[str, Verdict]) -> Verdict:
    """Return the verdict on a claim, undecided if it is not significant after Holm's correction."""
    one, corrected = raw[name], p_holm(raw).get(name, 0)
    if one.verdict == UNDECIDED or corrected < FAMILY_LEVEL:
        return one
    missing = f"p = {corrected:.2g} after Holm's correction for the paper's claims; more seeds might decide"
    return replace(one, verdict=UNDECIDED, missing=missing)


def counts(judged: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Return how many claims have which verdict."""
    counted = Counter(claim["verdict"] for claim in judged.values())
    return {verdict: counted[verdict] for verdict in VERDICTS}


def rounded(value: float | str | None) -> float | str | None:
    """Return `value` with DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _verdict(claim: Claim, measurements: Measurements) -> Verdict:
    try:
        return claim.judge(measurements)
    except Undecided as undecided:
        return Verdict(UNDECIDED, missing=str(undecided), tested=not isinstance(undecided, NotRun))
