"""Batch normalization against torch.nn.BatchNorm1d and autograd in float64, in training and inference."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stages.descent.batch_normalization import EPSILON, NEWEST, BatchNormalizedDescent
from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.inputs import to_inputs
from stages.network.padding import padded
from stages.network.perceptron import Perceptron, forward, from_parameters, initialize, member, stack
from stages.params import Model
from stages.training import training
from stages.training.training import Run, train
from tests.descent.forms import FORMS, kernels_in
from tests.descent.plain import MODULES
from tests.network.test_costs import LOSSES
from tests.training import test_training

setting = test_training.setting
BATCH, INPUTS, CLASSES, RATES = 6, 5, 3, [0.02, 0.1]
CPU = torch.device("cpu")
ROUNDING = 1e-9  # it grows over hundreds of updates
DEPTHS = {1: [7], 3: [7, 4, 6]}


def double(hidden: list[int], seed: int, activation: str) -> Perceptron:
    """A network in float64 with biases that are not 0."""
    network = initialize([INPUTS, *hidden, CLASSES], Model(activation, "torch_linear"), seed)
    return Perceptron([one.double() for one in network.weights], [one.double() for one in network.biases], activation)


def examples(runs: int, count: int, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Inputs (runs, count, inputs) in float64, and labels: the largest of the first three inputs."""
    inputs = torch.rand(runs, count, INPUTS, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return inputs, inputs[..., :CLASSES].argmax(-1)


def one_hot(labels: Tensor) -> Tensor:
    return nn.functional.one_hot(labels, CLASSES).double()


def plain_module(network: Perceptron, descent: BatchNormalizedDescent, run: int) -> nn.Sequential:
    """PyTorch's modules with a copy of one run's current state; `network` is the stack, for the output layer."""
    layers: list[nn.Module] = []
    for layer in descent.layers:
        linear = nn.Linear(*layer.weight.shape[1:], bias=False, dtype=torch.float64)
        linear.weight.data.copy_(layer.weight[run].mT)
        normalization = nn.BatchNorm1d(layer.weight.shape[2], EPSILON, NEWEST, dtype=torch.float64)
        normalization.weight.data.copy_(layer.scale[run, 0])
        normalization.bias.data.copy_(layer.shift[run, 0])
        normalization.running_mean.copy_(layer.mean[run, 0])
        normalization.running_var.copy_(layer.variance[run, 0])
        layers += [linear, normalization, MODULES[network.activation]()]
    top = nn.Linear(*network.weights[-1].shape[1:], dtype=torch.float64)
    top.weight.data.copy_(network.weights[-1][run].mT)
    top.bias.data.copy_(network.biases[-1][run, 0])
    return nn.Sequential(*layers, top)


def learned(network: Perceptron, descent: BatchNormalizedDescent, run: int) -> list[Tensor]:
    """Copies of a run's parameters, in the order and shapes of the plain module."""
    of_layers = [(layer.weight[run].mT, layer.scale[run, 0], layer.shift[run, 0]) for layer in descent.layers]
    parameters = [
        *(one for layer in of_layers for one in layer),
        network.weights[-1][run].mT,
        network.biases[-1][run, 0],
    ]
    return [one.clone() for one in parameters]


def assert_close(found: Tensor, expected: Tensor, atol: float) -> None:
    torch.testing.assert_close(found, expected.detach(), rtol=0, atol=atol)


def disturb(descent: BatchNormalizedDescent) -> None:
    """Move γ and β away from their initial values, so that each has an effect."""
    random = torch.Generator().manual_seed(9)
    for layer in descent.layers:
        for tensor in (layer.scale, layer.shift):
            tensor.add_(torch.rand(tensor.shape, dtype=torch.float64, generator=random))


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_all_parameters_equal_autograd(activation, depth, cost):
    """An update with a learning rate of 1 subtracts the gradients."""
    stacked = stack([double(DEPTHS[depth], seed, activation) for seed in (1, 2)], CPU)
    inputs, labels = examples(2, BATCH)
    descent = BatchNormalizedDescent(stacked, [1.0, 1.0], BATCH, cost, examples(2, 50, seed=2)[0])
    disturb(descent)
    plain = [plain_module(stacked, descent, run) for run in range(2)]
    before = [learned(stacked, descent, run) for run in range(2)]
    outputs = torch.empty(2, BATCH, CLASSES, dtype=torch.float64)
    descent.update(inputs, one_hot(labels), outputs)
    for run in range(2):
        s = plain[run](inputs[run])
        assert_close(outputs[run], s, 1e-10)
        gradients = torch.autograd.grad(LOSSES[cost](s, labels[run]) / BATCH, list(plain[run].parameters()))
        after = learned(stacked, descent, run)
        for old, new, gradient in zip(before[run], after, gradients, strict=True):
            assert_close(old - new, gradient, 1e-10)
            # below a normalized layer, γ and β of an identity have no effect
            assert gradient.abs().max() > 1e-6 or (activation == "identity" and gradient.dim() == 1)


@pytest.mark.parametrize("activation", ["tanh", "relu", "softsign"])
def test_hundreds_of_updates_equal_pytorchs_in_training_and_inference(activation):
    """Two runs with their own learning rates and mini-batches, in calls of different length."""
    updates = 300
    stacked = stack([double(DEPTHS[3], seed, activation) for seed in (3, 4)], CPU)
    inputs, labels = examples(2, updates * BATCH)
    descent = BatchNormalizedDescent(stacked, RATES, BATCH, "cross_entropy", examples(2, 50, seed=2)[0])
    plain = [plain_module(stacked, descent, run) for run in range(2)]
    start = [learned(stacked, descent, run) for run in range(2)]
    outputs = torch.empty(2, updates * BATCH, CLASSES, dtype=torch.float64)
    for part in (slice(0, 7 * BATCH), slice(7 * BATCH, None)):
        descent.update(inputs[:, part], one_hot(labels[:, part]), outputs[:, part])
    unseen = examples(1, 40, seed=5)[0][0]
    for run, rate in enumerate(RATES):
        optimizer = torch.optim.SGD(plain[run].parameters(), lr=rate)
        batches = (tensor[run].split(BATCH) for tensor in (inputs, labels, outputs))
        for x, y, output in zip(*batches, strict=True):
            s = plain[run](x)
            assert_close(output, s, ROUNDING)
            optimizer.zero_grad()
            nn.functional.cross_entropy(s, y).backward()
            optimizer.step()
        for found, expected, old in zip(
            learned(stacked, descent, run), plain[run].parameters(), start[run], strict=True
        ):
            assert_close(found, expected, ROUNDING)
            assert (found - old).abs().max() > 1e-3
        normalizations = [module for module in plain[run] if isinstance(module, nn.BatchNorm1d)]
        for layer, normalization in zip(descent.layers, normalizations, strict=True):
            assert_close(layer.mean[run, 0], normalization.running_mean, ROUNDING)
            assert_close(layer.variance[run, 0], normalization.running_var, ROUNDING)
        plain[run].eval()
        assert_close(forward(member(stacked, run), unseen)[0][-1], plain[run](unseen), ROUNDING)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_updates_in_single_precision_follow_those_in_double(activation, form):
    inputs, labels = examples(2, 30 * BATCH)
    results = []
    for dtype in (torch.float64, torch.float32):
        stacked = stack([double(DEPTHS[3], seed, activation) for seed in (3, 4)], CPU)
        for tensors in (stacked.weights, stacked.biases):
            tensors[:] = [padded(tensor.to(dtype)) for tensor in tensors]
        described = (RATES, BATCH, "cross_entropy", inputs[:, :50].to(dtype))
        kernels = kernels_in(form)(stacked, BATCH, "cross_entropy")
        descent = BatchNormalizedDescent(stacked, *described, kernels)
        outputs = torch.empty(2, 30 * BATCH, CLASSES, dtype=dtype)
        descent.update(inputs.to(dtype), one_hot(labels).to(dtype), outputs)
        results.append([outputs, *descent.changed])
    for exact, found in zip(*results, strict=True):
        torch.testing.assert_close(found.double(), exact, rtol=1e-3, atol=1e-4)


def test_initial_population_statistics_are_those_of_the_first_inputs():
    """On them, every unit's pre-activations have mean 0 and variance 1, up to ε; the output layer is unchanged."""
    networks = [double([7, 4], seed, "tanh") for seed in (1, 2)]
    stacked = stack(networks, CPU)
    inputs, _ = examples(2, 50)
    BatchNormalizedDescent(stacked, RATES, BATCH, "cross_entropy", inputs)
    for run, network in enumerate(networks):
        found = member(stacked, run)
        for s in forward(found, inputs[run])[0][:-1]:
            torch.testing.assert_close(s.mean(0), torch.zeros_like(s[0]), rtol=0, atol=1e-12)
            torch.testing.assert_close(s.var(0), torch.ones_like(s[0]), rtol=0, atol=1e-3)
        assert torch.equal(found.weights[-1], network.weights[-1])
        assert torch.equal(found.biases[-1], network.biases[-1])


def test_changed_names_every_tensor_that_an_update_changes():
    """A CUDA graph restores them after its warm-up: all tensors except the learning rates."""
    stacked = stack([double([7, 4], seed, "tanh") for seed in (1, 2)], CPU)
    inputs, labels = examples(2, 8 * BATCH)
    descent = BatchNormalizedDescent(stacked, RATES, BATCH, "cross_entropy", inputs)
    places = [tensor.data_ptr() for tensor in descent.changed]
    before = [tensor.clone() for tensor in descent.changed]
    results = []
    for _ in range(2):
        outputs = torch.empty(2, 8 * BATCH, CLASSES, dtype=torch.float64)
        descent.update(inputs, one_hot(labels), outputs)
        results.append([outputs, *(tensor.clone() for tensor in descent.changed)])
        assert not any(torch.equal(*pair) for pair in zip(descent.changed, before, strict=True))
        for tensor, value in zip(descent.changed, before, strict=True):
            tensor.copy_(value)
    assert all(torch.equal(*pair) for pair in zip(*results, strict=True))
    assert places == [tensor.data_ptr() for tensor in descent.changed]


NORMALIZED = Model("tanh", "standard", batch_normalization=True)


def test_runs_in_a_stack_equal_runs_alone(setting, monkeypatch):
    """Bit for bit on a CPU, where each run is its own stack; up to rounding in one stack, as on a GPU."""
    setting = replace(setting, recipe=NORMALIZED)
    runs = [Run(2, 0.1, 0), Run(2, 0.02, 0), Run(2, 0.1, 1)]
    together = train(runs, setting, lambda done, restored: None)
    alike = training._alike
    monkeypatch.setattr(training, "_alike", lambda runs, device: alike(runs, torch.device("cuda")))
    stacked = train(runs, setting, lambda done, restored: None)
    monkeypatch.undo()
    for run, beside, in_stack in zip(runs, together, stacked, strict=True):
        (alone,) = train([run], setting, lambda done, restored: None)
        assert test_training.same(beside, alone)
        for name, array in alone.final.items():
            np.testing.assert_allclose(in_stack.final[name], array, rtol=1e-3, atol=1e-4)
        assert np.abs(alone.final["weight_2"] - alone.initial["weight_2"]).max() > 1e-2


def test_observed_and_kept_parameters_are_those_for_inference(setting):
    """Before the first update too, with the statistics of the run's first images."""

    def observe(update, network):
        weights = [weight.clone() for weight in network.weights]
        return {"update": update, "weights": weights, "validation_error": abs(update - 7)}

    setting = replace(setting, recipe=NORMALIZED, observe=observe)
    (outcome,) = train([Run(2, 0.1, 4)], setting, lambda done, restored: None)
    inputs = to_inputs(test_training.draw(4, 0, 300)[0], "signed")
    for s in forward(from_parameters(outcome.initial, "tanh", CPU), inputs)[0][:-1]:
        torch.testing.assert_close(s.var(0), torch.ones_like(s[0]), rtol=0, atol=1e-2)
    assert outcome.best["update"] == 7
    for seen, kept in (
        (outcome.observations[0], outcome.initial),
        (outcome.best, outcome.kept),
        (outcome.observations[-1], outcome.final),
    ):
        for layer, weight in enumerate(seen["weights"], start=1):
            assert np.array_equal(weight, kept[f"weight_{layer}"])
    assert [seen["update"] for seen in outcome.observations] == setting.schedule


def test_schedule_and_blocks_do_not_change_a_run(setting):
    setting, runs = replace(setting, recipe=NORMALIZED), [Run(2, 0.1, 0)]
    (once,) = train(runs, replace(setting, schedule=[0, 120]), lambda done, restored: None)
    (often,) = train(runs, replace(setting, schedule=list(range(121))), lambda done, restored: None)
    assert all(np.array_equal(once.final[name], often.final[name]) for name in once.final)


def test_a_huge_learning_rate_diverges(setting):
    outcomes = train(
        [Run(2, 1e38, 0), Run(2, 0.1, 0)], replace(setting, recipe=NORMALIZED), lambda done, restored: None
    )
    assert outcomes[0].diverged_at is not None
    assert outcomes[1].diverged_at is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_stack_follows_the_cpu(setting):
    def draw_on_gpu(seed, start, count):
        return tuple(tensor.cuda() for tensor in test_training.draw(seed, start, count))

    setting = replace(setting, recipe=NORMALIZED, schedule=[0, 1, 7, 240])
    runs = [Run(2, 0.01, 0), Run(2, 0.002, 0), Run(3, 0.01, 0)]  # ten times these magnify rounding a millionfold
    on_gpu = train(runs, replace(setting, device=torch.device("cuda"), draw=draw_on_gpu), lambda done, restored: None)
    for found, expected in zip(on_gpu, train(runs, setting, lambda done, restored: None), strict=True):
        for name, array in expected.final.items():
            np.testing.assert_allclose(found.final[name], array, rtol=1e-3, atol=1e-4)
