"""The scales of params.yaml."""

from typing import Annotated

from pydantic.dataclasses import dataclass

from stages.params.datasets import Dataset
from stages.params.fields import CLOSED, Named, Positive, Several, whole


@dataclass(frozen=True, config=CLOSED)
class FixedSet:
    """Of the SVM and the network beside it: the first training images that both read, and the network's updates."""

    examples: Named[Dataset, Annotated[int, whole(2, 10**7)]]
    updates: Annotated[int, whole(1, 10**12)]


@dataclass(frozen=True, config=CLOSED)
class Scale:
    """How large the networks are and how long they train."""

    hidden_units: Annotated[int, whole(2, 10**6)]
    hidden_layers: Several[Annotated[int, whole(1, 50)]]
    updates: Named[Dataset, Annotated[int, whole(1, 10**12)]]
    batch_size: Annotated[int, whole(1, 10**6)]
    learning_rates: Several[Positive]
    seeds: Annotated[int, whole(1, 1000)]
    monitored_examples: Annotated[int, whole(2, 10**7)]
    monitored_updates: Annotated[int, whole(2, 10**4)]
    svm: FixedSet
