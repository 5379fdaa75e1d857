"""Forward and backward passes against autograd, in float64."""

import pytest
import torch

from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.perceptron import (
    Perceptron,
    back_propagate,
    forward,
    from_parameters,
    initialize,
    member,
    parameters,
    predict,
    stack,
)
from stages.params import Model
from tests.descent.plain import plain_network
from tests.network.test_costs import LOSSES


def double(network: Perceptron) -> Perceptron:
    """The network in float64, with biases that are not 0."""
    biases = [bias.double() + torch.linspace(-1, 1, bias.shape[-1], dtype=torch.float64) for bias in network.biases]
    return Perceptron([weight.double() for weight in network.weights], biases, network.activation)


@pytest.fixture
def examples() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(7, 12, dtype=torch.float64, generator=generator), torch.randint(0, 4, (7,), generator=generator)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden_layers", [1, 2, 5])
@pytest.mark.parametrize("initialization", ["standard", "normalized"])
@pytest.mark.parametrize("cost", COSTS)
def test_gradients_equal_autograd(activation, hidden_layers, initialization, cost, examples):
    inputs, labels = examples
    network = double(initialize([12, *[8] * hidden_layers, 4], Model(activation, initialization), seed=3))
    plain = plain_network(network)
    values = [inputs]
    for module in plain:
        values.append(module(values[-1]))
    pre_activations = values[1::2]
    for s in pre_activations:
        s.retain_grad()
    LOSSES[cost](values[-1], labels).backward()

    passes = back_propagate(network, inputs, labels, cost)
    for found, expected in zip(passes.pre_activations, pre_activations, strict=True):
        torch.testing.assert_close(found, expected.detach(), rtol=0, atol=1e-12)
    for found, expected in zip(passes.back_propagated_gradients, pre_activations, strict=True):
        torch.testing.assert_close(found, expected.grad, rtol=0, atol=1e-10)
    for found, linear in zip(passes.weight_gradients, plain[::2], strict=True):
        torch.testing.assert_close(found, linear.weight.grad.mT / len(inputs), rtol=0, atol=1e-10)


def test_prediction_is_the_largest_output(examples):
    inputs, _ = examples
    network = double(initialize([12, 8, 4], Model("tanh", "standard"), seed=3))
    assert torch.equal(predict(network, inputs), plain_network(network)(inputs).argmax(1))


def test_models_with_one_seed_share_their_random_numbers():
    """Activations do not matter; initializers with uniform weights differ by a factor in each layer."""
    standard = initialize([12, 8, 4], Model("sigmoid", "standard"), seed=3)
    tanh = initialize([12, 8, 4], Model("tanh", "standard"), seed=3)
    normalized = initialize([12, 8, 4], Model("tanh", "normalized"), seed=3)
    for one, other, scaled in zip(standard.weights, tanh.weights, normalized.weights, strict=True):
        assert torch.equal(one, other)
        ratio = scaled / one
        torch.testing.assert_close(ratio, ratio[0, 0].expand_as(ratio))
    assert all(not bias.any() for bias in standard.biases)


def test_a_stack_holds_copies_of_its_members():
    networks = [initialize([12, 8, 4], Model("tanh", "standard"), seed) for seed in (1, 2)]
    stacked = stack(networks, torch.device("cpu"))
    assert [weight.shape for weight in stacked.weights] == [(2, 12, 8), (2, 8, 4)]
    stacked.weights[0].add_(1)
    for index, network in enumerate(networks):
        assert torch.equal(member(stacked, index).weights[0], network.weights[0] + 1)
        assert torch.equal(member(stacked, index).weights[1], network.weights[1])


def test_parameters_go_to_arrays_and_back(examples):
    network = initialize([12, 8, 8, 4], Model("softsign", "normalized"), seed=5)
    arrays = parameters(network)
    assert {name: array.shape for name, array in arrays.items()} == {
        "weight_1": (12, 8),
        "bias_1": (8,),
        "weight_2": (8, 8),
        "bias_2": (8,),
        "weight_3": (8, 4),
        "bias_3": (4,),
    }
    back = from_parameters(arrays, "softsign", torch.device("cpu"))
    inputs = examples[0].float()
    assert torch.equal(forward(back, inputs)[0][-1], forward(network, inputs)[0][-1])
