"""How much of a layer is saturated."""

from torch import Tensor

from stages.network.activations import Activation, slope

SATURATED_SLOPE = 0.05


def saturated_share(activation: Activation, pre_activations: Tensor) -> float:
    """Return the share of `pre_activations` (examples, units) where f'(s) is below 5 % of f'(0).

    That is where |tanh| is above 0.975, the sigmoid is outside 0.013 to 0.987, and |softsign| is above 0.776.
    """
    steepest = slope(activation, pre_activations.new_zeros(1))
    return (slope(activation, pre_activations) < SATURATED_SLOPE * steepest).float().mean().item()
