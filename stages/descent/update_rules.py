"""How parameters follow the gradient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from stages.descent.per_parameter import PARAMETER_COPIES, by_hessian, by_variance
from stages.descent.sgd import GradientDescent
from stages.descent.thin_descent import ThinDescent, is_thin
from stages.network.perceptron import Perceptron


class Descent(Protocol):
    """What updates a stack of runs in place."""

    changed: list[Tensor]
    """all tensors that it changes"""

    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do what `stages.descent.sgd.GradientDescent.update` says."""


@dataclass(frozen=True)
class UpdateRule:
    """How to make a descent, and what it takes."""

    descent: Callable[[Perceptron, Sequence[float], int, str], Descent]
    """of a stack of networks, their learning rates, the batch size and the cost"""
    parameter_copies: int = 0
    """kept in training beside the parameters"""


def plain(networks: Perceptron, learning_rates: Sequence[float], batch_size: int, cost: str) -> Descent:
    """Return gradient descent in the form that is fastest on the networks' device."""
    form = ThinDescent if is_thin(networks, batch_size) else GradientDescent
    return form(networks, learning_rates, batch_size, cost)


UPDATE_RULES = {
    "sgd": UpdateRule(plain),
    "hessian": UpdateRule(by_hessian, PARAMETER_COPIES),
    "gradient_variance": UpdateRule(by_variance, PARAMETER_COPIES),
}
