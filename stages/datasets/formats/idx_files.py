"""MNIST's layout: four idx files of 28×28 grey images in ten classes, and their labels, from a mirror or a folder."""

import hashlib
from functools import partial
from pathlib import Path

from stages.datasets.formats.archives import unpacked
from stages.datasets.formats.idx import LIMIT, read_labelled
from stages.datasets.formats.splits import cut
from stages.handover.prepared import Prepared
from stages.params import MNIST_FILES, Mnist
from stages.running.download import bring, check_sha256, sha256

IMAGE_SHAPE = (28, 28)
CLASSES = 10
ENDINGS = (".gz", "")  # to try; the content says whether a file is packed


def fetch(name: str, settings: Mnist, folder: Path) -> None:
    """Write the four files into `folder`, unpacked, so that they do not depend on the mirror.

    name: of the data set. Raises InputError if no place has a file with the checksum that `settings` give.
    """
    for file in MNIST_FILES:
        bring(
            f"{name}: {file}",
            [f"{place.rstrip('/')}/{file}{ending}" for place in settings.source for ending in ENDINGS],
            folder,
            partial(_unpack, target=folder / file, expected=settings.sha256[file]),
            f"set {name}.source in params.yaml to another URL or folder that has it, "
            f"or {name}.sha256.{file} to the checksum of the file that you want, packed or not",
        )


def prepare(name: str, settings: Mnist, raw: Path) -> Prepared:
    """Return the splits: the first and the last of the training images, and the first test images.

    Raises InputError if a file in `raw` is damaged, or `settings` ask for more images than there are.
    """
    parts = []
    for images, labels in (MNIST_FILES[:2], MNIST_FILES[2:]):
        parts.append({images: read_labelled(raw / images, raw / labels, IMAGE_SHAPE, CLASSES)})
    return cut(name, settings, *parts)


def _unpack(file: Path, place: str, target: Path, expected: str) -> None:
    """Write the content of `file` to `target`; raises InputError if neither has the checksum `expected`.

    Publishers state the checksum of the .gz; that of the content also holds for a mirror that packed it again.
    """
    content = hashlib.sha256()
    with target.open("wb") as output:
        for piece in unpacked(file, place, LIMIT):
            content.update(piece)
            output.write(piece)
    check_sha256({sha256(file, place): "the file", content.hexdigest(): "its content"}, expected, place)
