"""A prepared data set: its three splits and a description, which `prepare` writes and later stages read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save

from stages.handover.objects import read_json
from stages.handover.tensors import listed, read_tensors
from stages.running.errors import AGAIN, InputError
from stages.running.files import write_bytes, write_whole

SPLITS = ("train", "validation", "test")
ABOUT = "about.json"


@dataclass(frozen=True)
class About:
    """What training needs to know about a data set before it reads an image."""

    class_names: tuple[str, ...]
    """in the order of the labels"""
    image_shape: tuple[int, ...]
    """of one image: height, width, and the three colours where it has them"""
    endless: bool
    """whether training draws new images forever instead of repeating the training split"""


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
    """one row an image, in the order of the splits: split, index, label, and the data set's own columns"""


def files_of(dataset: str) -> list[Path]:
    """Return the files that training reads: those of a prepared data set, and the gate of its validation."""
    return [*(Path("data/prepared") / dataset).iterdir(), Path("data/validated") / f"{dataset}.json"]


def write_prepared(folder: Path, about: About, prepared: Prepared) -> None:
    """Write a file for each split, the facts and the description into `folder`."""
    for name, split in prepared.splits.items():
        write_bytes(folder / f"{name}.safetensors", save({"images": split.images, "labels": split.labels}))
    prepared.facts.to_parquet(folder / "facts.parquet", index=False)
    write_about(folder, about)


def write_about(folder: Path, about: About) -> None:
    """Write the description of the data set in `folder`."""
    write_whole(folder / ABOUT, json.dumps(asdict(about), indent=2, ensure_ascii=False) + "\n")


def read_about(folder: Path) -> About:
    """Return the description of the data set in `folder`; raises InputError where it is missing or damaged."""
    found = read_json(folder / ABOUT)
    names, shape, endless = (found.get(key) for key in ("class_names", "image_shape", "endless"))
    named = isinstance(names, list) and len(names) > 1 and all(isinstance(name, str) for name in names)
    shaped = isinstance(shape, list) and len(shape) in (2, 3) and all(type(side) is int and side > 0 for side in shape)
    if not named or not shaped or not isinstance(endless, bool):
        raise InputError(f"{folder / ABOUT}: damaged; allowed: class_names, image_shape and endless; {AGAIN}")
    return About(tuple(names), tuple(shape), endless)


def read_valid_split(folder: Path, split: str) -> Split:
    """Read one split as `read_split` does; raises InputError also where a label is of no class."""
    found, classes = read_split(folder, split), len(read_about(folder).class_names)
    lowest, highest = found.labels.min(), found.labels.max()
    if lowest < 0 or highest >= classes:
        file = folder / f"{split}.safetensors"
        raise InputError(f"{file}: labels are {lowest} to {highest}; allowed: 0 to {classes - 1}; {AGAIN}")
    return found


def read_split(folder: Path, split: str) -> Split:
    """Read one split from `folder`; raises InputError where the file is missing, damaged or of another shape."""
    shape, file = read_about(folder).image_shape, folder / f"{split}.safetensors"
    arrays = read_tensors(file)
    if arrays.keys() != {"images", "labels"}:
        raise InputError(f"{file}: holds {listed(arrays)}; allowed: images and labels; {AGAIN}")
    images, labels = arrays["images"], arrays["labels"]
    if images.dtype != np.uint8 or images.shape[1:] != shape or len(images) == 0:
        allowed = ", ".join(map(str, shape))
        raise InputError(
            f"{file}: images are {images.dtype} {images.shape}; allowed: uint8 (count, {allowed}); {AGAIN}"
        )
    if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
        raise InputError(f"{file}: labels are {labels.dtype} {labels.shape}; allowed: int64 ({len(images)},); {AGAIN}")
    return Split(images, labels)
