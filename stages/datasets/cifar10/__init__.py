"""CIFAR-10 in its binary layout: six files of records, cut into 40,000, 10,000 and 10,000 images (Section 2.2)."""

import math
from functools import partial
from pathlib import Path

import numpy as np

from stages.datasets.dataset import Classes, Dataset, Expected, Pixels
from stages.datasets.formats.archives import regular_files
from stages.datasets.formats.splits import check_labels, cut
from stages.handover.prepared import Prepared, Split
from stages.params import Cifar10
from stages.running.download import bring, check_sha256, sha256
from stages.running.errors import InputError

FOLDER = "cifar-10-batches-bin"  # in the archive
TRAINING = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = ("test_batch.bin",)
LIMIT = 2**29  # bytes that the archive may unpack to, nearly three times the official one's


def fetch(settings: Cifar10, folder: Path) -> None:
    """Write the six files of records into `folder`.

    Raises InputError if no place has the archive with the checksum that `settings` give, or if it lacks a file.
    """
    bring(
        "cifar10: the archive",
        settings.source,
        folder,
        partial(_unpack, folder=folder, expected=settings.sha256),
        "set cifar10.source in params.yaml to another URL or file that has it, "
        "or cifar10.sha256 to the checksum of the archive that you want",
    )


def prepare(settings: Cifar10, raw: Path) -> Prepared:
    """Return the splits: the first and the last of the training images, and the first test images.

    Raises InputError if a file in `raw` is damaged, or `settings` ask for more images than there are.
    """
    return cut("cifar10", settings, *({name: read_batch(raw / name) for name in names} for names in (TRAINING, TEST)))


def read_batch(file: Path) -> Split:
    """Return the images, uint8 (count, 32, 32, 3), and labels, int64 (count,), of a file of records.

    A record is the label and the red, green and blue pixels, row by row, a byte each. Raises InputError if the file is
    not a whole number of records, or a label is of no class. Layout: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    height, width, colours = DATASET.image_shape
    size = 1 + math.prod(DATASET.image_shape)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error
    if len(content) == 0 or len(content) % size:
        raise InputError(f"{file}: has {len(content)} bytes; allowed: one or more records of {size} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, size)
    labels, images = records[:, 0], records[:, 1:].reshape(-1, colours, height, width)
    check_labels(file, labels, len(DATASET.class_names))
    return Split(np.ascontiguousarray(images.transpose(0, 2, 3, 1)), labels.astype(np.int64))


def _unpack(archive: Path, place: str, folder: Path, expected: str) -> None:
    """Write the six files of `archive` into `folder`; raises InputError if its checksum is not `expected`."""
    check_sha256({sha256(archive, place): "the archive"}, expected, place)
    missing = {f"{FOLDER}/{name}": folder / name for name in (*TRAINING, *TEST)}
    for path, pieces in regular_files(archive, place, LIMIT):
        if path in missing:
            with missing.pop(path).open("wb") as output:
                output.writelines(pieces)
    if missing:
        raise InputError(f"{place}: lacks {', '.join(missing)}; allowed: CIFAR-10's binary layout")


DATASET = Dataset(
    title="CIFAR-10",
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    image_shape=(32, 32, 3),
    commonest_share=0.1,
    words="Photographs of animals and vehicles, 32×32 pixels in colour. The same thing in another pose, light or "
    "colour has very different pixels: in the paper all five networks name more than half of the test images wrongly.",
    fetch=fetch,
    prepare=prepare,
    expected=Expected(
        facts={"file": str, "position": float},
        classes=Classes(training=(5000,) * 10, test=(1000,) * 10, words="a tenth of each class"),
        pixels=Pixels(means=(0.4914, 0.4822, 0.4465), deviations=(0.2470, 0.2435, 0.2616), spread=0.153),
    ),
)
