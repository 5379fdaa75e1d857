"""What each data set is checked for: Shapeset by a module of its own, a finite set by what its `Dataset` states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from great_expectations.expectations import Expectation

from stages.datasets.dataset import find_dataset
from stages.expectations import common, finite, shapeset


@dataclass(frozen=True)
class Checks:
    """The facts that a data set needs, the table that is checked, and the expectations about it."""

    facts: Mapping[str, type]
    """columns of the facts besides split, index and label, by name: str or float"""
    add_columns: Callable[[np.ndarray, pd.DataFrame], pd.DataFrame]
    """add_columns(images, columns of `common.table`): the table with what else the images show"""
    expectations: Callable[[dict[str, int]], list[Expectation]]
    """expectations(images that params.yaml asks for, by split)"""


def find_checks(dataset: str) -> Checks:
    """Return the checks of the data set of this name."""
    known = find_dataset(dataset)
    if known.expected is None:
        return Checks(shapeset.FACTS, shapeset.table, shapeset.expectations)
    return Checks(known.expected.facts, finite.table, partial(finite.expectations, known))


def image_table(dataset: str, images: np.ndarray, labels: np.ndarray, facts: pd.DataFrame) -> pd.DataFrame:
    """Return the table that the data set's expectations are about, one row per image; arguments as `common.table`'s."""
    columns = common.table(images, labels, facts, find_dataset(dataset).class_names)
    return find_checks(dataset).add_columns(images, columns)
