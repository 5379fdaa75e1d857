"""A prepared data set: images and labels of its three splits, as `prepare` writes and every later stage reads them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from stages.artifacts import read_tensors
from stages.errors import InputError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """The images of one split and their classes."""

    images: np.ndarray
    """uint8 (count, height, width), or (count, height, width, 3) red, green and blue"""
    labels: np.ndarray
    """int64 (count,)"""


@dataclass(frozen=True)
class Prepared:
    """A whole data set."""

    splits: dict[str, Split]
    """by name, in the order of SPLITS"""
    facts: pd.DataFrame
    """one row an image, in the splits' order: split, index, label, and what else is known of it"""


def write_prepared(folder: Path, prepared: Prepared) -> None:
    """Write a file for each split into `folder`, and the facts."""
    for name, split in prepared.splits.items():
        save_file({"images": split.images, "labels": split.labels}, folder / f"{name}.safetensors")
    prepared.facts.to_parquet(folder / "facts.parquet", index=False)


def read_split(folder: Path, split: str) -> Split:
    """Read one split from `folder`; raises InputError where the file is missing, damaged or not such a split."""
    file = folder / f"{split}.safetensors"
    arrays = read_tensors(file)
    if arrays.keys() != {"images", "labels"}:
        raise InputError(f"{file}: holds {', '.join(sorted(arrays)) or 'nothing'}; allowed: images and labels")
    images, labels = arrays["images"], arrays["labels"]
    if images.dtype != np.uint8 or images.ndim < 3 or len(images) == 0:
        raise InputError(f"{file}: images are {images.dtype} {images.shape}; allowed: uint8 (count, height, width)")
    if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
        raise InputError(f"{file}: labels are {labels.dtype} {labels.shape}; allowed: int64 ({len(images)},)")
    return Split(images, labels)
