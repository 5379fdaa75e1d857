"""The GPU's kernels against the products of `stages.network.sgd`; without one, as Triton's interpreter runs them."""

from importlib.util import find_spec

import pytest
import torch
from torch.nn.functional import one_hot

from stages.network import thin_descent
from stages.network.activations import ACTIVATIONS
from stages.network.perceptron import Perceptron, initialize, stack
from stages.network.sgd import GradientDescent
from stages.network.thin_descent import MOST_EXAMPLES, ThinDescent, is_thin
from stages.params import Model

ON_GPU = torch.cuda.is_available()
DEVICE, CPU = torch.device("cuda" if ON_GPU else "cpu"), torch.device("cpu")
RATES = [0.1, 0.3]
SIZES = [70, 40, 33, 9]  # no multiples of what a block takes

needs_kernels = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")
needs_gpu = pytest.mark.skipif(not ON_GPU, reason="no GPU here")


@pytest.fixture(autouse=True)
def interpreted_without_a_gpu(monkeypatch):
    if not ON_GPU:
        monkeypatch.setenv("TRITON_INTERPRET", "1")


def networks(activation: str, sizes: list[int] = SIZES) -> list[Perceptron]:
    return [initialize(sizes, Model(activation, "normalized"), seed) for seed in range(len(RATES))]


def examples(updates: int, batch: int, sizes: list[int] = SIZES) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (runs, updates·batch, inputs) and one-hot targets, others for each run."""
    generator = torch.Generator().manual_seed(batch)
    inputs = torch.rand(len(RATES), updates * batch, sizes[0], generator=generator) * 2 - 1
    labels = torch.randint(sizes[-1], inputs.shape[:2], generator=generator)
    return inputs, one_hot(labels, sizes[-1]).float()


def thinly_trained(runs, inputs, targets, batch, rates=RATES):
    stacked = stack(runs, DEVICE)
    outputs = torch.full_like(targets, torch.nan, device=DEVICE)
    ThinDescent(stacked, rates, batch, "cross_entropy").update(inputs.to(DEVICE), targets.to(DEVICE), outputs)
    return stacked, outputs.cpu()


@needs_kernels
@pytest.mark.parametrize(
    ("activation", "batch", "updates"),
    [
        *((activation, 10, 4) for activation in thin_descent.ACTIVATIONS if ON_GPU or activation != "tanh"),
        ("softsign", 1, 3),
        ("softsign", MOST_EXAMPLES, 3),
    ],
)
def test_updates_are_those_of_double_precision_within_rounding(activation, batch, updates):
    inputs, targets = examples(updates, batch)
    found, outputs = thinly_trained(networks(activation), inputs, targets, batch)
    exact = stack(networks(activation), CPU)
    begun = [weight.clone() for weight in exact.weights]
    for tensors in (exact.weights, exact.biases):
        tensors[:] = [tensor.double() for tensor in tensors]
    exact_outputs = torch.empty_like(targets, dtype=torch.float64)
    descent = GradientDescent(exact, RATES, batch, "cross_entropy")
    descent.update(inputs.double(), targets.double(), exact_outputs)
    torch.testing.assert_close(outputs.double(), exact_outputs, rtol=0, atol=2e-6)
    for parameters, expected in ((found.weights, exact.weights), (found.biases, exact.biases)):
        for one, other in zip(parameters, expected, strict=True):
            torch.testing.assert_close(one.cpu().double(), other, rtol=0, atol=3e-7)
    moved = [(weight - before).abs().max() for weight, before in zip(exact.weights, begun, strict=True)]
    assert min(moved) > 1e-4  # there was something to follow


@needs_kernels
def test_a_run_has_the_same_bits_alone_and_beside_others():
    inputs, targets = examples(3, 10)
    together, _ = thinly_trained(networks("softsign"), inputs, targets, 10)
    alone, _ = thinly_trained(networks("softsign")[1:], inputs[1:], targets[1:], 10, RATES[1:])
    for one, other in zip(together.weights, alone.weights, strict=True):
        assert torch.equal(one[1], other[0])


@needs_gpu
def test_the_paper_s_width_is_trained_as_by_products_on_the_gpu():
    """Blocks of all sizes, kernels that overlap, and no trace of a race: the same bits each time."""
    sizes = [1024, 1000, 1000, 1000, 9]
    inputs, targets = examples(40, 10, sizes)
    found, outputs = thinly_trained(networks("tanh", sizes), inputs, targets, 10)
    for _ in range(5):
        again, outputs_again = thinly_trained(networks("tanh", sizes), inputs, targets, 10)
        assert torch.equal(outputs, outputs_again)
        assert all(torch.equal(one, other) for one, other in zip(found.weights, again.weights, strict=True))
    expected = stack(networks("tanh", sizes), DEVICE)
    descent = GradientDescent(expected, RATES, 10, "cross_entropy")
    descent.update(inputs.to(DEVICE), targets.to(DEVICE), torch.empty_like(targets, device=DEVICE))
    for one, other in zip(found.weights, expected.weights, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


def test_only_what_the_kernels_know_is_left_to_them():
    stacked = stack(networks("tanh"), CPU)
    assert not is_thin(stacked, 10)  # on a CPU
    assert {*thin_descent.ACTIVATIONS} <= ACTIVATIONS.keys()


@needs_gpu
@needs_kernels
def test_thick_mini_batches_and_other_activations_are_left_to_products():
    tanh, relu = (stack(networks(name), DEVICE) for name in ("tanh", "relu"))
    assert is_thin(tanh, MOST_EXAMPLES)
    assert not is_thin(tanh, MOST_EXAMPLES + 1)
    assert not is_thin(relu, 10)
