"""The sizes of a network's layers."""

from stages.params import Model


def layer_sizes(model: Model, inputs: int, hidden_units: int, hidden_layers: int, classes: int) -> list[int]:
    """Return the units of the inputs, the hidden layers and the output."""
    profile = model.width_profile or [1] * hidden_layers
    return [inputs, *[max(1, round(share * hidden_units)) for share in profile], classes]
