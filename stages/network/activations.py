"""Activation functions of the hidden layers, each with the way back through it (sections 3.1 to 3.3)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Activation:
    """z = f(s) and the product with f'(s), written into buffers so that training allocates nothing.

    All tensors of one call have the same shape.
    """

    forward: Callable[[Tensor, Tensor], object]
    """forward(s, out): out = f(s)."""
    backward: Callable[[Tensor, Tensor, Tensor, Tensor], object]
    """backward(gradient, s, z, out): out = gradient · f'(s), where z = f(s); out may be `gradient`."""


def _softsign(s: Tensor, out: Tensor) -> None:
    torch.abs(s, out=out).add_(1)
    torch.div(s, out, out=out)


def _softsign_backward(gradient: Tensor, s: Tensor, z: Tensor, out: Tensor) -> None:
    # f' = 1/(1+|s|)² = (1−|z|)²; the second form needs no division
    slope = 1 - z.abs()
    torch.mul(gradient, slope.square_(), out=out)


ACTIVATIONS = {
    "sigmoid": Activation(
        forward=lambda s, out: torch.sigmoid(s, out=out),
        backward=lambda gradient, s, z, out: torch.ops.aten.sigmoid_backward.grad_input(gradient, z, grad_input=out),
    ),
    "tanh": Activation(
        forward=lambda s, out: torch.tanh(s, out=out),
        backward=lambda gradient, s, z, out: torch.ops.aten.tanh_backward.grad_input(gradient, z, grad_input=out),
    ),
    "softsign": Activation(forward=_softsign, backward=_softsign_backward),
}


def slope(activation: Activation, s: Tensor) -> Tensor:
    """Return f'(s), of the shape of `s`."""
    z = torch.empty_like(s)
    activation.forward(s, z)
    derivative = torch.ones_like(s)
    activation.backward(derivative, s, z, derivative)
    return derivative
