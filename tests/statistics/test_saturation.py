"""The share of saturated units, at the values of the activations where it begins."""

import math

import pytest
import torch

from stages.network.activations import ACTIVATIONS
from stages.statistics.saturation import SATURATED_SLOPE, saturated_share

# where f'(s) = 0.05 f'(0), solved for s from the formulas of f'
EDGES = {
    "tanh": math.atanh(math.sqrt(1 - SATURATED_SLOPE)),
    "softsign": 1 / math.sqrt(SATURATED_SLOPE) - 1,
    "sigmoid": 2 * math.atanh(math.sqrt(1 - SATURATED_SLOPE)),
}


@pytest.mark.parametrize("name", EDGES)
def test_saturation_begins_at_a_twentieth_of_the_steepest_slope(name):
    edge = EDGES[name]
    just_inside, just_outside = 0.999 * edge, 1.001 * edge
    s = torch.tensor([[0.0, just_inside, -just_inside, just_outside, -just_outside]])
    assert saturated_share(ACTIVATIONS[name], s) == pytest.approx(0.4)


def test_docstring_names_the_edges_of_the_activations():
    assert math.tanh(EDGES["tanh"]) == pytest.approx(0.975, abs=5e-4)
    assert EDGES["softsign"] / (1 + EDGES["softsign"]) == pytest.approx(0.776, abs=5e-4)
    assert 1 / (1 + math.exp(-EDGES["sigmoid"])) == pytest.approx(0.987, abs=5e-4)
