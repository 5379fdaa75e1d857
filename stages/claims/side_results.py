"""The claims that the paper tells beside its figures: cost surfaces (section 4.1), and what it tried in section 5."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from stages.claims.comparisons import Comparison, all_confirmed, compare, compare_predictions
from stages.claims.measurements import SHAPESET, TANH, TANH_N, Measurements, without_search
from stages.claims.verdict import UNDECIDED, Undecided, Verdict, judged

PLATEAU_SHARES = ("plateau_share", "plateau_share_half_as_strict", "plateau_share_twice_as_strict")
PAPER_TRAINING_IMAGES = 100_000  # of the SVM and of the network beside it
PER_PARAMETER = ("hessian", "gradient_variance")  # update rules
PROFILES: dict[str, Callable[[list[float]], bool]] = {
    "widen": lambda profile: profile[-1] > profile[0] and all(below <= above for below, above in pairwise(profile)),
    "narrow": lambda profile: profile[-1] < profile[0] and all(below >= above for below, above in pairwise(profile)),
}


def cross_entropy_fewer_plateaus(measurements: Measurements) -> Verdict:
    """Judge the shares of the two costs' surfaces that are plateaus, by definitions half and twice as strict too."""
    missing = "the costs' surfaces have not been measured: data/surfaces/plateaus.parquet is not there"
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
        missing = "definitions of a plateau disagree: the quadratic cost's share of them is larger by some, not by all"
        return Verdict(UNDECIDED, numbers, missing)
    return judged(all(more), numbers)


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


def second_order_helps(measurements: Measurements) -> Verdict:
    """Judge each update rule with a learning rate per parameter that both initializations are trained with."""
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


def width_profile_irrelevant(measurements: Measurements) -> Verdict:
    """Judge tanh by its two initializations, for every list of widths that widens and every one that narrows."""
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
