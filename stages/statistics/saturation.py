"""The saturated share of a layer."""

import torch
from torch import Tensor

from stages.network.activations import Activation, slope

SATURATED_SLOPE = 0.05


def saturated_share(activation: Activation, pre_activations: Tensor) -> float:
    """Return the share of `pre_activations` (examples, units) where |f'(s)| is below 5 % of the steepest slope of f.

    That is where |tanh| is above 0.975, the sigmoid is outside 0.013 to 0.987, and |softsign| is above 0.776. A ReLU or
    leaky ReLU is saturated unless it is above 0, ELU below −0.95, softplus below 0.051, and the identity never. GELU
    and SiLU are saturated for s below −2.28 and −3.93, and in a narrow band around their minimum, where they are flat.
    """
    # every activation has its steepest slope, up to rounding, between −20 and 20, and many have it at 0
    steps = torch.arange(-2000, 2001, dtype=pre_activations.dtype, device=pre_activations.device) / 100
    steepest = slope(activation, steps).abs().max()
    return (slope(activation, pre_activations).abs() < SATURATED_SLOPE * steepest).float().mean().item()
