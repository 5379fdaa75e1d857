"""Figure 5: what the two costs are as functions of two weights, one of each layer (section 4.1).

The network is the smallest with two layers: one input x, one tanh unit of weight W1 above it, and a softmax over two
classes with the pre-activations 0 and W2·z, without biases. It has no other weights, so nothing but the examples is
held fixed. These are the paper's "random input and target signals": x from N(0, 1), and a class by the toss of a coin.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

EXAMPLES = 10
PLATEAU_SIDES = 1.0


@dataclass(frozen=True)
class Cost:
    """The cost of an example by s = W2·z, with target +1 for the class of pre-activation s and −1 for the other."""

    value: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """value(s, target)"""
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """slope(s, target): its derivative by s"""


def probability(s: np.ndarray) -> np.ndarray:
    """Return 1/(1 + e^−s), of the class of pre-activation s."""
    return np.exp(-np.logaddexp(0, -s))


COSTS = {
    # −log P(y|x)
    "cross_entropy": Cost(
        value=lambda s, target: np.logaddexp(0, -target * s),
        slope=lambda s, target: -target * probability(-target * s),
    ),
    # ½·Σ(P − Y)², in which both classes are off by as much
    "quadratic": Cost(
        value=lambda s, target: probability(-target * s) ** 2,
        slope=lambda s, target: -2 * target * probability(-target * s) ** 2 * probability(target * s),
    ),
}


@dataclass(frozen=True)
class Surface:
    """The mean cost over all examples on a square grid of weights."""

    weights: np.ndarray
    """(points,), from −range to range: W1 of the first axis and W2 of the second"""
    value: np.ndarray
    """(points, points)"""
    gradient: np.ndarray
    """by W1 and by W2: (2, points, points)"""


def draw_examples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs and targets ±1 of EXAMPLES examples: (examples,) both."""
    random = np.random.default_rng(seed)
    return random.standard_normal(EXAMPLES), random.choice([-1.0, 1.0], EXAMPLES)


def surface(cost: Cost, inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> Surface:
    """Return the surface of `cost` over the grid `weights` × `weights`."""
    weight_1, weight_2 = weights[:, None, None], weights[:, None]
    z = np.tanh(weight_1 * inputs)
    s = weight_2 * z
    by_s = cost.slope(s, targets)
    by_weights = by_s * weight_2 * (1 - z**2) * inputs, by_s * z
    return Surface(weights, cost.value(s, targets).mean(-1), np.stack([one.mean(-1) for one in by_weights]))


def plateau(surface: Surface, sides: float = PLATEAU_SIDES) -> np.ndarray:
    """Return where the surface is a plateau: bool (points, points).

    That is where a straight way down, as steep all along as it is there, would not reach the level of the lowest point
    within so many `sides` of the square: cost − lowest cost > sides · side · |gradient|. It does not change when a cost
    is multiplied or shifted, and a flat place at the lowest level is none.
    """
    side = np.ptp(surface.weights)
    return surface.value - surface.value.min() > sides * side * np.hypot(*surface.gradient)
