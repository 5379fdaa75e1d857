"""What the project knows of a data set before it reads an image, and how to find a data set by its name."""

from collections.abc import Callable, Mapping
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
    """of one image: height, width, and 3 for the colours of a colour image"""
    commonest_share: float
    """share of the commonest class among the test images, which naming it every time gets right"""
    words: str
    """figure 1's description of the images"""
    fetch: Callable[[Any, Path], None]
    """fetch(block of params.yaml, folder): fill data/raw/<name>/"""
    prepare: Callable[[Any, Path], Prepared]
    """prepare(block of params.yaml, data/raw/<name>): the three splits"""
    expected: "Expected | None" = None
    """what `validate` checks the prepared images of a finite set for"""
    endless: bool = False
    """whether training draws new examples forever instead of the training split again and again"""

    @property
    def about(self) -> About:
        """What a network has to know of it."""
        return About(self.class_names, self.image_shape, self.endless)


@dataclass(frozen=True)
class Expected:
    """Known facts of a finite data set, stated without looking at the files: what its prepared images must be like."""

    facts: Mapping[str, type]
    """further columns of the table of facts, by name: str or float"""
    classes: "Classes"
    pixels: "Pixels"
    below: tuple["Below", ...] = ()


@dataclass(frozen=True)
class Classes:
    """How many images each class has, by label, in the published images that a split is cut from."""

    training: tuple[int, ...]
    """of the training and validation splits; only the shares count"""
    test: tuple[int, ...]
    words: str
    """what these shares are, for the report: "a tenth of each class" """
    exact: bool = False
    """whether `prepare` gives a split of any size exactly these shares"""


@dataclass(frozen=True)
class Pixels:
    """What is known of all pixels together, where black is 0 and white is 1."""

    means: tuple[float, ...]
    """of each colour"""
    deviations: tuple[float, ...]
    """standard deviation of each colour"""
    spread: float
    """standard deviation of one image's mean, or of what one image adds to the deviation if that is larger"""
    standard_errors: float = 5
    """how many a split may be off by chance; for independent images, more than 5 are rarer than one in a million"""
    allowance: float = 0
    """how far any split may be off besides, whatever its size"""
    least_contrast: float = 4
    """an image is nearly constant if each colour's standard deviation is below this, in greys of 255"""

    def tolerance(self, count: int) -> float:
        """Return how far the mean and the standard deviation of `count` images may lie from those known."""
        return self.allowance + self.standard_errors * self.spread / count**0.5


@dataclass(frozen=True)
class Below:
    """A fact that must lie below `limit`."""

    fact: str
    limit: float
    words: str
    """for the report"""


def find_dataset(name: str) -> Dataset:
    """Return the data set of this name: `DATASET` of the module `stages.datasets.<name>`."""
    return import_module(f"stages.datasets.{name}").DATASET
