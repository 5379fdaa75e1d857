"""How parameters follow the gradient: what is made with (stack of networks, learning rates, batch size, cost).

Its `update(inputs, targets, outputs)` does what `stages.network.sgd.GradientDescent.update` says; `changed` are all
tensors that it changes.
"""

from collections.abc import Sequence

from stages.network.per_parameter import by_hessian, by_variance
from stages.network.perceptron import Perceptron
from stages.network.sgd import GradientDescent
from stages.network.thin_descent import ThinDescent, is_thin


def plain(
    networks: Perceptron, learning_rates: Sequence[float], batch_size: int, cost: str
) -> GradientDescent | ThinDescent:
    """Return gradient descent in the form that is fastest on the networks' device."""
    form = ThinDescent if is_thin(networks, batch_size) else GradientDescent
    return form(networks, learning_rates, batch_size, cost)


UPDATE_RULES = {"sgd": plain, "hessian": by_hessian, "gradient_variance": by_variance}
