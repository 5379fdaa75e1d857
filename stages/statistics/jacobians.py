"""Jacobians between neighbouring layers, ∂z^{i+1}/∂z^i (section 4.2.1, equations 13 and 14)."""

import torch
from torch import Tensor

from stages.network.activations import Activation, slope

EXAMPLES = 20  # the singular values hardly differ between examples, and every decomposition takes its time
SHARES = torch.arange(101, dtype=torch.float64) / 100


def singular_values(activation: Activation, weight: Tensor, pre_activations: Tensor) -> Tensor:
    """Return those of ∂z^{i+1}/∂z^i of the first EXAMPLES examples, the largest first: (examples, smaller layer).

    `weight` (units below, units) leads from layer i to layer i+1, whose pre-activations are `pre_activations`
    (examples, units). An example's Jacobian is W diag(f'(s)), transposed.
    """
    slopes = slope(activation, pre_activations[:EXAMPLES])
    return torch.stack([torch.linalg.svdvals(weight * one) for one in slopes])


def average(singular_values: Tensor) -> float:
    """Return the mean singular value of all examples (examples, count)."""
    return sum(of_example.mean().item() for of_example in singular_values) / len(singular_values)


def quantiles(singular_values: Tensor) -> list[dict[str, float]]:
    """Return one row for each of SHARES: the `singular_value` that this `share` of (examples, count) lies below."""
    values = torch.quantile(singular_values.flatten().double(), SHARES)
    return [
        {"share": share, "singular_value": value} for share, value in zip(SHARES.tolist(), values.tolist(), strict=True)
    ]
