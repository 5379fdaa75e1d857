"""How parameters follow the gradient: a class that is made with (stack of networks, learning rates, batch size).

Its `update(inputs, targets, outputs)` does what `stages.network.sgd.GradientDescent.update` says.
"""

from stages.network.sgd import GradientDescent

UPDATE_RULES = {"sgd": GradientDescent}
