"""The costs that training minimizes, as functions of softmax outputs P and one-hot targets Y (section 4.1)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Cost:
    """Derivatives of a cost with respect to the output pre-activations s, all float (…, examples, classes)."""

    gradient: Callable[[Tensor, Tensor, Tensor], object]
    """gradient(s, targets, out): out = ∂Cost/∂s, for each example's own cost"""
    curvature_weight: Callable[[Tensor], Tensor]
    """curvature_weight(P): a_c such that Σ_c a_c·(e_c − P)(e_c − P)ᵀ is the Gauss-Newton matrix with respect to s; e_c
    is the one-hot vector of class c"""
    compiled: str
    """the gradient with respect to one s as a C expression: of its p = P and y = Y, and along = Σ (P − Y)·P"""


def _cross_entropy_gradient(s: Tensor, targets: Tensor, out: Tensor) -> None:
    """Write the gradient of −log P(y|x): P − Y."""
    torch.softmax(s, -1, out=out)
    out.sub_(targets)


def _quadratic_gradient(s: Tensor, targets: Tensor, out: Tensor) -> None:
    """Write the gradient of ½·Σ(P − Y)²: P·(E − Σ E·P) with E = P − Y; it vanishes as P approaches 0 or 1."""
    probabilities = torch.softmax(s, -1)
    torch.sub(probabilities, targets, out=out)
    out.sub_((out * probabilities).sum(-1, keepdim=True)).mul_(probabilities)


COSTS = {
    # the Gauss-Newton matrix is diag(P) − PPᵀ
    "cross_entropy": Cost(
        gradient=_cross_entropy_gradient, curvature_weight=lambda probabilities: probabilities, compiled="p - y"
    ),
    # the Gauss-Newton matrix is JᵀJ with J = ∂P/∂s, whose row c is P_c·(e_c − P)
    "quadratic": Cost(
        gradient=_quadratic_gradient,
        curvature_weight=lambda probabilities: probabilities.square(),
        compiled="p * (p - y - along)",
    ),
}
