"""The Triton kernels against `stages.descent.sgd`; without a GPU, Triton's interpreter runs them."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from torch.nn.functional import one_hot

from stages.descent import forms, gpu_descent
from stages.descent.gpu_descent import MOST_EXAMPLES, GpuDescent, is_suited
from stages.descent.sgd import GradientDescent
from stages.descent.update_rules import UPDATE_RULES
from stages.network.activations import ACTIVATIONS
from stages.network.perceptron import Perceptron, initialize, stack
from stages.params import Model
from tests.conftest import REPOSITORY

ON_GPU = torch.cuda.is_available()
DEVICE, CPU = torch.device("cuda" if ON_GPU else "cpu"), torch.device("cpu")
RATES = [0.1, 0.3]
SIZES = [530, 300, 20, 9]  # several parts and blocks, and a narrow layer; no multiples of a block's size

COMPILE = """
import sys
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from stages.descent.gpu_kernels import down, up
from stages.descent.gpu_descent import ACTIVATIONS, DOWN, DOWN_NARROW, MOST_EXAMPLES, UP, UP_NARROW

def check(kernel, division, units, **constants):
    blocks, options = division
    named = dict(zip(("ROWS", "COLUMNS", "STEPS"), blocks), BATCH=10, BELOW=1000, UNITS=units, EXAMPLES=MOST_EXAMPLES)
    named |= {"PRECISION": "tf32x3"} | constants | {name: options[name] for name in options if name == "STAGES"}
    kinds = {name: "i32" if name.endswith("of_run") else "*i32" if name == "arrived" else "*fp32"
             for name in kernel.arg_names if name not in named}
    signature = {name: kinds.get(name, "constexpr") for name in kernel.arg_names}
    options = {name: value for name, value in options.items() if name != "STAGES"}
    made = compile(ASTSource(kernel, signature, named), GPUTarget("cuda", int(sys.argv[1]), 32), options)
    assert made.asm["cubin"]

for activation in ACTIVATIONS:
    check(up, UP, 1000, ACTIVATION=activation)
    check(down, DOWN, 1000, ACTIVATION=activation, IS_FIRST=False)
check(up, UP_NARROW, 9, ACTIVATION="identity")
check(down, DOWN_NARROW, 9, ACTIVATION="tanh", IS_FIRST=False)
check(down, DOWN, 1000, ACTIVATION="tanh", IS_FIRST=True)
"""

needs_kernels = pytest.mark.skipif(
    find_spec("triton") is None, reason="Triton is not installed: make test-all installs it"
)
needs_gpu = pytest.mark.skipif(not ON_GPU, reason="no GPU here")


@pytest.fixture(autouse=True)
def interpreted_without_a_gpu(monkeypatch):
    if not ON_GPU:
        monkeypatch.setenv("TRITON_INTERPRET", "1")


def networks(activation: str, sizes: list[int] = SIZES) -> list[Perceptron]:
    return [initialize(sizes, Model(activation, "normalized"), seed) for seed in range(len(RATES))]


def examples(updates: int, batch: int, sizes: list[int] = SIZES) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (runs, updates·batch, inputs) and one-hot targets, different for each run."""
    generator = torch.Generator().manual_seed(batch)
    inputs = torch.rand(len(RATES), updates * batch, sizes[0], generator=generator) * 2 - 1
    labels = torch.randint(sizes[-1], inputs.shape[:2], generator=generator)
    return inputs, one_hot(labels, sizes[-1]).float()


def trained_by_kernels(runs, inputs, targets, batch, rates=RATES):
    stacked = stack(runs, DEVICE)
    for tensors in (stacked.weights, stacked.biases):
        tensors[:] = [tensor.contiguous() for tensor in tensors]  # as on a GPU
    outputs = torch.full_like(targets, torch.nan, device=DEVICE)
    GpuDescent(stacked, rates, batch, "cross_entropy").update(inputs.to(DEVICE), targets.to(DEVICE), outputs)
    return stacked, outputs.cpu()


@pytest.mark.long
@needs_kernels
@pytest.mark.parametrize(
    ("activation", "batch", "updates"),
    [
        pytest.param("tanh", 10, 3, marks=needs_gpu),  # the interpreter has no tanh
        ("sigmoid", 10, 2),
        ("softsign", 10, 2),
        ("softsign", 1, 2),
        ("softsign", MOST_EXAMPLES, 1),
    ],
)
def test_updates_equal_double_precision_up_to_rounding(activation, batch, updates):
    inputs, targets = examples(updates, batch)
    found, outputs = trained_by_kernels(networks(activation), inputs, targets, batch)
    exact = stack(networks(activation), CPU)
    initial = [weight.clone() for weight in exact.weights]
    for tensors in (exact.weights, exact.biases):
        tensors[:] = [tensor.double() for tensor in tensors]
    exact_outputs = torch.empty_like(targets, dtype=torch.float64)
    descent = GradientDescent(exact, RATES, batch, "cross_entropy")
    descent.update(inputs.double(), targets.double(), exact_outputs)
    torch.testing.assert_close(outputs.double(), exact_outputs, rtol=0, atol=2e-6)
    for parameters, expected in ((found.weights, exact.weights), (found.biases, exact.biases)):
        for one, other in zip(parameters, expected, strict=True):
            torch.testing.assert_close(one.cpu().double(), other, rtol=0, atol=3e-7)
    moved = [(weight - before).abs().max() for weight, before in zip(exact.weights, initial, strict=True)]
    assert min(moved) > 1e-4  # training changed the weights


@pytest.mark.long
@needs_kernels
def test_one_program_of_each_sum_arrives_last(monkeypatch):
    """Only the last program resets the counter; the interpreter runs programs in order, so results cannot show it."""
    counters, shared = [], gpu_descent._shared

    def remember(*described):
        counters.append(shared(*described)[1])
        return shared(*described)[0], counters[-1]

    monkeypatch.setattr(gpu_descent, "_shared", remember)
    inputs, targets = examples(1, 1)
    trained_by_kernels(networks("softsign"), inputs, targets, 1)
    assert len(counters) == 2 * (len(SIZES) - 1)
    assert not any(counter.any() for counter in counters)


@pytest.mark.long
@needs_kernels
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # overflow in a run that diverges
def test_a_run_has_the_same_bits_alone_and_beside_others():
    inputs, targets = examples(2, 10)
    alone, _ = trained_by_kernels(networks("softsign")[1:], inputs[1:], targets[1:], 10, RATES[1:])
    for rate in (RATES[0], 1e38):  # the second one diverges
        together, _ = trained_by_kernels(networks("softsign"), inputs, targets, 10, [rate, RATES[1]])
        for one, other in zip(together.weights, alone.weights, strict=True):
            assert torch.equal(one[1], other[0])
        assert together.weights[0][0].isfinite().all() == (rate == RATES[0])


@pytest.mark.long
@needs_kernels
@pytest.mark.parametrize("capability", [80, 90, 100])
def test_the_kernels_compile_for_other_gpus(capability, monkeypatch, tmp_path):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    command = [sys.executable, "-c", COMPILE, str(capability)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr


@needs_gpu
@pytest.mark.long
@needs_kernels
def test_at_the_paper_s_width_the_kernels_equal_library_products_on_the_gpu():
    """The bits repeat, which is unlikely if programs do not wait for each other's partial sums."""
    sizes, rates = [1024, 1000, 1000, 1000, 9], [0.01, 0.03]  # at higher rates rounding errors grow a thousandfold
    inputs, targets = examples(40, 10, sizes)
    found, outputs = trained_by_kernels(networks("tanh", sizes), inputs, targets, 10, rates)
    for _ in range(5):
        again, outputs_again = trained_by_kernels(networks("tanh", sizes), inputs, targets, 10, rates)
        assert torch.equal(outputs, outputs_again)
        assert all(torch.equal(one, other) for one, other in zip(found.weights, again.weights, strict=True))
    expected = stack(networks("tanh", sizes), DEVICE)
    descent = GradientDescent(expected, rates, 10, "cross_entropy")
    descent.update(inputs.to(DEVICE), targets.to(DEVICE), torch.empty_like(targets, device=DEVICE))
    for one, other in zip(found.weights, expected.weights, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


def test_the_kernels_are_used_only_where_they_can(monkeypatch):
    stacked = stack(networks("softsign"), CPU)
    assert not is_suited(stacked, 10)  # on a CPU
    assert {*gpu_descent.ACTIVATIONS} <= ACTIVATIONS.keys()
    described = (stacked, RATES, 10, "cross_entropy")
    monkeypatch.setattr(forms, "kernels_for", lambda *described: None)  # as on a GPU
    assert isinstance(UPDATE_RULES["sgd"].descent(*described), GradientDescent)
    monkeypatch.setattr(forms, "is_suited", lambda networks, batch_size: True)
    monkeypatch.setattr(forms, "GpuDescent", lambda *arguments: arguments)
    assert UPDATE_RULES["sgd"].descent(*described) == described


@needs_gpu
@pytest.mark.long
@needs_kernels
def test_large_mini_batches_and_other_activations_use_library_products():
    tanh, relu = (stack(networks(name), DEVICE) for name in ("tanh", "relu"))
    assert is_suited(tanh, MOST_EXAMPLES)
    assert not is_suited(tanh, MOST_EXAMPLES + 1)
    assert not is_suited(relu, 10)
