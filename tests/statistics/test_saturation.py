"""The saturated share of units, at the edges of each activation's saturation."""

import math

import pytest
import torch
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm

from stages.network.activations import ACTIVATIONS
from stages.statistics.saturation import SATURATED_SLOPE, saturated_share


def sigmoid(s: float) -> float:
    return 1 / (1 + math.exp(-s))


SLOPES = {  # f' as formulas
    "gelu": lambda s: norm.cdf(s) + s * norm.pdf(s),
    "silu": lambda s: sigmoid(s) * (1 + s * sigmoid(-s)),
}
STEEPEST = {name: -minimize_scalar(lambda s, f=f: -f(s), bounds=(0, 5)).fun for name, f in SLOPES.items()}


def crossing(name: str, share: float, low: float, high: float) -> float:
    """The s between `low` and `high` where f'(s) is `share` of its largest value."""
    return brentq(lambda s: SLOPES[name](s) - share * STEEPEST[name], low, high)


# where |f'(s)| is 5 % of its largest value, solved for s from the formulas of f', from left to right
EDGES = {
    "tanh": [-math.atanh(math.sqrt(1 - SATURATED_SLOPE)), math.atanh(math.sqrt(1 - SATURATED_SLOPE))],
    "softsign": [1 - 1 / math.sqrt(SATURATED_SLOPE), 1 / math.sqrt(SATURATED_SLOPE) - 1],
    "sigmoid": [-2 * math.atanh(math.sqrt(1 - SATURATED_SLOPE)), 2 * math.atanh(math.sqrt(1 - SATURATED_SLOPE))],
    "relu": [0],
    "leaky_relu": [0],
    "elu": [math.log(SATURATED_SLOPE)],
    "softplus": [math.log(SATURATED_SLOPE / (1 - SATURATED_SLOPE))],
    "identity": [],
    "gelu": [
        crossing("gelu", -SATURATED_SLOPE, -5, -math.sqrt(2)),
        crossing("gelu", -SATURATED_SLOPE, -math.sqrt(2), 0),
        crossing("gelu", SATURATED_SLOPE, -math.sqrt(2), 0),
    ],
    "silu": [
        crossing("silu", -SATURATED_SLOPE, -10, -2.4),
        crossing("silu", -SATURATED_SLOPE, -2.4, 0),
        crossing("silu", SATURATED_SLOPE, -2.4, 0),
    ],
}
FAR = 8.0  # beyond every edge


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_saturation_changes_at_a_twentieth_of_the_steepest_slope(name, dtype):
    saturated = name != "identity"  # far to the left
    for below, above in zip([-FAR, *EDGES[name]], [*EDGES[name], FAR], strict=True):
        inside = torch.linspace(below + 1e-3, above - 1e-3, 50, dtype=dtype)[:, None]
        assert saturated_share(ACTIVATIONS[name], inside) == (1.0 if saturated else 0.0)
        saturated = not saturated


@pytest.mark.parametrize("name", ["tanh", "softsign", "sigmoid"])
def test_the_papers_activations_are_steepest_at_zero(name):
    """So their saturated share is the one relative to f'(0)."""
    edge = EDGES[name][1]
    just_inside, just_outside = 0.999 * edge, 1.001 * edge
    s = torch.tensor([[0.0, just_inside, -just_inside, just_outside, -just_outside]])
    assert saturated_share(ACTIVATIONS[name], s) == pytest.approx(0.4)


def test_docstring_names_the_edges_of_the_activations():
    assert math.tanh(EDGES["tanh"][1]) == pytest.approx(0.975, abs=5e-4)
    assert EDGES["softsign"][1] / (1 + EDGES["softsign"][1]) == pytest.approx(0.776, abs=5e-4)
    assert sigmoid(EDGES["sigmoid"][1]) == pytest.approx(0.987, abs=5e-4)
    assert math.expm1(EDGES["elu"][0]) == pytest.approx(-0.95)
    assert math.log1p(math.exp(EDGES["softplus"][0])) == pytest.approx(0.051, abs=5e-4)
    assert EDGES["gelu"][0] == pytest.approx(-2.28, abs=5e-3)
    assert EDGES["silu"][0] == pytest.approx(-3.93, abs=5e-3)
