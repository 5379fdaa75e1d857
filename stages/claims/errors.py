"""The claims on test errors in section 5, and on depth in section 2.3."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from stages.claims.claim import Claim
from stages.claims.comparisons import (
    ERRORS_IN_WORDS,
    PAIRED,
    POWER_IN_WORDS,
    SIGNIFICANT,
    SIGNIFICANT_EACH,
    beats,
    compare,
)
from stages.claims.evidence import Part, margins_of, power_of, verdict_on
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
from stages.claims.significance import LEVEL, bonferroni
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, NotRun, Undecided, Verdict
from stages.datasets.dataset import find_dataset
from stages.params import Model

MUCH_LESS = 0.5  # less than half
MUCH_OF_THE_GAP = 0.5  # at least half
DEPTHS = range(1, PAPER_LAYERS + 1)
SIGMOID_DEPTH = 4  # the best one for the sigmoid; PAPER_LAYERS is for the others
NOT_WORSE = 0.01  # a depth is not better than another if it errs less by less than one point
FEWEST_MODELS = 3  # of the five, to speak of their best depth
FEWEST_PAIRS = 3  # of the ten pairs of five models; fewer say little about their order


def normalized_beats_standard_tanh(measurements: Measurements) -> Verdict:
    """Judge tanh with normalized against tanh with standard initialization."""
    return verdict_on([beats(measurements, measurements.find(TANH_N), measurements.find(TANH))])


NORMALIZED_BEATS_STANDARD_TANH = Claim(
    id="normalized-beats-standard-tanh",
    section="5",
    sentence="On Shapeset, tanh has a lower test error with normalized than with standard initialization.",
    rule=SIGNIFICANT,
    scale="laptop",
    figure="figure-11",
    words=ERRORS_IN_WORDS,
    judge=normalized_beats_standard_tanh,
)


def softsign_robust(measurements: Measurements) -> Verdict:
    """Judge whether initialization changes softsign's error by less than half as much as tanh's."""
    tanh, tanh_n, softsign, softsign_n = _errors(measurements, TANH, TANH_N, SOFTSIGN, SOFTSIGN_N)
    gaps = {"tanh": tanh - tanh_n, "softsign": softsign - softsign_n}
    sizes = {units: gap * np.sign(gap.mean()) for units, gap in gaps.items()}
    numbers = {f"{units}_gap_percent": 100 * float(gap.mean()) for units, gap in gaps.items()}
    words = (
        f"half of tanh's gap and softsign's ({50 * sizes['tanh'].mean():.2f} and {100 * sizes['softsign'].mean():.2f} "
        "points)"
    )
    return verdict_on([_gain(words, MUCH_LESS * sizes["tanh"] - sizes["softsign"], numbers)])


SOFTSIGN_ROBUST = Claim(
    id="softsign-robust",
    section="5",
    sentence="Initialization matters much less for softsign than for tanh.",
    rule=f"Softsign's two test errors differ by less than half as much as tanh's, significantly ({PAIRED}).",
    scale="overnight",
    figure="figure-11",
    words={
        "margin_percent": "half of tanh's gap is larger than softsign's by {number} points",
        **POWER_IN_WORDS,
        "{}_gap_percent": "{}: {number} points apart",
    },
    judge=softsign_robust,
)


def sigmoid_worst(measurements: Measurements) -> Verdict:
    """Judge the sigmoid against each of the other four of Table 1."""
    *others, sigmoid = (measurements.find(recipe) for recipe in TABLE1_MODELS)
    return verdict_on([beats(measurements, other, sigmoid) for other in others])


SIGMOID_WORST = Claim(
    id="sigmoid-worst",
    section="5",
    sentence="The sigmoid with standard initialization is the worst of the five models.",
    rule=SIGNIFICANT_EACH,
    scale="overnight",
    figure="figure-11",
    words=ERRORS_IN_WORDS,
    judge=sigmoid_worst,
)


def pretraining_best(measurements: Measurements) -> Verdict:
    """Judge pre-trained tanh against each model of Table 1, and the gap that normalized initialization closes."""
    pretrained = measurements.models[measurements.find_pretrained(TANH)]
    names = [measurements.find(recipe) for recipe in TABLE1_MODELS]
    lowest = [beats(measurements, measurements.find(pretrained), name) for name in names]
    tanh, tanh_n, ours = _errors(measurements, TANH, TANH_N, pretrained)
    closed, gap = tanh - tanh_n, tanh - ours
    numbers = {"share_of_gap_closed": float(closed.mean() / gap.mean())}
    words = (
        f"what normalized initialization gains and half of what pre-training gains ({100 * closed.mean():.2f} and "
        f"{50 * gap.mean():.2f} points)"
    )
    return verdict_on([*lowest, _gain(words, closed - MUCH_OF_THE_GAP * gap, numbers)])


PRETRAINING_BEST = Claim(
    id="pretraining-best",
    section="5",
    sentence="Fine-tuning after unsupervised pre-training reaches the lowest error, and normalized initialization "
    "closes much of the gap to it.",
    rule=f"Pre-trained tanh is compared with each of the five models. {SIGNIFICANT_EACH} And normalized initialization "
    f"improves tanh by more than half as much as pre-training does, significantly ({PAIRED}).",
    scale="overnight",
    figure="figure-11",
    words={
        "margin_percent": "normalized initialization gains {number} points more than half of what pre-training gains",
        "share_of_gap_closed": "{share} of the gap is closed",
        **ERRORS_IN_WORDS,
    },
    judge=pretraining_best,
)


def best_depth(measurements: Measurements) -> Verdict:
    """Judge each model of Table 1 that has all depths: no other depth is better than the claimed one by a point."""
    parts, lacking = [], []
    for recipe in TABLE1_MODELS:
        claimed = SIGMOID_DEPTH if recipe == SIGMOID else PAPER_LAYERS
        try:
            names = {depth: measurements.find(recipe, depth) for depth in DEPTHS}
            measurements.require_learned(names[claimed], claimed)
            errors = {depth: measurements.errors(name, depth) for depth, name in names.items()}
        except Undecided as undecided:
            lacking.append(undecided)
            continue
        for depth in DEPTHS:
            if depth != claimed:
                parts.append(_not_worse(names[claimed], claimed, depth, errors))
    if len(parts) < FEWEST_MODELS * (len(DEPTHS) - 1):
        needed = f"at least {FEWEST_MODELS} of the five models need all depths from 1 to 5"
        raise type(lacking[0])(f"{needed}; {lacking[0]}")
    return verdict_on(parts)


BEST_DEPTH = Claim(
    id="best-depth",
    section="2.3",
    sentence="The best depth on Shapeset is five hidden layers, and four for the sigmoid.",
    rule=f"At least {FEWEST_MODELS} of the five models have all depths from 1 to 5, and have learned at the claimed "
    "one. With no other depth do they err less by a point or more: a t-test, paired by seed, that the claimed depth's "
    f"test error is less than {100 * NOT_WORSE:.0f} point above that of each other depth, p < {LEVEL}. The claim fails "
    "if it is significantly more than that above one, even after multiplying p by the number of comparisons "
    "(Bonferroni).",
    scale="overnight",
    figure="depths",
    words={
        "above_percent": "{number} points above another depth",
        "{}_depth_{}_percent": "{} with {} hidden layers: {number} %",
        **ERRORS_IN_WORDS,
    },
    judge=best_depth,
)


def same_on_real_data(measurements: Measurements) -> Verdict:
    """Judge every pair of Table 1's models that the test tells apart both on Shapeset and on a finite data set.

    A pair in reverse order refutes the claim if it is significant for one of so many pairs and data sets.
    """
    finite = [dataset for dataset in measurements.datasets if not find_dataset(dataset).endless]
    if not finite:
        raise NotRun("params.yaml lists no finite data set, such as mnist")
    names = [measurements.find(recipe) for recipe in TABLE1_MODELS]
    here = _pairs(measurements, names, SHAPESET)
    count, numbers, by_seed, reverse, weakest = len(here) * len(finite), {}, {}, {}, []
    for dataset in finite:
        there = _pairs(measurements, names, dataset)
        both = {pair: max(here[pair].p, there[pair].p) for pair in here if _apart(here[pair]) and _apart(there[pair])}
        against = {pair: p for pair, p in both.items() if here[pair].supports != there[pair].supports}
        agreeing = sorted(p for pair, p in both.items() if pair not in against)
        numbers |= {f"agreeing_pairs_{dataset}": len(agreeing), f"reversed_pairs_{dataset}": len(against)}
        reverse |= {(dataset, *pair): p for pair, p in against.items()}
        weakest.append(agreeing[FEWEST_PAIRS - 1] if len(agreeing) >= FEWEST_PAIRS else 1.0)
        for place, pairs in ((SHAPESET, here), (dataset, there)):
            by_seed |= {f"{place}: {part.words}": margins_of(part) for part in pairs.values()}
    numbers = {"reversed_pairs": len(reverse), **numbers}
    test = f"t-tests paired by seed, p times {count} for as many pairs"
    if reverse:
        (dataset, one, other), strongest = min(reverse.items(), key=lambda found: found[1])
        p = bonferroni(strongest, count)
        missing = f"{one} and {other} are in reverse order on {dataset}, but not significantly for one of {count} pairs"
        return Verdict(FAILS if p < LEVEL else UNDECIDED, numbers, None if p < LEVEL else missing, test, p, by_seed)
    p = bonferroni(max(weakest), count)
    if p < LEVEL:
        return Verdict(HOLDS, numbers, None, test, p, by_seed)
    missing = f"fewer than {FEWEST_PAIRS} pairs of models are told apart, in the same order, on Shapeset and elsewhere"
    return Verdict(UNDECIDED, numbers, missing, test, p, by_seed)


SAME_ON_REAL_DATA = Claim(
    id="same-on-real-data",
    section="5",
    sentence="The order of the five models on MNIST, CIFAR-10 and Small-ImageNet agrees with that on Shapeset.",
    rule=f"The test is a {PAIRED}. On each of these data sets in params.yaml, at least {FEWEST_PAIRS} of the ten pairs "
    "of models that it tells apart both there and on Shapeset are in the same order, also after multiplying the larger "
    "p of the two by the number of pairs (Bonferroni), and none is in reverse order. The claim fails if one is, even "
    "after that.",
    scale="overnight",
    figure="figure-12",
    words={
        "reversed_pairs": "pairs in reverse order: {number}",
        "reversed_pairs_{}": "{}: {number} pairs in reverse order",
        "agreeing_pairs_{}": "{}: {number} pairs in the same order",
    },
    judge=same_on_real_data,
)


def _pairs(measurements: Measurements, names: Sequence[str], dataset: str) -> dict[tuple[str, str], Part]:
    return {pair: compare(measurements, *pair, dataset).part for pair in combinations(names, 2)}


def _apart(part: Part) -> bool:
    return part.supports or part.contradicts


def _errors(measurements: Measurements, *recipes: Model) -> list[pd.Series]:
    """Return the test errors of each recipe by seed, of the seeds that all have; each must have learned."""
    names = [measurements.find(recipe) for recipe in recipes]
    for name in names:
        measurements.require_learned(name)
    errors = [measurements.errors(name) for name in names]
    together = pd.concat(errors, axis="columns", keys=range(len(errors))).dropna()
    return [together[number] for number in together]


def _gain(words: str, margins: pd.Series, numbers: dict[str, float]) -> Part:
    """Return a part on a difference of errors, in shares of the test images."""
    of_margins = {"margin_percent": 100 * float(margins.mean()), "detectable_percent": 100 * power_of(margins)}
    return Part(words, margins, of_margins | numbers)


def _not_worse(name: str, claimed: int, depth: int, errors: dict[int, pd.Series]) -> Part:
    """Return the part that the claimed depth errs at most NOT_WORSE more than another."""
    above = (errors[claimed] - errors[depth]).dropna()
    words = f"{name} with {claimed} and with {depth} hidden layers"
    numbers = {"above_percent": 100 * float(above.mean())}
    numbers |= {f"{name}_depth_{one}_percent": 100 * float(errors[one].mean()) for one in (claimed, depth)}
    return Part(words, NOT_WORSE - above, numbers)
