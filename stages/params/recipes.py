"""The models of params.yaml: the recipe of each row of Table 1."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic.dataclasses import dataclass

from stages.params.fields import CLOSED, Name, Named, Optional, Positive, Profile, Several, Truth, whole
from stages.params.scales import Scale


@dataclass(frozen=True, config=CLOSED)
class Pretraining:
    """Denoising auto-encoders: the decoder, the kind and level of corruption, the learning rate, and their length.

    decoder is `units`, those of the layer below, or `linear`. updates are of each layer, for each scale that has any.
    """

    decoder: Literal["units", "linear"]
    corruption: Name
    level: Positive
    learning_rate: Positive
    updates: Named[Name, Annotated[int, whole(1, 10**12)]]


@dataclass(frozen=True, config=CLOSED)
class Model:
    """What distinguishes one row of Table 1 from another. `stages.checking.models` checks its names.

    batch_normalization is of the hidden layers. gain and connections are of the initializations that take them.
    width_profile has the units of each hidden layer as shares of hidden_units, which like hidden_layers, learning_rates
    and seeds stands in for the scale's.
    """

    activation: Name
    initialization: Name
    update_rule: Name = "sgd"
    cost: Name = "cross_entropy"
    pretraining: Optional[Pretraining] = None
    batch_normalization: Truth = False
    gain: Optional[Positive] = None
    connections: Optional[Annotated[int, whole(1, 10**6)]] = None
    width_profile: Optional[Profile] = None
    hidden_units: Optional[Annotated[int, whole(2, 10**6)]] = None
    hidden_layers: Optional[Several[Annotated[int, whole(1, 50)]]] = None
    learning_rates: Optional[Several[Positive]] = None
    seeds: Optional[Annotated[int, whole(1, 1000)]] = None

    def at(self, scale: Scale) -> Scale:
        """Return `scale` with what this model sets itself."""
        own = {key: getattr(self, key) for key in ("hidden_units", "hidden_layers", "learning_rates", "seeds")}
        return replace(scale, **{key: value for key, value in own.items() if value is not None})
