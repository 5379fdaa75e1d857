"""Surfaces against autograd on the project's own costs and network, and plateaus against closed forms."""

import numpy as np
import pytest
import torch

from stages.network.costs import COSTS
from stages.network.perceptron import Perceptron, back_propagate
from stages.statistics.surfaces import DRAWN_EXAMPLES, SURFACE_COSTS, Surface, draw_examples, plateau, surface

WEIGHTS = np.linspace(-4, 4, 9)


def test_both_costs_of_training_have_a_surface():
    assert SURFACE_COSTS.keys() == COSTS.keys()


@pytest.mark.parametrize("name", SURFACE_COSTS)
def test_surfaces_are_the_costs_of_a_network_with_autograds_gradients(name):
    inputs, targets = draw_examples(3)
    found = surface(SURFACE_COSTS[name], inputs, targets, WEIGHTS)
    x, labels = torch.from_numpy(inputs)[:, None], torch.from_numpy(targets > 0).long()
    for row, weight_1 in enumerate(WEIGHTS):
        for column, weight_2 in enumerate(WEIGHTS):
            both = torch.tensor([weight_1, weight_2], dtype=torch.float64, requires_grad=True)
            s = both[1] * torch.tanh(both[0] * x)
            probabilities = torch.softmax(torch.cat([torch.zeros_like(s), s], 1), 1)
            if name == "cross_entropy":
                cost = torch.nn.functional.nll_loss(probabilities.log(), labels)
            else:
                cost = torch.nn.functional.one_hot(labels, 2).sub(probabilities).square().sum() / 2 / DRAWN_EXAMPLES
            cost.backward()
            assert found.value[row, column] == pytest.approx(cost.item(), rel=1e-12)
            np.testing.assert_allclose(found.gradient[:, row, column], both.grad, atol=1e-14)


@pytest.mark.parametrize("name", SURFACE_COSTS)
def test_gradients_are_the_weight_gradients_of_back_propagation(name):
    """The same network as a Perceptron: W2 is the second class's output weight, and the first class's is 0."""
    inputs, targets = draw_examples(5)
    found = surface(SURFACE_COSTS[name], inputs, targets, WEIGHTS)
    weights = [torch.tensor([[WEIGHTS[6]]]), torch.tensor([[0.0, WEIGHTS[2]]], dtype=torch.float64)]
    network = Perceptron(weights, [torch.zeros(1, count, dtype=torch.float64) for count in (1, 2)], "tanh")
    labels = torch.from_numpy(targets > 0).long()
    passes = back_propagate(network, torch.from_numpy(inputs)[:, None], labels, name)
    by_weights = [passes.weight_gradients[0][0, 0], passes.weight_gradients[1][0, 1]]
    np.testing.assert_allclose(found.gradient[:, 6, 2], by_weights, rtol=1e-12)


def test_gradients_are_finite_differences_of_the_surface():
    weights = np.linspace(-2, 2, 2001)[900:1100]
    for cost in SURFACE_COSTS.values():
        found = surface(cost, *draw_examples(1), weights)
        step = weights[1] - weights[0]
        differences = np.gradient(found.value, step, edge_order=2)
        np.testing.assert_allclose(found.gradient, differences, atol=1e-5)


def test_large_weights_do_not_overflow():
    """Cross-entropy grows like the weight; the quadratic cost is at most 1, and its slope vanishes."""
    inputs, targets = np.array([1.0]), np.array([-1.0])
    weights = np.array([-1000.0, 0.0, 1000.0])
    cross_entropy, quadratic = (surface(SURFACE_COSTS[name], inputs, targets, weights) for name in SURFACE_COSTS)
    assert cross_entropy.value[2, 2] == pytest.approx(1000)
    assert quadratic.value[2, 2] == 1
    assert cross_entropy.gradient[1, 2, 2] == 1
    assert quadratic.gradient[1, 2, 2] == 0


def test_examples_are_random_signals_that_depend_on_the_seed():
    inputs, targets = draw_examples(7)
    assert inputs.shape == targets.shape == (DRAWN_EXAMPLES,)
    assert set(targets) == {-1.0, 1.0}
    assert np.array_equal(draw_examples(7)[0], inputs)
    assert not np.array_equal(draw_examples(8)[0], inputs)
    many = [draw_examples(seed) for seed in range(500)]
    together = np.concatenate([inputs for inputs, _ in many]), np.concatenate([targets for _, targets in many])
    assert together[0].mean() == pytest.approx(0, abs=0.05)
    assert together[0].std() == pytest.approx(1, abs=0.05)
    assert together[1].mean() == pytest.approx(0, abs=0.05)
    assert np.corrcoef(*together)[0, 1] == pytest.approx(0, abs=0.05)


def of(value: np.ndarray, weights: np.ndarray) -> Surface:
    """The surface of these heights, with gradients by finite differences."""
    return Surface(weights, value, np.stack(np.gradient(value, weights[1] - weights[0], edge_order=2)))


def test_a_step_has_a_plateau_above_and_none_below():
    weights = np.linspace(-5, 5, 201)
    step = np.broadcast_to(np.tanh(3 * weights)[:, None], (201, 201))
    found = plateau(of(step, weights))
    assert not found[:100].any()
    assert found[-60:].all()
    # cost − lowest cost = side · slope: 1 + tanh 3w = 10·3·(1 − tanh² 3w), so tanh 3w = 29/30
    assert found.mean(0) == pytest.approx((5 - np.arctanh(29 / 30) / 3) / 10, abs=0.01)


def test_a_ramp_and_a_bowl_have_no_plateau():
    weights = np.linspace(-1, 1, 101)
    ramp = np.broadcast_to(weights[:, None], (101, 101))
    bowl = weights[:, None] ** 2 + weights**2
    # the top of a ramp is exactly one side from its lowest point
    assert not plateau(of(ramp, weights), sides=1.01).any()
    assert plateau(of(ramp, weights), sides=0.5).mean() == pytest.approx(0.5, abs=0.01)
    assert not plateau(of(bowl, weights)).any()


def test_plateaus_do_not_depend_on_a_costs_scale_and_offset():
    one = surface(SURFACE_COSTS["quadratic"], *draw_examples(2), np.linspace(-5, 5, 41))
    other = Surface(one.weights, 7 * one.value - 3, 7 * one.gradient)
    assert 0 < plateau(one).mean() < 1
    assert np.array_equal(plateau(one), plateau(other))


@pytest.mark.parametrize("far", [5, 8])
def test_the_quadratic_cost_has_more_plateaus_for_every_seed(far):
    """Section 4.1, by definitions from half to twice as strict."""
    for seed in range(20):
        weights = np.linspace(-far, far, 41)
        cross_entropy, quadratic = (surface(cost, *draw_examples(seed), weights) for cost in SURFACE_COSTS.values())
        for sides in (0.5, 1.0, 2.0):
            assert plateau(quadratic, sides).mean() >= plateau(cross_entropy, sides).mean()
        assert plateau(quadratic).mean() > 5 * plateau(cross_entropy).mean()
