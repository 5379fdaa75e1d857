"""The claims on test errors in section 5, and on depth in section 2.3."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import numpy as np

from stages.claims.claim import Claim
from stages.claims.comparisons import (
    ERRORS_IN_WORDS,
    SIGNIFICANT,
    SIGNIFICANT_EACH,
    TESTS,
    Comparison,
    all_confirmed,
    compare,
    wrong_together,
)
from stages.claims.measurements import (
    PAPER_LAYERS,
    SHAPESET,
    SIGMOID,
    SOFTSIGN,
    SOFTSIGN_N,
    TABLE1_MODELS,
    TANH,
    TANH_N,
    Measurements,
)
from stages.claims.significance import LEVEL, bonferroni, fisher, paired
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided, Verdict
from stages.datasets.dataset import find_dataset
from stages.params import Model

MUCH_LESS = 0.5  # less than half
MUCH_OF_THE_GAP = 0.5  # at least half
DEPTHS = range(1, PAPER_LAYERS + 1)
SIGMOID_DEPTH = 4  # the best one for the sigmoid; PAPER_LAYERS is for the others
FEWEST_PAIRS = 3  # of the ten pairs of five models; fewer say little about their order
PAIRED = f"paired t-test on the test images between the chosen runs, p < {LEVEL}"


def normalized_beats_standard_tanh(measurements: Measurements) -> Verdict:
    """Judge tanh with normalized against tanh with standard initialization."""
    return all_confirmed([compare(measurements, measurements.find(TANH_N), measurements.find(TANH))])


NORMALIZED_BEATS_STANDARD_TANH = Claim(
    id="normalized-beats-standard-tanh",
    section="5",
    sentence="On Shapeset, tanh has a lower test error with normalized than with standard initialization.",
    rule=SIGNIFICANT,
    figure="figure-11",
    metric="difference_percent",
    words=ERRORS_IN_WORDS,
    judge=normalized_beats_standard_tanh,
)


def softsign_robust(measurements: Measurements) -> Verdict:
    """Judge whether initialization changes softsign's error by less than half as much as tanh's."""
    tanh, tanh_n, softsign, softsign_n = _wrong(measurements, TANH, TANH_N, SOFTSIGN, SOFTSIGN_N)
    tanh_gap, softsign_gap = tanh - tanh_n, softsign - softsign_n
    numbers = {
        "tanh_gap_percent": 100 * float(tanh_gap.mean()),
        "softsign_gap_percent": 100 * float(softsign_gap.mean()),
    }
    sizes = [gap * np.sign(gap.mean()) for gap in (tanh_gap, softsign_gap)]
    return _larger(MUCH_LESS * sizes[0], sizes[1], "half of tanh's gap", "softsign's gap", numbers)


SOFTSIGN_ROBUST = Claim(
    id="softsign-robust",
    section="5",
    sentence="Initialization matters much less for softsign than for tanh.",
    rule=f"Softsign's two test errors differ by less than half as much as tanh's, significantly ({PAIRED}).",
    figure="figure-11",
    metric="margin_percent",
    words={
        "margin_percent": "margin of {number} points",
        "{}_gap_percent": "{}: {number} points apart",
    },
    judge=softsign_robust,
)


def sigmoid_worst(measurements: Measurements) -> Verdict:
    """Judge the sigmoid against each of the other four of Table 1."""
    *others, sigmoid = (measurements.find(recipe) for recipe in TABLE1_MODELS)
    return all_confirmed([compare(measurements, other, sigmoid) for other in others])


SIGMOID_WORST = Claim(
    id="sigmoid-worst",
    section="5",
    sentence="The sigmoid with standard initialization is the worst of the five models.",
    rule=SIGNIFICANT_EACH,
    figure="figure-11",
    metric="difference_percent",
    words=ERRORS_IN_WORDS,
    judge=sigmoid_worst,
)


def pretraining_best(measurements: Measurements) -> Verdict:
    """Judge pre-trained tanh against each model of Table 1, then the gap that normalized initialization closes."""
    pretrained = measurements.find_pretrained(TANH)
    names = [measurements.find(recipe) for recipe in TABLE1_MODELS]
    lowest = all_confirmed([compare(measurements, pretrained, name) for name in names])
    if lowest.verdict != HOLDS:
        return lowest
    tanh, tanh_n, ours = _wrong(measurements, TANH, TANH_N, measurements.models[pretrained])
    closed = float((tanh - tanh_n).mean() / (tanh - ours).mean())
    gains = tanh - tanh_n, MUCH_OF_THE_GAP * (tanh - ours)
    much = _larger(*gains, "what normalized initialization gains", "half of what pre-training gains", lowest.numbers)
    numbers = much.numbers | {"share_of_gap_closed": closed}
    if much.verdict != HOLDS or much.p > lowest.p:
        return replace(much, numbers=numbers)
    return replace(lowest, numbers=numbers)


PRETRAINING_BEST = Claim(
    id="pretraining-best",
    section="5",
    sentence="Fine-tuning after unsupervised pre-training reaches the lowest error, and normalized initialization "
    "closes much of the gap to it.",
    rule=f"Pre-trained tanh is compared with each of the five models. {SIGNIFICANT_EACH} And normalized initialization "
    f"improves tanh by more than half as much as pre-training does, significantly ({PAIRED}).",
    figure="figure-11",
    metric="difference_percent",
    words={
        "margin_percent": "margin of {number} points",
        "share_of_gap_closed": "{share} of the gap is closed",
        **ERRORS_IN_WORDS,
    },
    judge=pretraining_best,
)


def best_depth(measurements: Measurements) -> Verdict:
    """Judge each model of Table 1 at the claimed depth against the other depth with the lowest validation error.

    Only the first seed is compared, as it alone is trained with every depth. Its test errors are compared as if on
    different images, since the predictions are kept of the chosen run only.
    """
    comparisons, best = [], {}
    for recipe in TABLE1_MODELS:
        name = measurements.find(recipe, *DEPTHS)
        runs = {depth: measurements.best_of_first_seed(name, depth) for depth in DEPTHS}
        by_validation = sorted(runs, key=lambda depth: runs[depth]["validation_error"])
        claimed = SIGMOID_DEPTH if recipe == SIGMOID else PAPER_LAYERS
        rival = next(depth for depth in by_validation if depth != claimed)
        images = len(measurements.predictions(name))
        errors = [runs[depth]["test_error"] for depth in (claimed, rival)]
        p = fisher(*(round(error * images) for error in errors), images)
        depths = (f"{name}_depth_{depth}" for depth in (claimed, rival))
        comparisons.append(Comparison(*depths, *errors, images, p, "Fisher's exact test"))
        best[f"{name}_best_depth"] = by_validation[0]
    found = all_confirmed(comparisons)
    return replace(found, numbers=found.numbers | best)


BEST_DEPTH = Claim(
    id="best-depth",
    section="2.3",
    sentence="The best depth on Shapeset is five hidden layers, and four for the sigmoid.",
    rule="Each of the five models is compared at this depth with the other depth that has the lowest validation error. "
    f"It errs significantly less on test images (Fisher's exact test, p < {LEVEL}), with the one seed that all depths "
    "are trained with. The claim fails if one model errs significantly more, even after multiplying p by five "
    "(Bonferroni).",
    figure="depths",
    metric="difference_percent",
    words={
        "{}_depth_{}_percent": "{} with {} hidden layers: {number} %",
        "{}_best_depth": "{}: best with {number} hidden layers",
        **ERRORS_IN_WORDS,
    },
    judge=best_depth,
)


def same_on_real_data(measurements: Measurements) -> Verdict:
    """Judge every pair of Table 1's models that the tests tell apart both on Shapeset and on a finite data set.

    A pair in reverse order refutes the claim if it is significant for one of so many pairs and data sets. A rank
    correlation could not decide: even the same order of five models has a p-value of 1/60.
    """
    finite = [dataset for dataset in measurements.datasets if not find_dataset(dataset).endless]
    if not finite:
        raise Undecided("params.yaml lists no finite data set, such as mnist")
    names = [measurements.find(recipe) for recipe in TABLE1_MODELS]
    here = _pairs(measurements, names, SHAPESET)
    numbers, differences, too_few, reverse = {}, {}, [], {}
    for dataset in finite:
        there = _pairs(measurements, names, dataset)
        both = [pair for pair in here if here[pair].told_apart and there[pair].told_apart]
        against = [pair for pair in both if here[pair].confirmed != there[pair].confirmed]
        numbers |= {f"agreeing_pairs_{dataset}": len(both) - len(against), f"reversed_pairs_{dataset}": len(against)}
        reverse |= {(dataset, *pair): max(here[pair].p, there[pair].p) for pair in against}
        for pair, (place, pairs) in product(against, ((SHAPESET, here), (dataset, there))):
            differences[f"{place}_{pair[1]}_minus_{pair[0]}_percent"] = 100 * pairs[pair].difference
        if len(both) < FEWEST_PAIRS:
            too_few.append(f"{len(both)} on {dataset}")
    numbers = {"reversed_pairs": len(reverse), **numbers, **differences}
    count = len(here) * len(finite)
    test = "McNemar's exact test, and Welch's t-test where both have several seeds, of each two models on each data set"
    if reverse:
        dataset, one, other = min(reverse, key=reverse.__getitem__)
        p = bonferroni(min(reverse.values()), count)
        test = f"{test}; the larger p of {one} and {other} on {SHAPESET} and {dataset}, times {count} for as many pairs"
        if p < LEVEL:
            return Verdict(FAILS, numbers, None, test, p)
        missing = (
            f"{one} and {other} are in reverse order on {dataset}, but not significantly for one of {count} pairs "
            f"(p = {p:.2g}); more seeds or images might decide"
        )
        return Verdict(UNDECIDED, numbers, missing, test, p)
    if too_few:
        missing = (
            f"the tests tell too few of the ten pairs of models apart both on Shapeset and elsewhere: {too_few[0]}"
        )
        return Verdict(UNDECIDED, numbers, missing, test)
    return Verdict(HOLDS, numbers, None, test)


SAME_ON_REAL_DATA = Claim(
    id="same-on-real-data",
    section="5",
    sentence="The order of the five models on MNIST, CIFAR-10 and Small-ImageNet agrees with that on Shapeset.",
    rule=f"On each of these data sets in params.yaml, the tests tell apart at least {FEWEST_PAIRS} pairs of models "
    f"that they also tell apart on Shapeset ({TESTS}). None of these pairs is in reverse order. The claim fails if one "
    "is, even after multiplying the larger p of the two data sets by ten for each data set (Bonferroni).",
    figure="figure-12",
    metric="reversed_pairs",
    words={
        "reversed_pairs": "pairs in reverse order: {number}",
        "reversed_pairs_{}": "{}: {number} pairs in reverse order",
        "agreeing_pairs_{}": "{}: {number} pairs in the same order",
        "{}_minus_{}_percent": "{} minus {}: {number} points",
    },
    judge=same_on_real_data,
)


def _pairs(measurements: Measurements, names: Sequence[str], dataset: str) -> dict[tuple[str, str], Comparison]:
    return {pair: compare(measurements, *pair, dataset) for pair in combinations(names, 2)}


def _wrong(measurements: Measurements, *recipes: Model) -> list[np.ndarray]:
    """Return the errors of each recipe's chosen run on the test images: 0.0 or 1.0, (examples,)."""
    names = [measurements.find(recipe) for recipe in recipes]
    wrong = wrong_together({name: measurements.predictions(name) for name in names})
    return [wrong[name].astype(float) for name in names]


def _larger(
    larger: np.ndarray, smaller: np.ndarray, larger_name: str, smaller_name: str, numbers: dict[str, float]
) -> Verdict:
    """Return the verdict on a claim that one difference of errors (examples,) has a larger mean than another."""
    p, margin = paired(larger - smaller), float((larger - smaller).mean())
    numbers = {"margin_percent": 100 * margin, **numbers}
    test = f"paired t-test of {larger_name} against {smaller_name} on {len(larger):,} test images"
    if p < LEVEL:
        return Verdict(HOLDS if margin > 0 else FAILS, numbers, None, test, p)
    missing = (
        f"{larger_name} ({100 * larger.mean():.2f} points) and {smaller_name} ({100 * smaller.mean():.2f} points) "
        f"cannot be told apart on {len(larger):,} test images (p = {p:.2g}); longer training or more images might help"
    )
    return Verdict(UNDECIDED, numbers, missing, test, p)
