"""Jacobians between neighbouring layers, ∂z^{i+1}/∂z^i (section 4.2.1, equations 13 and 14)."""

import torch
from torch import Tensor

from stages.network.activations import Activation, slope

EXAMPLES = 20  # the average hardly differs between examples, and every decomposition takes its time


def average_singular_value(activation: Activation, weight: Tensor, pre_activations: Tensor) -> float:
    """Return the mean singular value of ∂z^{i+1}/∂z^i over the first EXAMPLES examples.

    `weight` (units below, units) leads from layer i to layer i+1, whose pre-activations are `pre_activations`
    (examples, units). An example's Jacobian is W diag(f'(s)), transposed.
    """
    slopes = slope(activation, pre_activations[:EXAMPLES])
    return sum(torch.linalg.svdvals(weight * one).mean().item() for one in slopes) / len(slopes)
