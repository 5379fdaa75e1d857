"""A prepared data set: images and labels of its three splits, as `prepare` writes and every later stage reads them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from stages.artifacts import listed, read_tensors
from stages.datasets.catalogue import CATALOGUE
from stages.errors import AGAIN, InputError

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


def files_of(dataset: str) -> list[Path]:
    """Return the files of a prepared data set and of its check: all data that training depends on."""
    return [*(Path("data/prepared") / dataset).iterdir(), Path("data/validated") / f"{dataset}.json"]


def write_prepared(folder: Path, prepared: Prepared) -> None:
    """Write a file for each split into `folder`, and the facts."""
    for name, split in prepared.splits.items():
        save_file({"images": split.images, "labels": split.labels}, folder / f"{name}.safetensors")
    prepared.facts.to_parquet(folder / "facts.parquet", index=False)


def read_split_of(dataset: str, folder: Path, split: str) -> Split:
    """Read one split of `dataset` as `read_split` does; raises InputError also where it cannot be of that data set."""
    found, file, about = read_split(folder, split), folder / f"{split}.safetensors", CATALOGUE[dataset]
    if found.images.shape[1:] != about.image_shape:
        allowed = ", ".join(map(str, about.image_shape))
        raise InputError(f"{file}: images are {found.images.shape}; allowed: (count, {allowed}); {AGAIN}")
    lowest, highest, classes = found.labels.min(), found.labels.max(), len(about.class_names)
    if lowest < 0 or highest >= classes:
        raise InputError(f"{file}: labels are {lowest} to {highest}; allowed: 0 to {classes - 1}; {AGAIN}")
    return found


def read_split(folder: Path, split: str) -> Split:
    """Read one split from `folder`; raises InputError where the file is missing, damaged or not such a split."""
    file = folder / f"{split}.safetensors"
    arrays = read_tensors(file)
    if arrays.keys() != {"images", "labels"}:
        raise InputError(f"{file}: holds {listed(arrays)}; allowed: images and labels")
    images, labels = arrays["images"], arrays["labels"]
    if images.dtype != np.uint8 or images.ndim < 3 or len(images) == 0:
        raise InputError(f"{file}: images are {images.dtype} {images.shape}; allowed: uint8 (count, height, width)")
    if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
        raise InputError(f"{file}: labels are {labels.dtype} {labels.shape}; allowed: int64 ({len(images)},)")
    return Split(images, labels)
