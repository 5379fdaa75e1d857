"""Training against torch.optim.SGD on a plain module with autograd."""

import pytest
import torch
from torch import nn

from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.perceptron import initialize, member, stack
from stages.params import Model
from tests.descent.forms import FORMS, descent_in
from tests.descent.plain import plain_network
from tests.network.test_costs import LOSSES

SIZES, BATCH, UPDATES = [20, 16, 16, 16, 5], 10, 1_000
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def mini_batches() -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (updates, batch, inputs) with a learnable class: the largest of their first five numbers."""
    inputs = torch.rand(UPDATES, BATCH, SIZES[0], generator=torch.Generator().manual_seed(1)) * 2 - 1
    return inputs, inputs[..., : SIZES[-1]].argmax(-1)


def trained(networks, learning_rates, inputs, labels, form="torch", device=CPU, cost="cross_entropy"):
    """Train copies of `networks` as one stack, all on the same mini-batches; return it and its outputs."""
    stacked = stack(networks, device)
    runs = len(networks)
    targets = nn.functional.one_hot(labels.flatten(), SIZES[-1]).to(inputs.dtype).repeat(runs, 1, 1).to(device)
    outputs = torch.empty_like(targets)
    descent = descent_in(form, stacked, learning_rates, BATCH, cost)
    descent.update(inputs.flatten(0, 1).repeat(runs, 1, 1).to(device), targets, outputs)
    return stacked, outputs.unflatten(1, (-1, BATCH))


def plain_training(network, learning_rate, inputs, labels, dtype=torch.float32, cost="cross_entropy"):
    plain = plain_network(network).to(dtype)
    optimizer = torch.optim.SGD(plain.parameters(), lr=learning_rate)
    outputs = []
    for mini_batch, classes in zip(inputs.to(dtype), labels, strict=True):
        optimizer.zero_grad()
        outputs.append(plain(mini_batch))
        (LOSSES[cost](outputs[-1], classes) / BATCH).backward()
        optimizer.step()
    return plain, torch.stack(outputs).detach()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_thousand_updates_equal_plain_pytorch_up_to_rounding(activation, form, mini_batches):
    network = initialize(SIZES, Model(activation, "normalized"), seed=2)
    stacked, outputs = trained([network], [0.1], *mini_batches, form)
    plain, plain_outputs = plain_training(network, 0.1, *mini_batches)
    exact, _ = plain_training(network, 0.1, *mini_batches, dtype=torch.float64)
    assert (plain[0].weight.mT - network.weights[0]).abs().max() > 0.02  # training changed the weights
    torch.testing.assert_close(outputs[0], plain_outputs, rtol=1e-3, atol=1e-4)
    for layer, linear in enumerate(plain[::2]):
        rounding = (linear.weight - exact[2 * layer].weight).abs().max().item()
        found = member(stacked, 0)
        difference = (found.weights[layer].mT - exact[2 * layer].weight).abs().max().item()
        assert difference < 10 * rounding + 1e-7
        torch.testing.assert_close(found.biases[layer][0], linear.bias.detach(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("updates", [1, 20])
def test_updates_are_exact_in_double_precision(updates, cost, mini_batches):
    network = initialize(SIZES, Model("tanh", "standard"), seed=2)
    for tensors in (network.weights, network.biases):
        tensors[:] = [tensor.double() for tensor in tensors]
    inputs, labels = mini_batches[0][:updates].double(), mini_batches[1][:updates]
    stacked, outputs = trained([network], [0.3], inputs, labels, cost=cost)
    plain, plain_outputs = plain_training(network, 0.3, inputs, labels, torch.float64, cost)
    torch.testing.assert_close(outputs[0], plain_outputs, rtol=0, atol=1e-13)
    for weight, bias, linear in zip(stacked.weights, stacked.biases, plain[::2], strict=True):
        torch.testing.assert_close(weight[0].mT, linear.weight.detach(), rtol=0, atol=1e-13)
        torch.testing.assert_close(bias[0, 0], linear.bias.detach(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_runs_in_a_stack_equal_runs_alone(form, mini_batches):
    """Runs differ in weights and learning rates; torch's products of a stack may round differently."""
    inputs, labels = mini_batches[0][:200], mini_batches[1][:200]
    networks = [initialize(SIZES, Model("tanh", "normalized"), seed) for seed in (1, 2, 3)]
    rates, tolerance = [0.01, 0.1, 0.3], {"rtol": 1e-3, "atol": 1e-5} if form == "torch" else {"rtol": 0, "atol": 0}
    together, _ = trained(networks, rates, inputs, labels, form)
    for index, (network, rate) in enumerate(zip(networks, rates, strict=True)):
        alone, _ = trained([network], [rate], inputs, labels, form)
        for found, expected in zip(member(together, index).weights, member(alone, 0).weights, strict=True):
            torch.testing.assert_close(found, expected, **tolerance)
        assert (network.weights[1] - member(alone, 0).weights[1]).abs().max() > 1e-3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_equals_cpu_up_to_rounding(mini_batches):
    inputs, labels = mini_batches[0][:200], mini_batches[1][:200]
    networks = [initialize(SIZES, Model("tanh", "normalized"), seed) for seed in (1, 2)]
    expected, _ = trained(networks, [0.05, 0.1], inputs, labels)
    found, _ = trained(networks, [0.05, 0.1], inputs, labels, device=torch.device("cuda"))
    for on_gpu, on_cpu in zip(found.weights, expected.weights, strict=True):
        torch.testing.assert_close(on_gpu.cpu(), on_cpu, rtol=1e-3, atol=1e-5)
