"""What training lowers, of softmax outputs P and one-hot targets Y (section 4.1)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Cost:
    """A cost's derivatives by the output layer's pre-activations s; all tensors are float (…, examples, classes)."""

    gradient: Callable[[Tensor, Tensor, Tensor], object]
    """gradient(s, targets, out): out = ∂Cost/∂s of each example's own cost"""
    curvature_weight: Callable[[Tensor], Tensor]
    """curvature_weight(P): a_c such that Σ_c a_c·(e_c − P)(e_c − P)ᵀ is the Gauss-Newton matrix by s, with e_c the
    one-hot vector of class c"""


def _cross_entropy_gradient(s: Tensor, targets: Tensor, out: Tensor) -> None:
    """Write the gradient of −log P(y|x): P − Y."""
    torch.softmax(s, -1, out=out)
    out.sub_(targets)


def _quadratic_gradient(s: Tensor, targets: Tensor, out: Tensor) -> None:
    """Write the gradient of ½·Σ(P − Y)²: with E = P − Y, it is P·(E − Σ E·P), which vanishes where P is near 0 or 1."""
    probabilities = torch.softmax(s, -1)
    torch.sub(probabilities, targets, out=out)
    out.sub_((out * probabilities).sum(-1, keepdim=True)).mul_(probabilities)


COSTS = {
    # the Gauss-Newton matrix is diag(P) − PPᵀ
    "cross_entropy": Cost(gradient=_cross_entropy_gradient, curvature_weight=lambda probabilities: probabilities),
    # it is JᵀJ with J = ∂P/∂s, whose row c is P_c·(e_c − P)
    "quadratic": Cost(gradient=_quadratic_gradient, curvature_weight=lambda probabilities: probabilities.square()),
}
