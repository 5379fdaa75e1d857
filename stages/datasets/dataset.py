"""What is known of a data set before it is there, and how each is found by its name in params.yaml."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from stages.handover.prepared import About, Prepared


@dataclass(frozen=True)
class Dataset:
    """A column of Table 1."""

    title: str
    class_names: tuple[str, ...]
    """in the order of the labels"""
    image_shape: tuple[int, ...]
    """of one image: height, width, and the three colours where it has them"""
    commonest_share: float
    """share of the commonest class: always naming it is right so often"""
    words: str
    """what figure 1 says of its images"""
    fetch: Callable[[Any, Path], None]
    """fetch(block of params.yaml, folder): fill data/raw/<name>/"""
    prepare: Callable[[Any, Path], Prepared]
    """prepare(block of params.yaml, data/raw/<name>): the three splits"""
    endless: bool = False
    """whether training draws new examples forever instead of the training split again and again"""

    @property
    def about(self) -> About:
        """What a network has to know of it."""
        return About(self.class_names, self.image_shape, self.endless)


def find_dataset(name: str) -> Dataset:
    """Return the data set of this name: `DATASET` of the module `stages.datasets.<name>`."""
    return import_module(f"stages.datasets.{name}").DATASET
