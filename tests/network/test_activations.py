"""Activations against their formulas and autograd."""

import math

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from stages.network.activations import ACTIVATIONS, slope
from tests.descent.plain import MODULES

FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "softsign": lambda x: x / (1 + abs(x)),
    "identity": lambda x: x,
    "relu": lambda x: max(x, 0),
    "leaky_relu": lambda x: max(x, 0.01 * x),
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "gelu": lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
}
SLOPES_AT_ZERO = {
    "sigmoid": 0.25,
    "tanh": 1.0,
    "softsign": 1.0,
    "identity": 1.0,
    "relu": 0.0,
    "leaky_relu": pytest.approx(0.01),
    "elu": 1.0,
    "gelu": 0.5,
    "silu": 0.5,
    "softplus": 0.5,
}


@pytest.fixture(params=ACTIVATIONS)
def name(request) -> str:
    return request.param


@pytest.fixture
def s() -> torch.Tensor:
    """Pre-activations from −6 to 6 without 0, where some activations have a kink."""
    return torch.linspace(-6, 6, 40, dtype=torch.float64)[:, None] * torch.ones(3, dtype=torch.float64)


def test_forward_is_the_formula(name, s):
    z = torch.empty_like(s)
    ACTIVATIONS[name].forward(s, z)
    expected = torch.tensor([[FORMULAS[name](x) for x in row] for row in s.tolist()], dtype=torch.float64)
    torch.testing.assert_close(z, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("reach", [6, 50, 800])
def test_both_passes_equal_torchs_module(name, reach):
    """The range extends to where e^s overflows, and includes the kinks, where torch's slope counts."""
    s = torch.linspace(-reach, reach, 4001, dtype=torch.float64, requires_grad=True)
    gradient = torch.randn(s.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = MODULES[name]()(s)
    expected.backward(gradient)
    z, out = torch.empty_like(expected), torch.empty_like(expected)
    ACTIVATIONS[name].forward(s.detach(), z)
    ACTIVATIONS[name].backward(gradient, s.detach(), z, out)
    torch.testing.assert_close(z, expected.detach(), rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(out, s.grad, rtol=0, atol=1e-12)


def test_backward_equals_the_central_difference(name, s):
    """Unlike torch's autograd, it shares no kernel with ours."""
    step = 1e-5
    above, below, z = torch.empty_like(s), torch.empty_like(s), torch.empty_like(s)
    forward = ACTIVATIONS[name].forward
    forward(s + step, above)
    forward(s - step, below)
    forward(s, z)
    gradient = torch.randn(s.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    out = torch.empty_like(s)
    ACTIVATIONS[name].backward(gradient, s, z, out)
    torch.testing.assert_close(out, gradient * (above - below) / (2 * step), rtol=1e-6, atol=1e-9)


def test_backward_may_overwrite_the_gradient(name, s):
    z, out, gradient = torch.empty_like(s), torch.empty_like(s), torch.full_like(s, 2.0)
    ACTIVATIONS[name].forward(s, z)
    before = s.clone(), z.clone()
    ACTIVATIONS[name].backward(gradient, s, z, out)
    ACTIVATIONS[name].backward(gradient, s, z, gradient)
    assert torch.equal(gradient, out)
    assert torch.equal(s, before[0])
    assert torch.equal(z, before[1])


def test_rows_of_a_larger_buffer_are_written_in_place(name):
    """Padded networks have such strided views."""
    buffers = torch.randn(3, 2, 30, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    s, z, gradient = buffers[:, :, 10:20]
    whole_z, whole_gradient = torch.empty(s.shape, dtype=s.dtype), gradient.contiguous()
    ACTIVATIONS[name].forward(s.contiguous(), whole_z)
    ACTIVATIONS[name].backward(whole_gradient, s.contiguous(), whole_z, whole_gradient)
    ACTIVATIONS[name].forward(s, z)
    ACTIVATIONS[name].backward(gradient, s, z, gradient)
    torch.testing.assert_close(buffers[1, :, 10:20], whole_z, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(buffers[2, :, 10:20], whole_gradient, rtol=1e-14, atol=1e-14)


def test_only_softsigns_backward_allocates_a_buffer(name):
    s, z, gradient = torch.randn(3, 10, 256, generator=torch.Generator().manual_seed(0))
    buffer = s.numel() * s.element_size()
    allocated = []
    for run_pass in (
        lambda: ACTIVATIONS[name].forward(s, z),
        lambda: ACTIVATIONS[name].backward(gradient, s, z, gradient),
    ):
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
            run_pass()
        allocated.append(max((event.self_cpu_memory_usage for event in found.key_averages()), default=0))
    assert allocated[0] < buffer
    assert (allocated[1] >= buffer) == (name == "softsign")


def test_slope_at_zero(name):
    assert slope(ACTIVATIONS[name], torch.zeros(1)).item() == SLOPES_AT_ZERO[name]
