"""The sizes of a network's layers."""

from stages.params import Model


def layer_sizes(model: Model, inputs: int, hidden_units: int, hidden_layers: int, classes: int) -> list[int]:
    """Return the number of units of the input, each hidden layer and the output, in order.

    `model.width_profile` gives each hidden layer's width as a share of `hidden_units`; without one, all have share 1.
    """
    profile = model.width_profile or [1] * hidden_layers
    return [inputs, *[max(1, round(share * hidden_units)) for share in profile], classes]
