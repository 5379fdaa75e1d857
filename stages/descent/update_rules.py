"""The update rules: how parameters follow the gradient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from stages.descent.per_parameter import PARAMETER_COPIES, by_hessian, by_variance
from stages.descent.sgd import GradientDescent
from stages.descent.thin_descent import ThinDescent, is_thin
from stages.network.perceptron import Perceptron


class Descent(Protocol):
    """An algorithm that updates a stack of runs in place."""

    changed: list[Tensor]
    """all tensors that it changes"""

    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, as `stages.descent.sgd.GradientDescent.update` does."""


@dataclass(frozen=True)
class UpdateRule:
    """How to create a descent, and the memory that it needs."""

    descent: Callable[[Perceptron, Sequence[float], int, str], Descent]
    """descent(networks, learning_rates, batch_size, cost), where `networks` is a stack"""
    parameter_copies: int = 0
    """tensors of the parameters' size that it holds besides them"""


def plain(networks: Perceptron, learning_rates: Sequence[float], batch_size: int, cost: str) -> Descent:
    """Return gradient descent in the form that is fastest on the networks' device."""
    form = ThinDescent if is_thin(networks, batch_size) else GradientDescent
    return form(networks, learning_rates, batch_size, cost)


UPDATE_RULES = {
    "sgd": UpdateRule(plain),
    "hessian": UpdateRule(by_hessian, PARAMETER_COPIES),
    "gradient_variance": UpdateRule(by_variance, PARAMETER_COPIES),
}
