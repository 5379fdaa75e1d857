"""Jacobians between neighbouring layers, ∂z^{i+1}/∂z^i (section 4.2.1, equations 13 and 14)."""

import torch
from torch import Tensor

from stages.network.activations import Activation, slope

DECOMPOSED_EXAMPLES = 20  # singular values hardly differ between examples, and decompositions are slow
SHARES = torch.arange(101, dtype=torch.float64) / 100


def singular_values(activation: Activation, weight: Tensor, pre_activations: Tensor) -> Tensor:
    """Return the singular values of ∂z^{i+1}/∂z^i, the largest first: (examples, smaller layer's units).

    Only the first DECOMPOSED_EXAMPLES examples are used. `weight` (units below, units) connects layer i to layer i+1,
    whose pre-activations are `pre_activations` (examples, units). An example's Jacobian is the transpose of
    W diag(f'(s)).
    """
    slopes = slope(activation, pre_activations[:DECOMPOSED_EXAMPLES])
    return torch.stack([torch.linalg.svdvals(weight * one) for one in slopes])


def average(singular_values: Tensor) -> float:
    """Return the mean of singular values (examples, count)."""
    return sum(of_example.mean().item() for of_example in singular_values) / len(singular_values)


def quantiles(singular_values: Tensor) -> list[dict[str, float]]:
    """Return the quantiles of singular values (examples, count), one row for each `share` in SHARES."""
    values = torch.quantile(singular_values.flatten().double(), SHARES)
    return [
        {"share": share, "singular_value": value} for share, value in zip(SHARES.tolist(), values.tolist(), strict=True)
    ]
