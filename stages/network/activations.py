"""Activation functions of the hidden layers with their backward passes: the paper's three and later ones."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

aten = torch.ops.aten
LEAK = 0.01  # slope of the leaky ReLU below 0


@dataclass(frozen=True)
class Activation:
    """An activation z = f(s) and its backward pass, which both write into given buffers.

    All tensors of one call have the same shape. No tensor of that shape is allocated, which keeps the training loop
    free of allocations. The exception is softsign's backward pass: one temporary makes it almost three times as fast.
    """

    forward: Callable[[Tensor, Tensor], object]
    """forward(s, out): out = f(s)."""
    backward: Callable[[Tensor, Tensor, Tensor, Tensor], object]
    """backward(gradient, s, z, out): out = gradient · f'(s), where z = f(s); out may be `gradient`."""
    compiled: tuple[str, str] | None = None
    """f(s) and f'(s) as C expressions of the vectors s and z, with functions of descent/cpu_kernels.c; without them,
    torch trains the network"""


def _softsign(s: Tensor, out: Tensor) -> None:
    torch.abs(s, out=out).add_(1)
    torch.div(s, out, out=out)


def _softsign_backward(gradient: Tensor, s: Tensor, z: Tensor, out: Tensor) -> None:
    # f' = 1/(1+|s|)² = (1−|z|)²; the second form needs no division
    size = z.abs()
    torch.addcmul(gradient, gradient, size, value=-1, out=out)
    torch.addcmul(out, out, size, value=-1, out=out)


ACTIVATIONS = {
    # 1/(1 + e^−s), section 3.1
    "sigmoid": Activation(
        forward=lambda s, out: torch.sigmoid(s, out=out),
        backward=lambda gradient, s, z, out: aten.sigmoid_backward.grad_input(gradient, z, grad_input=out),
        compiled=("sigmoid_of(s)", "z * (1.0f - z)"),
    ),
    # section 3.2
    "tanh": Activation(
        forward=lambda s, out: torch.tanh(s, out=out),
        backward=lambda gradient, s, z, out: aten.tanh_backward.grad_input(gradient, z, grad_input=out),
        compiled=("tanh_of(s)", "1.0f - z * z"),
    ),
    # s/(1 + |s|), section 3.3
    "softsign": Activation(
        forward=_softsign,
        backward=_softsign_backward,
        compiled=("s / (1.0f + size_of(s))", "(1.0f - size_of(z)) * (1.0f - size_of(z))"),
    ),
    # s, for a linear network as in Bradley (2009), where section 4.2.1 starts
    "identity": Activation(
        forward=lambda s, out: out.copy_(s),
        backward=lambda gradient, s, z, out: out.copy_(gradient),
        compiled=("s", "constant(1)"),
    ),
    # max(s, 0), with slope 0 at 0; Glorot, Bordes & Bengio (2011)
    "relu": Activation(
        forward=lambda s, out: torch.clamp_min(s, 0, out=out),
        backward=lambda gradient, s, z, out: aten.threshold_backward.grad_input(gradient, z, 0, grad_input=out),
        compiled=("at_least(0, s)", "choose(z > 0.0f, constant(1), constant(0))"),
    ),
    # max(s, 0.01 s), with slope 0.01 at 0; Maas, Hannun & Ng (2013)
    "leaky_relu": Activation(
        forward=lambda s, out: aten.leaky_relu.out(s, LEAK, out=out),
        backward=lambda gradient, s, z, out: aten.leaky_relu_backward.grad_input(
            gradient, s, LEAK, False, grad_input=out
        ),
        compiled=(f"choose(s < 0.0f, {LEAK}f * s, s)", f"choose(s > 0.0f, constant(1), constant({LEAK}f))"),
    ),
    # s above 0, e^s − 1 below; Clevert, Unterthiner & Hochreiter (2015)
    "elu": Activation(
        forward=lambda s, out: aten.elu.out(s, out=out),
        backward=lambda gradient, s, z, out: aten.elu_backward.grad_input(gradient, 1, 1, 1, True, z, grad_input=out),
        compiled=("choose(s < 0.0f, exp_less_1(s), s)", "choose(s < 0.0f, z + 1.0f, constant(1))"),
    ),
    # s Φ(s) with Φ the normal distribution function, not an approximation; Hendrycks & Gimpel (2016)
    "gelu": Activation(
        forward=lambda s, out: aten.gelu.out(s, out=out),
        backward=lambda gradient, s, z, out: aten.gelu_backward.grad_input(gradient, s, grad_input=out),
        compiled=("s * normal_of(s)", "normal_of(s) + s * 0.39894228f * exp_of(s * s * -0.5f)"),
    ),
    # s/(1 + e^−s); Elfwing, Uchibe & Doya (2017)
    "silu": Activation(
        forward=lambda s, out: aten.silu.out(s, out=out),
        backward=lambda gradient, s, z, out: aten.silu_backward.grad_input(gradient, s, grad_input=out),
        compiled=("s * sigmoid_of(s)", "sigmoid_of(s) * (1.0f + s - z)"),
    ),
    # log(1 + e^s), computed as s above 20, as in torch; Dugas et al. (2001)
    "softplus": Activation(
        forward=lambda s, out: aten.softplus.out(s, 1, 20, out=out),
        backward=lambda gradient, s, z, out: aten.softplus_backward.grad_input(gradient, s, 1, 20, grad_input=out),
        compiled=("at_least(0, s) + each(log1pf, exp_of(-size_of(s)))", "sigmoid_of(s)"),
    ),
}


def slope(activation: Activation, s: Tensor) -> Tensor:
    """Return f'(s), with the shape of `s`."""
    z = torch.empty_like(s)
    activation.forward(s, z)
    derivative = torch.ones_like(s)
    activation.backward(derivative, s, z, derivative)
    return derivative
