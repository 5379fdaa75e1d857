"""Every claim of the paper, and the verdicts on all of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stages.claims import errors, initialization, saturation, side_results, weight_gradients
from stages.claims.initialization import ABOUT, HALFWAY
from stages.claims.measurements import PAPER_LAYERS, Measurements
from stages.claims.saturation import (
    ABOUT_EQUAL,
    ABOUT_HALF,
    BOUNDS,
    CENTRE,
    EARLY_UPDATES,
    FEWEST_SATURATED,
    LEFT_ZERO,
    LONG_TRAINING,
    NEAR_ZERO,
    SHOULDERS,
    SIGMOID_SATURATED,
    SOFTSIGN_SATURATED,
    TANH_SATURATED,
    TOGETHER,
)
from stages.claims.significance import LEVEL, holm
from stages.claims.verdict import UNDECIDED, VERDICTS, Undecided, Verdict
from stages.claims.weight_gradients import ALIKE, APART

DIGITS = 6  # significant ones


@dataclass(frozen=True)
class Claim:
    """What the paper says, in our words."""

    section: str
    sentence: str
    rule: str
    """what has to be measured for it to hold"""
    metric: str
    """the key of the one of its numbers that is in reports/metrics.json"""
    judge: Callable[[Measurements], Verdict]


_factors = (
    f"a layer's standard deviation over that of the layer {{}} it is never 1 or more, and below {1 / HALFWAY:.2f} on "
    f"(geometric) average, with standard initialization, and {1 / HALFWAY:.2f} to {HALFWAY:.2f} with normalized."
)
_five_layers = f"Judged by the best run with {PAPER_LAYERS} hidden layers, or the chosen one where there is none."
_mcnemar = f"McNemar's exact test, p < {LEVEL}"
_tests = (
    f"{_mcnemar}, and where both models have two or more seeds that did not diverge, also Welch's t-test over these, "
    f"p < {LEVEL}"
)
_significant = f"Whichever model is said to be better errs significantly less ({_tests})."
_significant_each = (
    f"{_significant} Where one errs significantly more, also after multiplying p by the number of comparisons "
    "(Bonferroni), it fails."
)

CLAIMS = {
    "sigmoid-top-saturates": Claim(
        "3.1",
        "With sigmoid units and standard initialization the top hidden layer's activations are driven to 0 early in "
        "training, while the layers below keep means of at least about 0.5, higher nearer the top.",
        f"Five hidden layers: the 98th percentile of layer 5 falls below {NEAR_ZERO} within {EARLY_UPDATES:,} updates; "
        f"when it was last there, layers 1 to 4 have means of at least {ABOUT_HALF}, none of them more than "
        f"{ABOUT_EQUAL} lower than that below.",
        "top_layer_p98",
        saturation.sigmoid_top_saturates,
    ),
    "sigmoid-depth4-escapes": Claim(
        "3.1",
        "With four hidden layers the sigmoid network's top layer leaves 0 again after long training, and the first "
        "hidden layer begins to saturate as it does; with five it does not.",
        f"Four hidden layers: the 98th percentile of layer 4 falls below {NEAR_ZERO} and later rises above "
        f"{LEFT_ZERO}; only then an outer percentile of layer 1 comes within {1 - SIGMOID_SATURATED:.3f} of "
        f"0 or 1. Five hidden layers: layer 5 falls and does not rise. Where neither has risen after {LONG_TRAINING:,} "
        "updates it fails.",
        "depth_4_top_layer_p98",
        saturation.sigmoid_depth4_escapes,
    ),
    "sigmoid-pretrained-escapes": Claim(
        "3.1",
        "A sigmoid network that starts from unsupervised pre-training shows no such saturation.",
        f"{_five_layers} The 98th percentile of its top layer never falls below {NEAR_ZERO}, where without "
        "pre-training it does.",
        "pretrained_lowest_top_layer_p98",
        saturation.sigmoid_pretrained_escapes,
    ),
    "tanh-saturates-in-order": Claim(
        "3.2",
        "Tanh layers with standard initialization saturate one after the other, from layer 1 up.",
        f"{_five_layers} A layer saturates when its 98th or 2nd percentile goes beyond ±{TANH_SATURATED}. At least "
        f"{FEWEST_SATURATED} have, at different updates, none before one below it; of those that have not, none is "
        "farther than one below.",
        "saturated_layers",
        saturation.tanh_saturates_in_order,
    ),
    "softsign-saturates-together": Claim(
        "3.3",
        "Softsign layers saturate less than tanh layers, and all at about the same time.",
        "After training a smaller share of softsign's activations than of tanh's is saturated, on average over the "
        f"chosen run's layers, by two definitions: |z| beyond {BOUNDS[0]}, and a slope below 5 % of the steepest, that "
        f"is |z| beyond {SOFTSIGN_SATURATED} for softsign and {TANH_SATURATED} for tanh; where these disagree it is "
        "undecided. And when the first softsign layer saturates, its outer percentile being beyond "
        f"±{SOFTSIGN_SATURATED}, those of the others have on average come at least {TOGETHER} of the way from 0 to "
        f"there, and farther than those of tanh have; otherwise it fails. This is {_five_layers.lower()}",
        "softsign_way_of_other_layers",
        saturation.softsign_saturates_together,
    ),
    "tanh-ends-at-extremes": Claim(
        "3.3",
        "After training, tanh activations of lower layers pile up at −1 and 1 or sit near 0; softsign's gather around "
        "±(0.6 to 0.8), where they are not linear and not saturated.",
        "In which tenth of |z| activations are densest, in the lower half of the chosen run's layers: with tanh, from "
        f"{BOUNDS[0]} up in at least one layer and else below {CENTRE[1]}; with softsign, between {SHOULDERS[0]} and "
        f"{SHOULDERS[1]}, that is around 0.6 to 0.8.",
        "tanh_layer_1_densest_at",
        saturation.tanh_ends_at_extremes,
    ),
    "cross-entropy-fewer-plateaus": Claim(
        "4.1",
        "More of the quadratic cost's surface is plateau than of the cross-entropy's.",
        "The quadratic cost's surface has the larger share of plateaus, by the definition of a plateau and by ones "
        "half and twice as strict; where these disagree it is undecided.",
        "quadratic_plateau_share",
        side_results.cross_entropy_fewer_plateaus,
    ),
    "standard-activations-shrink": Claim(
        "4.2",
        "At initialization the activations' variance falls layer by layer going up with the standard initialization, "
        "and stays about level with the normalized one.",
        f"Tanh: {_factors.format('below')}",
        "standard_factor_per_layer",
        initialization.standard_activations_shrink,
    ),
    "standard-gradients-shrink": Claim(
        "4.2",
        "At initialization the back-propagated gradients' variance falls layer by layer going down with the standard "
        "initialization, and stays about level with the normalized one.",
        f"Tanh: {_factors.format('above')}",
        "standard_factor_per_layer",
        initialization.standard_gradients_shrink,
    ),
    "weight-gradients-level": Claim(
        "4.2",
        "At initialization the weight gradients' variance is about the same in every layer, even with the standard "
        "initialization.",
        f"Tanh: the hidden layers' standard deviations lie within a factor of {ALIKE}, with either initialization.",
        "standard_largest_over_smallest",
        weight_gradients.weight_gradients_level,
    ),
    "variance-matches-theory": Claim(
        "4.2",
        "At initialization the variances of activations, back-propagated gradients and weight gradients follow the "
        "products of layer sizes and weights' variances.",
        "Tanh, both initializations: in every hidden layer each variance is less than √3 a step times off the product "
        "of these steps, of which there is one for each layer of weights that the product goes through. That is "
        "half-way to what the other initialization would give: factors of 1/3 and about 1 a step. The numbers have the "
        "largest factors off, a step and in all, and those of the mean-field prediction, which is not linear.",
        "largest_factor_off_a_step",
        initialization.variance_matches_theory,
    ),
    "jacobian-closer-to-one": Claim(
        "4.2",
        "At initialization the average singular value of the Jacobian from one layer to the next is about 0.8 with the "
        "normalized initialization and about 0.5 with the standard one.",
        f"Tanh: the mean over pairs of layers is within {ABOUT} of these numbers.",
        "normalized",
        initialization.jacobian_closer_to_one,
    ),
    "standard-weight-gradients-diverge": Claim(
        "4.3",
        "During training the layers' weight gradients come to differ in scale with the standard initialization, and "
        "stay alike with the normalized one.",
        f"Tanh. {_five_layers} Over the second half of training the largest standard deviation of a hidden layer over "
        f"the smallest has a median of at least {APART} with standard and at most {ALIKE} with normalized "
        "initialization.",
        "standard_largest_over_smallest",
        weight_gradients.standard_weight_gradients_diverge,
    ),
    "normalized-beats-standard-tanh": Claim(
        "5",
        "On Shapeset, tanh has a lower test error with normalized than with standard initialization.",
        _significant,
        "difference_percent",
        errors.normalized_beats_standard_tanh,
    ),
    "softsign-robust": Claim(
        "5",
        "Initialization matters much less for softsign than for tanh.",
        "Softsign's two test errors differ by less than half as much as tanh's, significantly (paired t-test on the "
        f"test images between the chosen runs, p < {LEVEL}).",
        "margin_percent",
        errors.softsign_robust,
    ),
    "sigmoid-worst": Claim(
        "5",
        "The sigmoid with standard initialization is the worst of the five models.",
        _significant_each,
        "difference_percent",
        errors.sigmoid_worst,
    ),
    "pretraining-best": Claim(
        "5",
        "Fine-tuning after unsupervised pre-training ends lowest, and normalized initialization closes much of the gap "
        "to it.",
        f"Pre-trained tanh against each of the five: {_significant_each} And normalized initialization improves tanh "
        "by more than half of what pre-training does, significantly (paired t-test on the test images between the "
        f"chosen runs, p < {LEVEL}).",
        "difference_percent",
        errors.pretraining_best,
    ),
    "deep-beats-svm": Claim(
        "5",
        "On a fixed set of Shapeset images the deep tanh network with normalized initialization beats the SVM with a "
        "Gaussian kernel.",
        f"The network errs significantly less ({_mcnemar}); there is one run of either.",
        "difference_percent",
        side_results.deep_beats_svm,
    ),
    "second-order-helps": Claim(
        "5",
        "Learning rates per parameter help tanh with standard initialization, but less than normalized initialization "
        "does, and they help further on top of it.",
        f"For each such update rule that there are models with: {_significant_each}",
        "difference_percent",
        side_results.second_order_helps,
    ),
    "width-profile-irrelevant": Claim(
        "5",
        "Normalized initialization beats the standard one also where layers widen or narrow from the bottom up.",
        f"Tanh, widening and narrowing: {_significant_each}",
        "difference_percent",
        side_results.width_profile_irrelevant,
    ),
    "best-depth": Claim(
        "2.3",
        "The best depth on Shapeset is five hidden layers, for the sigmoid four.",
        "Each of the five models errs less on test images at that depth than at whichever other depth has the lowest "
        f"validation error, significantly (Fisher's exact test, p < {LEVEL}), with the one seed that all depths are "
        "trained with. Where one errs significantly more, also after multiplying p by five (Bonferroni), it fails.",
        "difference_percent",
        errors.best_depth,
    ),
    "same-on-real-data": Claim(
        "5",
        "The order of the five models on MNIST, CIFAR-10 and Small-ImageNet agrees with Shapeset's.",
        f"On each of these data sets that was run, {errors.FEWEST_PAIRS} or more pairs of the models can be told apart "
        f"that can be told apart on Shapeset too ({_tests}), and none of them is in reverse order. It fails where one "
        "is, significantly also after multiplying the larger p of the two data sets by ten for each data set "
        "(Bonferroni).",
        "reversed_pairs",
        errors.same_on_real_data,
    ),
}


def judge_claims(measurements: Measurements) -> dict[str, dict[str, Any]]:
    """Return id → what there is to say of each claim, ready for reports/claims.json.

    p_holm is p after Holm's correction for all claims that have one; verdicts rest on p itself.
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
    """Return what reports/metrics.json says of the claims: the verdicts as counts, and each with its metric."""
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
