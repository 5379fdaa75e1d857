"""The paper's further claims: the costs' surfaces (section 4.1) and the side experiments of section 5."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from stages.claims.claim import Claim
from stages.claims.comparisons import (
    ERRORS_IN_WORDS,
    MCNEMAR,
    SIGNIFICANT_EACH,
    Comparison,
    all_confirmed,
    compare,
    compare_predictions,
)
from stages.claims.measurements import SHAPESET, TANH, TANH_N, Measurements, without_search
from stages.claims.verdict import UNDECIDED, Undecided, Verdict, judged

PLATEAU_SHARES = ("plateau_share", "plateau_share_half_as_strict", "plateau_share_twice_as_strict")
PAPER_TRAINING_IMAGES = 100_000  # for the SVM and for the network that it is compared with
PER_PARAMETER = ("hessian", "gradient_variance")  # update rules
PROFILES: dict[str, Callable[[list[float]], bool]] = {
    "widen": lambda profile: profile[-1] > profile[0] and all(below <= above for below, above in pairwise(profile)),
    "narrow": lambda profile: profile[-1] < profile[0] and all(below >= above for below, above in pairwise(profile)),
}


def cross_entropy_fewer_plateaus(measurements: Measurements) -> Verdict:
    """Judge the plateau shares of the two costs' surfaces, by three definitions of a plateau."""
    missing = "the costs' surfaces have not been measured: data/surfaces/plateaus.parquet is missing"
    shares = measurements.table("surfaces/plateaus", missing).set_index("cost")
    for cost in ("quadratic", "cross_entropy"):
        if cost not in shares.index:
            raise Undecided(f"data/surfaces/plateaus.parquet has no surface of the cost {cost}")
    numbers = {
        f"{cost}_{share}": float(shares.loc[cost, share])
        for share in PLATEAU_SHARES
        for cost in ("quadratic", "cross_entropy")
    }
    more = [numbers[f"quadratic_{share}"] > numbers[f"cross_entropy_{share}"] for share in PLATEAU_SHARES]
    if any(more) and not all(more):
        missing = "the definitions of a plateau disagree: the quadratic cost has the larger share by some of them only"
        return Verdict(UNDECIDED, numbers, missing)
    return judged(all(more), numbers)


CROSS_ENTROPY_FEWER_PLATEAUS = Claim(
    id="cross-entropy-fewer-plateaus",
    section="4.1",
    sentence="The quadratic cost's surface has more plateaus than the cross-entropy's.",
    rule="Plateaus are a larger share of the quadratic cost's surface, by the definition of a plateau and by "
    "definitions half and twice as strict. If these disagree, the claim is undecided.",
    figure="figure-5",
    metric="quadratic_plateau_share",
    words={
        "{}_plateau_share": "{}: {share} of the surface is plateau",
        "{}_plateau_share_half_as_strict": "{}: {share} by a definition half as strict",
        "{}_plateau_share_twice_as_strict": "{}: {share} by a definition twice as strict",
    },
    judge=cross_entropy_fewer_plateaus,
)


def deep_beats_svm(measurements: Measurements) -> Verdict:
    """Judge the network against the Gaussian-kernel SVM, both trained on the same images."""
    table = measurements.fixed_set_predictions()
    of_models = {model: rows.drop(columns="model") for model, rows in table.groupby("model")}
    for model in ("network", "svm"):
        if model not in of_models:
            raise Undecided(f"data/svm/{SHAPESET}/answers.parquet has no answers of the {model}")
    found = all_confirmed(
        [Comparison("network", "svm", *compare_predictions("network", "svm", of_models["network"], of_models["svm"]))]
    )
    images = measurements.scale.svm.examples[SHAPESET]
    trained = f"both were trained on {images:,} images, the paper's on {PAPER_TRAINING_IMAGES:,}"
    missing = f"{found.missing}; {trained}" if found.missing else None
    return replace(found, numbers=found.numbers | {"training_images": images}, missing=missing)


DEEP_BEATS_SVM = Claim(
    id="deep-beats-svm",
    section="5",
    sentence="On a fixed set of Shapeset images, the deep tanh network with normalized initialization beats the SVM "
    "with a Gaussian kernel.",
    rule=f"The network errs significantly less ({MCNEMAR}). There is one run of each.",
    figure="figure-11",
    metric="difference_percent",
    words=ERRORS_IN_WORDS | {"training_images": "{number} training images"},
    judge=deep_beats_svm,
)


def second_order_helps(measurements: Measurements) -> Verdict:
    """Judge each update rule with learning rates per parameter, with both initializations."""
    rules = [rule for rule in PER_PARAMETER if any(model.update_rule == rule for model in measurements.models.values())]
    if not rules:
        raise Undecided(f"params.yaml has no tanh models with update_rule {' or '.join(PER_PARAMETER)}")
    tanh, tanh_n = measurements.find(TANH), measurements.find(TANH_N)
    comparisons = []
    for rule in rules:
        with_rule, with_rule_n = (measurements.find(replace(one, update_rule=rule)) for one in (TANH, TANH_N))
        comparisons += [
            compare(measurements, with_rule, tanh),
            compare(measurements, tanh_n, with_rule),
            compare(measurements, with_rule_n, tanh_n),
        ]
    return all_confirmed(comparisons)


SECOND_ORDER_HELPS = Claim(
    id="second-order-helps",
    section="5",
    sentence="Learning rates per parameter help tanh with standard initialization, but less than normalized "
    "initialization does. They also help tanh with normalized initialization.",
    rule=f"This is judged for each such update rule in params.yaml. {SIGNIFICANT_EACH}",
    figure="figure-11",
    metric="difference_percent",
    words=ERRORS_IN_WORDS,
    judge=second_order_helps,
)


def width_profile_irrelevant(measurements: Measurements) -> Verdict:
    """Judge tanh's two initializations with every list of widths that widens or narrows."""
    comparisons = []
    for change, has_profile in PROFILES.items():
        standard = [
            model
            for model in measurements.models.values()
            if model.width_profile
            and has_profile(model.width_profile)
            and without_search(model) == replace(TANH, width_profile=model.width_profile)
        ]
        if not standard:
            raise Undecided(f"params.yaml has no tanh model with standard initialization and layers that {change}")
        for model in standard:
            normalized = measurements.find(replace(TANH_N, width_profile=model.width_profile))
            comparisons.append(compare(measurements, normalized, measurements.find(model)))
    return all_confirmed(comparisons)


WIDTH_PROFILE_IRRELEVANT = Claim(
    id="width-profile-irrelevant",
    section="5",
    sentence="Normalized initialization also beats the standard one if layers widen or narrow towards the top.",
    rule=f"Tanh, with widening and with narrowing layers: {SIGNIFICANT_EACH[0].lower()}{SIGNIFICANT_EACH[1:]}",
    figure="figure-11",
    metric="difference_percent",
    words=ERRORS_IN_WORDS,
    judge=width_profile_irrelevant,
)
