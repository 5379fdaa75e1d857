"""Cut published training and test images into training, validation and test splits."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.handover.prepared import Prepared, Split
from stages.params import Splits
from stages.running.errors import InputError


def cut(name: str, settings: Splits, training: dict[str, Split], test: dict[str, Split]) -> Prepared:
    """Return the first and the last of the training images, for training and validation, and the first test images.

    name: of the block of params.yaml in `settings`; training, test: the published images by file, in order. The facts
    give each image's file and its position there. Raises InputError if there are too few images, or if training and
    validation would share one.
    """
    published = {"training": _joined(training), "test": _joined(test)}
    counts = {part: len(split.labels) for part, (split, _) in published.items()}
    if settings.train + settings.validation > counts["training"]:
        raise InputError(
            f"params.yaml: {name}.train is {settings.train} and {name}.validation {settings.validation}; "
            f"allowed: together at most the {counts['training']} training images"
        )
    if settings.test > counts["test"]:
        raise InputError(
            f"params.yaml: {name}.test is {settings.test}; allowed: at most the {counts['test']} test images"
        )
    ranges = {
        "train": ("training", slice(settings.train)),
        "validation": ("training", slice(counts["training"] - settings.validation, None)),
        "test": ("test", slice(settings.test)),
    }
    splits, facts = {}, []
    for split, (part, rows) in ranges.items():
        whole, origin = published[part]
        splits[split] = Split(whole.images[rows], whole.labels[rows])
        labels = splits[split].labels
        columns = {"split": split, "index": np.arange(len(labels)), "label": labels}
        facts.append(pd.DataFrame(columns).join(origin[rows].reset_index(drop=True)))
    return Prepared(splits, pd.concat(facts, ignore_index=True))


def check_labels(file: Path, labels: np.ndarray, classes: int) -> None:
    """Raise InputError that names the first of `labels`, uint8 (count,), that is not below `classes`."""
    (wrong,) = np.nonzero(labels >= classes)
    if len(wrong):
        raise InputError(f"{file}: the label at position {wrong[0]} is {labels[wrong[0]]}; allowed: 0 to {classes - 1}")


def _joined(files: dict[str, Split]) -> tuple[Split, pd.DataFrame]:
    """Return the images of all files together, and the file and position of each."""
    images = np.ascontiguousarray(np.concatenate([split.images for split in files.values()]))
    labels = np.concatenate([split.labels for split in files.values()])
    counts = [len(split.labels) for split in files.values()]
    origin = {
        "file": np.repeat(list(files), counts),
        "position": np.concatenate([np.arange(count) for count in counts]),
    }
    return Split(images, labels), pd.DataFrame(origin)
