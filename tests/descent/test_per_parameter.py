"""Learning rates per parameter, against brute-force autograd in a plain loop."""

import pytest
import torch
from torch import Tensor, nn

from stages.descent import forms, per_parameter
from stages.descent.per_parameter import DAMPING, ESTIMATED_EVERY
from stages.descent.update_rules import UPDATE_RULES
from stages.network.costs import COSTS
from stages.network.padding import padded
from stages.network.perceptron import Perceptron, initialize, member, stack
from stages.params import Model
from tests.descent.forms import FORMS, kernels_in
from tests.descent.plain import plain_network
from tests.network.test_costs import LOSSES

SIZES, BATCH, RATES = [5, 4, 3, 3], 6, [0.01, 0.003]
ESTIMATES = {"hessian": "gauss_newton", "gradient_variance": "variance"}


def double(seed: int, activation: str) -> Perceptron:
    """A small network in float64."""
    network = initialize(SIZES, Model(activation, "normalized"), seed)
    return Perceptron([one.double() for one in network.weights], [one.double() for one in network.biases], activation)


def examples(count: int) -> tuple[Tensor, Tensor]:
    """Inputs (count, inputs) in float64 and labels."""
    random = torch.Generator().manual_seed(1)
    inputs = torch.rand(count, SIZES[0], dtype=torch.float64, generator=random) * 2 - 1
    return inputs, torch.randint(0, SIZES[-1], (count,), generator=random)


def gauss_newton(plain: nn.Module, cost: str, inputs: Tensor, labels: Tensor) -> list[Tensor]:
    """The diagonal of the mean of JᵀHJ for each parameter, with Jacobians and Hessians from autograd."""
    of_examples = [gauss_newton_of_one(plain, cost, x[None], y[None]) for x, y in zip(inputs, labels, strict=True)]
    return [torch.stack(diagonals).mean(0) for diagonals in zip(*of_examples, strict=True)]


def gauss_newton_of_one(plain: nn.Module, cost: str, x: Tensor, y: Tensor) -> list[Tensor]:
    parameters = {name: one.detach() for name, one in plain.named_parameters()}
    s = plain(x)[0].detach()
    if cost == "quadratic":  # the Gauss-Newton matrix omits the curvature of P itself
        slope = torch.autograd.functional.jacobian(lambda s: s.softmax(-1), s)
        curvature = slope.mT @ slope
    else:
        curvature = torch.autograd.functional.hessian(lambda s: LOSSES[cost](s[None], y), s)
    jacobians = torch.func.jacrev(lambda parameters: torch.func.functional_call(plain, parameters, (x,))[0])(parameters)
    return [torch.einsum("i...,ij,j...->...", jacobian, curvature, jacobian) for jacobian in jacobians.values()]


def variance(plain: nn.Module, cost: str, inputs: Tensor, labels: Tensor) -> list[Tensor]:
    """The variance over the examples of each parameter's gradient."""
    single = []
    for x, label in zip(inputs, labels, strict=True):
        loss = LOSSES[cost](plain(x[None]), label[None])
        single.append(torch.autograd.grad(loss, list(plain.parameters())))
    return [torch.stack(of_examples).var(0) for of_examples in zip(*single, strict=True)]


def plain_steps(network: Perceptron, rule: str, cost: str, rate: float, inputs: Tensor, labels: Tensor) -> nn.Module:
    """The same training in plain PyTorch."""
    plain = plain_network(network)
    estimate = {"gauss_newton": gauss_newton, "variance": variance}[ESTIMATES[rule]]
    averages = [torch.zeros_like(one) for one in plain.parameters()]
    for update, (x, y) in enumerate(zip(inputs.split(BATCH), labels.split(BATCH), strict=True)):
        if update % ESTIMATED_EVERY == 0:
            newest = max(1 / (update // ESTIMATED_EVERY + 1), per_parameter.NEWEST)
            estimates = estimate(plain, cost, x, y)
            averages = [old + newest * (new - old) for old, new in zip(averages, estimates, strict=True)]
        gradients = torch.autograd.grad(LOSSES[cost](plain(x), y) / BATCH, list(plain.parameters()))
        with torch.no_grad():
            for parameter, gradient, average in zip(plain.parameters(), gradients, averages, strict=True):
                parameter -= rate / (average + DAMPING) * gradient
    return plain


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("rule", ESTIMATES)
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
def test_updates_equal_those_of_brute_force(rule, cost, activation):
    """A stack of two runs with their own learning rates, over three estimates, in calls of different length."""
    updates = 2 * ESTIMATED_EVERY + 3
    inputs, labels = examples(updates * BATCH)
    networks = [double(seed, activation) for seed in (3, 4)]
    stacked = stack(networks, torch.device("cpu"))
    descent = UPDATE_RULES[rule].descent(stacked, RATES, BATCH, cost)
    targets = nn.functional.one_hot(labels, SIZES[-1]).double()
    for part in (slice(0, 7 * BATCH), slice(7 * BATCH, None)):
        both = inputs[part].repeat(2, 1, 1), targets[part].repeat(2, 1, 1)
        descent.update(*both, torch.empty_like(both[1]))
    for run, rate in enumerate(RATES):
        plain = plain_steps(networks[run], rule, cost, rate, inputs, labels)
        found = member(stacked, run)
        for layer, linear in enumerate(plain[::2]):
            torch.testing.assert_close(found.weights[layer].mT, linear.weight.detach(), rtol=0, atol=1e-10)
            torch.testing.assert_close(found.biases[layer][0], linear.bias.detach(), rtol=0, atol=1e-10)
        assert (found.weights[0] - networks[run].weights[0]).abs().max() > 1e-3


def test_the_weight_of_the_newest_estimate_has_a_lower_bound(monkeypatch):
    """With a large lower bound, the running average still equals brute force."""
    monkeypatch.setattr(per_parameter, "NEWEST", 0.6)
    test_updates_equal_those_of_brute_force("hessian", "cross_entropy", "tanh")


@pytest.mark.parametrize("rule", ESTIMATES)
def test_outputs_are_those_before_each_update(rule):
    inputs, labels = examples(BATCH)
    network = double(5, "tanh")
    targets = nn.functional.one_hot(labels, SIZES[-1]).double()[None]
    outputs = torch.empty_like(targets)
    UPDATE_RULES[rule].descent(stack([network], torch.device("cpu")), [0.01], BATCH, "cross_entropy").update(
        inputs[None], targets, outputs
    )
    torch.testing.assert_close(outputs[0], plain_network(network)(inputs).detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", ESTIMATES)
def test_updates_in_single_precision_follow_those_in_double(rule, form, monkeypatch):
    monkeypatch.setattr(forms, "kernels_for", kernels_in(form))
    inputs, labels = examples(3 * ESTIMATED_EVERY * BATCH)
    targets = nn.functional.one_hot(labels, SIZES[-1]).double()
    both = inputs.repeat(2, 1, 1), targets.repeat(2, 1, 1)
    results = []
    for dtype in (torch.float64, torch.float32):
        networks = stack([double(seed, "tanh") for seed in (3, 4)], torch.device("cpu"))
        for tensors in (networks.weights, networks.biases):
            tensors[:] = [padded(tensor.to(dtype)) for tensor in tensors]
        descent = UPDATE_RULES[rule].descent(networks, RATES, BATCH, "cross_entropy")
        descent.update(*(tensor.to(dtype) for tensor in both), torch.empty_like(both[1], dtype=dtype))
        results.append([*networks.weights, *networks.biases])
    for exact, found in zip(*results, strict=True):
        torch.testing.assert_close(found.double(), exact, rtol=1e-3, atol=1e-4)
    assert (results[0][0][0] - double(3, "tanh").weights[0]).abs().max() > 1e-3
