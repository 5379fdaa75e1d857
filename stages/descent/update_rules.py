"""The update rules: how parameters follow the gradient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stages.descent.forms import Descent, gradient_descent
from stages.descent.per_parameter import PARAMETER_COPIES, by_hessian, by_variance
from stages.network.perceptron import Perceptron


@dataclass(frozen=True)
class UpdateRule:
    """How to create a descent, and the memory that it needs."""

    descent: Callable[[Perceptron, Sequence[float], int, str], Descent]
    """descent(networks, learning_rates, batch_size, cost), where `networks` is a stack"""
    parameter_copies: int = 0
    """tensors of the parameters' size that it holds besides them"""


UPDATE_RULES = {
    "sgd": UpdateRule(gradient_descent),
    "hessian": UpdateRule(by_hessian, PARAMETER_COPIES),
    "gradient_variance": UpdateRule(by_variance, PARAMETER_COPIES),
}
