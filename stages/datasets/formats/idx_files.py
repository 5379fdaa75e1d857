"""MNIST's layout: four idx files of 28×28 grey images in ten classes, and their labels, from a mirror or a folder."""

from functools import partial
from pathlib import Path

import numpy as np

from stages.datasets.formats.archives import save, unpacked
from stages.datasets.formats.folders import files_below, holding
from stages.datasets.formats.idx import LIMIT, header, read_labelled
from stages.datasets.formats.kinds import kind_of
from stages.datasets.formats.parquet import find_rows, read_rows
from stages.datasets.formats.splits import cut
from stages.handover.prepared import Prepared
from stages.params import MNIST_FILES, Mnist
from stages.running.download import bring, check_sha256, is_url, sha256
from stages.running.errors import InputError

IMAGE_SHAPE = (28, 28)
CLASSES = 10
ENDINGS = (".gz", "")  # to try; the content says whether a file is packed
ALLOWED = "allowed: a gz or idx file of MNIST's layout"


def fetch(name: str, settings: Mnist, folder: Path) -> None:
    """Write the four files into `folder`, unpacked, so that they do not depend on the mirror.

    name: of the data set. Raises InputError if no place has a file with the checksum that `settings` give.
    """
    for file in MNIST_FILES:
        bring(
            f"{name}: {file}",
            [place for source in settings.source for place in _places(source, file)],
            partial(_take, target=folder / file, expected=settings.sha256[file]),
            f"set {name}.source in params.yaml to another URL or folder that has it",
        )


def prepare(name: str, settings: Mnist, raw: Path) -> Prepared:
    """Return the splits: the first and the last of the training images, and the first test images.

    Raises InputError if a file in `raw` is damaged, or `settings` ask for more images than there are.
    """
    parts = []
    for images, labels in (MNIST_FILES[:2], MNIST_FILES[2:]):
        parts.append({images: read_labelled(raw / images, raw / labels, IMAGE_SHAPE, CLASSES)})
    return cut(name, settings, *parts)


def _places(source: str, file: str) -> list[str]:
    """Return the URLs that `file` may have at a mirror, or the folder to look for it."""
    return [f"{source.rstrip('/')}/{file}{ending}" for ending in ENDINGS] if is_url(source) else [source]


def _take(path: Path, place: str, target: Path, expected: str) -> None:
    """Write the content of a file, or of the one in a folder that has the checksum, to `target`."""
    if is_url(place):
        _unpack(path, place, target, expected)
    elif path.is_dir():
        _take_from_folder(path, target, expected)
    else:
        raise InputError(f"{place}: is {kind_of(path, place) or 'a file'}; allowed: the folder of the four files")


def _take_from_folder(folder: Path, target: Path, expected: str) -> None:
    """Write the content of the file in `folder`, or a folder below, that has the checksum `expected` to `target`.

    Its name is that of `target`, or with a dot as some unpack it: train-images.idx3-ubyte.
    """
    below = files_below(folder)
    names = {name + ending for name in (target.name, target.name.replace("-idx", ".idx")) for ending in ENDINGS}
    wrong = []
    for file in below:
        if file.name in names:
            try:
                return _unpack(file, str(file), target, expected)
            except InputError as error:
                wrong.append(str(error))
    rows = find_rows(below, "train" if target.name.startswith("train") else "test")
    if rows:
        try:
            return _write_rows(rows, str(folder), target, expected)
        except InputError as error:
            wrong.append(str(error))
    raise InputError("; ".join(wrong) or f"{folder}: has no {target.name}, gz or not; {holding(folder)}")


def _unpack(file: Path, place: str, target: Path, expected: str) -> None:
    """Write the content of `file` to `target`; raises InputError if neither has the checksum `expected`.

    Publishers state the checksum of the .gz; that of the content also holds for a mirror that packed it again.
    """
    if kind := kind_of(file, place):
        raise InputError(f"{place}: is {kind}; {ALLOWED}")
    content = save(unpacked(file, place, LIMIT), target, "sha256")
    check_sha256({sha256(file, place): "the file", content: "its content"}, expected, place)


def _write_rows(files: list[Path], place: str, target: Path, expected: str) -> None:
    """Write the images or labels of Parquet files to `target` as an idx file."""
    of_images = "images" in target.name
    parts = [images if of_images else labels for images, labels in read_rows(files, place, "L")]
    if not parts or (of_images and any(part.shape[1:] != IMAGE_SHAPE for part in parts)):
        raise InputError(f"{place}: its Parquet files have no images of 28×28 pixels")
    array = np.concatenate(parts)
    content = save([header(array.shape), array.tobytes()], target, "sha256")
    check_sha256({content: f"{target.name}, made of its Parquet files,"}, expected, place)
