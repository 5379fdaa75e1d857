"""How parameters follow the gradient: what is made with (stack of networks, learning rates, batch size, cost).

Its `update(inputs, targets, outputs)` does what `stages.network.sgd.GradientDescent.update` says; `changed` are all
tensors that it changes.
"""

from stages.network.per_parameter import by_hessian, by_variance
from stages.network.sgd import GradientDescent

UPDATE_RULES = {"sgd": GradientDescent, "hessian": by_hessian, "gradient_variance": by_variance}
