"""The paper's further claims: the costs' surfaces (section 4.1) and the side experiments of section 5."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pandas as pd

from stages.claims.claim import Claim
from stages.claims.comparisons import ERRORS_IN_WORDS, SIGNIFICANT_EACH, Comparison, beats, wrong_of_seed
from stages.claims.evidence import Part, verdict_on
from stages.claims.measurements import (
    SHAPESET,
    TANH,
    TANH_N,
    Measurements,
    at_best_rate,
    chance,
    edge_of,
    without_search,
)
from stages.claims.significance import LEVEL, mcnemar
from stages.claims.verdict import FAILS, UNDECIDED, NotRun, Undecided, Verdict

SURFACE_COSTS = ("quadratic", "cross_entropy")
PLATEAU_SHARES = ("plateau_share", "plateau_share_half_as_strict", "plateau_share_twice_as_strict")
PAPER_TRAINING_IMAGES = 100_000  # for the SVM and for the network that it is compared with
PER_PARAMETER = ("hessian", "gradient_variance")  # update rules
PROFILES: dict[str, Callable[[list[float]], bool]] = {
    "widen": lambda profile: profile[-1] > profile[0] and all(below <= above for below, above in pairwise(profile)),
    "narrow": lambda profile: profile[-1] < profile[0] and all(below >= above for below, above in pairwise(profile)),
}


def cross_entropy_fewer_plateaus(measurements: Measurements) -> Verdict:
    """Judge the plateau shares of the two costs' surfaces by three definitions of a plateau, over draws of examples."""
    table = measurements.plateaus()
    of_costs = {cost: rows.set_index("seed") for cost, rows in table.groupby("cost")}
    for cost in SURFACE_COSTS:
        if cost not in of_costs:
            raise Undecided(f"data/surfaces/plateaus.parquet has no surface of the cost {cost}")
    parts = []
    for share in PLATEAU_SHARES:
        quadratic, cross_entropy = (of_costs[cost][share] for cost in SURFACE_COSTS)
        words = (
            f"{share.replace('_', ' ')} ({quadratic.mean():.3f} quadratic, {cross_entropy.mean():.3f} cross-entropy)"
        )
        numbers = {f"{cost}_{share}": float(of_costs[cost][share].mean()) for cost in SURFACE_COSTS}
        parts.append(Part(words, quadratic - cross_entropy, numbers))
    found = verdict_on(parts, "draws")
    if found.verdict == FAILS and not all(part.contradicts for part in parts):
        missing = "the definitions of a plateau disagree: the quadratic cost has the larger share by some of them only"
        return replace(found, verdict=UNDECIDED, missing=missing)
    return found


CROSS_ENTROPY_FEWER_PLATEAUS = Claim(
    id="cross-entropy-fewer-plateaus",
    section="4.1",
    sentence="The quadratic cost's surface has more plateaus than the cross-entropy's.",
    rule="Plateaus are a larger share of the quadratic cost's surface on average over draws of ten examples, by the "
    f"definition of a plateau and by definitions half and twice as strict (t-test over the draws, p < {LEVEL}). If "
    "these disagree, the claim is undecided.",
    scale="laptop",
    figure="figure-5",
    words={
        "{}_plateau_share": "{}: {share} of the surface is plateau",
        "{}_plateau_share_half_as_strict": "{}: {share} by a definition half as strict",
        "{}_plateau_share_twice_as_strict": "{}: {share} by a definition twice as strict",
    },
    judge=cross_entropy_fewer_plateaus,
)


def deep_beats_svm(measurements: Measurements) -> Verdict:
    """Judge the network against the Gaussian-kernel SVM, both trained on the same images."""
    runs = _at_best_settings(measurements)
    table = measurements.fixed_set_predictions()
    of_models = {model: rows.drop(columns="model") for model, rows in table.groupby("model")}
    for model in ("network", "svm"):
        if model not in of_models:
            raise Undecided(f"data/svm/{SHAPESET}/answers.parquet has no answers of the {model}")
    network, svm = of_models["network"], of_models["svm"]
    answered = (network["label"] != network["prediction"]).groupby(network["seed"]).mean()
    errors = answered.reindex(runs["seed"]).fillna(chance(SHAPESET))
    of_svm = pd.Series(float((svm["label"] != svm["prediction"]).mean()), errors.index)
    first = network["seed"].min()
    p = mcnemar(*wrong_of_seed({"network": network, "svm": svm.assign(seed=first)}, first).values())
    found = verdict_on([Comparison("network", "svm", errors, of_svm, p).part])
    images = measurements.scale.svm.examples[SHAPESET]
    trained = f"both were trained on {images:,} images, the paper's on {PAPER_TRAINING_IMAGES:,}"
    missing = f"{found.missing}; {trained}" if found.missing else None
    return replace(found, numbers=found.numbers | {"training_images": images}, missing=missing)


DEEP_BEATS_SVM = Claim(
    id="deep-beats-svm",
    section="5",
    sentence="On a fixed set of Shapeset images, the deep tanh network with normalized initialization beats the SVM "
    "with a Gaussian kernel.",
    rule="The network's seeds err significantly less than the SVM, which draws nothing and has one error (t-test over "
    f"the seeds, p < {LEVEL}). The network keeps the weights, and both choose their settings, by validation.",
    scale="overnight",
    figure="figure-11",
    words=ERRORS_IN_WORDS | {"training_images": "{number} training images"},
    judge=deep_beats_svm,
)


def _at_best_settings(measurements: Measurements) -> pd.DataFrame:
    """Return the network's runs at its best rate; raises Undecided where it or the SVM is best at an edge."""
    missing = f"the SVM has not been trained on {SHAPESET}"
    search = measurements.table(f"svm/{SHAPESET}/search", missing)
    for setting in ("C", "gamma"):
        best = search.loc[search["chosen"], setting].iloc[0]
        if best in (search[setting].min(), search[setting].max()):
            raise Undecided(f"the SVM's best {setting}, {best:g}, is at the edge of those that were tried")
    runs = measurements.table(f"svm/{SHAPESET}/network", missing)
    edge = edge_of(runs)
    if edge:
        raise Undecided(f"the best learning rate of the network beside the SVM is the {edge} of those that were tried")
    best = at_best_rate(runs, "the network beside the SVM", SHAPESET)
    return best[best["seed"] != measurements.left_out]


def second_order_helps(measurements: Measurements) -> Verdict:
    """Judge each update rule with learning rates per parameter, with both initializations."""
    rules = [rule for rule in PER_PARAMETER if any(model.update_rule == rule for model in measurements.models.values())]
    if not rules:
        raise NotRun(f"params.yaml has no tanh models with update_rule {' or '.join(PER_PARAMETER)}")
    tanh, tanh_n = measurements.find(TANH), measurements.find(TANH_N)
    parts = []
    for rule in rules:
        with_rule, with_rule_n = (measurements.find(replace(one, update_rule=rule)) for one in (TANH, TANH_N))
        parts += [
            beats(measurements, with_rule, tanh),
            beats(measurements, tanh_n, with_rule),
            beats(measurements, with_rule_n, tanh_n),
        ]
    return verdict_on(parts)


SECOND_ORDER_HELPS = Claim(
    id="second-order-helps",
    section="5",
    sentence="Learning rates per parameter help tanh with standard initialization, but less than normalized "
    "initialization does. They also help tanh with normalized initialization.",
    rule=f"This is judged for each such update rule in params.yaml. {SIGNIFICANT_EACH}",
    scale="overnight",
    figure="figure-11",
    words=ERRORS_IN_WORDS,
    judge=second_order_helps,
)


def width_profile_irrelevant(measurements: Measurements) -> Verdict:
    """Judge tanh's two initializations with every list of widths that widens or narrows."""
    parts = []
    for change, has_profile in PROFILES.items():
        standard = [
            model
            for model in measurements.models.values()
            if model.width_profile
            and has_profile(model.width_profile)
            and without_search(model) == replace(TANH, width_profile=model.width_profile)
        ]
        if not standard:
            raise NotRun(f"params.yaml has no tanh model with standard initialization and layers that {change}")
        for model in standard:
            normalized = measurements.find(replace(TANH_N, width_profile=model.width_profile))
            parts.append(beats(measurements, normalized, measurements.find(model)))
    return verdict_on(parts)


WIDTH_PROFILE_IRRELEVANT = Claim(
    id="width-profile-irrelevant",
    section="5",
    sentence="Normalized initialization also beats the standard one if layers widen or narrow towards the top.",
    rule=f"Tanh, with widening and with narrowing layers: {SIGNIFICANT_EACH[0].lower()}{SIGNIFICANT_EACH[1:]}",
    scale="overnight",
    figure="figure-11",
    words=ERRORS_IN_WORDS,
    judge=width_profile_irrelevant,
)
