"""Figure 5: the two costs as functions of two weights, one of each layer (section 4.1).

The network is the smallest with two layers: one input x, one tanh unit with weight W1, and a softmax over two classes
with pre-activations 0 and W2·z. It has no biases and no other weights, so only the examples are held fixed. They are
the paper's "random input and target signals": x is drawn from N(0, 1), and both classes are equally likely.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

DRAWN_EXAMPLES = 10
PLATEAU_SIDES = 1.0


@dataclass(frozen=True)
class TwoClassCost:
    """An example's cost as a function of s = W2·z; the target is +1 for the class of pre-activation s, else −1."""

    value: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """value(s, target)"""
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """slope(s, target): its derivative with respect to s"""


def probability(s: np.ndarray) -> np.ndarray:
    """Return the probability of the class of pre-activation s: 1/(1 + e^−s)."""
    return np.exp(-np.logaddexp(0, -s))


SURFACE_COSTS = {
    # −log P(y|x)
    "cross_entropy": TwoClassCost(
        value=lambda s, target: np.logaddexp(0, -target * s),
        slope=lambda s, target: -target * probability(-target * s),
    ),
    # ½·Σ(P − Y)², to which both classes contribute equally
    "quadratic": TwoClassCost(
        value=lambda s, target: probability(-target * s) ** 2,
        slope=lambda s, target: -2 * target * probability(-target * s) ** 2 * probability(target * s),
    ),
}


@dataclass(frozen=True)
class Surface:
    """The mean cost over all examples on a square grid of weights."""

    weights: np.ndarray
    """(points,), from −range to range: W1 along the first axis and W2 along the second"""
    value: np.ndarray
    """(points, points)"""
    gradient: np.ndarray
    """with respect to W1 and W2: (2, points, points)"""


def draw_examples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs and the targets ±1 of DRAWN_EXAMPLES examples, both (examples,)."""
    random = np.random.default_rng(seed)
    return random.standard_normal(DRAWN_EXAMPLES), random.choice([-1.0, 1.0], DRAWN_EXAMPLES)


def surface(cost: TwoClassCost, inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> Surface:
    """Return the surface of `cost` over the grid `weights` × `weights`."""
    weight_1, weight_2 = weights[:, None, None], weights[:, None]
    z = np.tanh(weight_1 * inputs)
    s = weight_2 * z
    by_s = cost.slope(s, targets)
    by_weights = by_s * weight_2 * (1 - z**2) * inputs, by_s * z
    return Surface(weights, cost.value(s, targets).mean(-1), np.stack([one.mean(-1) for one in by_weights]))


def plateau(surface: Surface, sides: float = PLATEAU_SIDES) -> np.ndarray:
    """Return where the surface is a plateau: bool (points, points).

    A point is on a plateau if a straight descent with its slope would not reach the lowest cost within `sides` sides of
    the square: cost − lowest cost > sides · side · |gradient|. Scaling or shifting a cost does not change its plateaus,
    and a flat region at the lowest cost is not a plateau.
    """
    side = np.ptp(surface.weights)
    return surface.value - surface.value.min() > sides * side * np.hypot(*surface.gradient)
