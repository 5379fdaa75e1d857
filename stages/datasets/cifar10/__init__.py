"""CIFAR-10 in its binary layout: six files of records, cut into 40,000, 10,000 and 10,000 images (Section 2.2)."""

import math
from collections.abc import Container, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from stages.datasets.dataset import Classes, Dataset, Expected, Pixels
from stages.datasets.formats.archives import regular_files, save, unpacked
from stages.datasets.formats.folders import SHOWN, files_below, holding
from stages.datasets.formats.kinds import TAR, kind_of
from stages.datasets.formats.parquet import find_rows, read_rows
from stages.datasets.formats.splits import check_labels, cut
from stages.handover.prepared import Prepared, Split
from stages.params import Cifar10
from stages.running.download import ONLY, bring, sha256
from stages.running.errors import InputError

FOLDER = "cifar-10-batches-bin"  # in the official archive
TRAINING = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = ("test_batch.bin",)
BATCHES = (*TRAINING, *TEST)
# SHA-1 of each file, as Apache MXNet publishes them: python/mxnet/gluon/data/vision/datasets.py
CONTENTS = {
    "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
    "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
    "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
    "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
    "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
    "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
}
SIZE = 30_730_000  # bytes of each file: 10,000 records
LIMIT = 2**29  # bytes that the archive may unpack to, nearly three times the official one's
PARQUET = ("train-00000-of-00001.parquet", "test-00000-of-00001.parquet")  # below a URL that ends in a slash
ALLOWED = "allowed: CIFAR-10's binary version, or its images as Parquet"
OTHERS = {  # files of other data sets and versions, and what has them
    "data_batch_1": "CIFAR-10's Python version",
    "data_batch_1.mat": "CIFAR-10's MATLAB version",
    "fine_label_names.txt": "CIFAR-100",
    "train.bin": "CIFAR-100",
    "train": "CIFAR-100's Python version",
    "train.mat": "CIFAR-100's MATLAB version",
    "cifar-10-python.tar.gz": "CIFAR-10's Python version",
    "cifar-10-matlab.tar.gz": "CIFAR-10's MATLAB version",
    "cifar-100-binary.tar.gz": "CIFAR-100",
}


def fetch(settings: Cifar10, folder: Path) -> None:
    """Write the six files of records into `folder`.

    Raises InputError if no place has the archive with the checksum that `settings` give, or the published files in
    whatever packing.
    """
    bring(
        "cifar10",
        settings.source,
        partial(_take, folder=folder, expected=settings.sha256),
        "set cifar10.source in params.yaml to another URL, file or folder that has it",
        PARQUET,
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


def _take(path: Path, place: str, folder: Path, expected: str) -> None:
    """Write the six files of an archive or a folder into `folder`; raises InputError if they are not the published."""
    if path.is_dir():
        _take_from_folder(path, place, folder, expected)
    elif (kind := kind_of(path, place)) not in ("", TAR):
        raise InputError(f"{place}: is {kind}; {ALLOWED}")
    else:
        digest = sha256(path, place)
        found = _unpack(path, place, folder)
        if digest != expected:
            _check(found, f"{place}: is not the official archive (SHA-256 {digest}), and its", folder)


def _unpack(archive: Path, place: str, folder: Path) -> dict[str, str]:
    """Write the six files of `archive` into `folder`, whatever its folders; return the SHA-1 of each."""
    found, seen = {}, []
    for path, pieces in regular_files(archive, place, LIMIT):
        name = PurePosixPath(path).name
        seen.append(name)
        if name in BATCHES and (name not in found or path == f"{FOLDER}/{name}"):
            found[name] = save(pieces, folder / name, "sha1")
    _check_names(found, seen, place, f"it holds {', '.join(map(repr, seen[:SHOWN])) or 'nothing'}")
    return found


def _take_from_folder(source: Path, place: str, folder: Path, expected: str) -> None:
    """Write the six files that lie in a folder, or that an archive or Parquet files in it have, into `folder`."""
    below = files_below(source)
    batches = {file.name: file for file in reversed(below) if file.name in BATCHES}
    archives = [file for file in below if file.name.lower().startswith("cifar-10-binary")]
    rows = [find_rows(below, split) for split in ("train", "test")]
    ways = [partial(_take_batches, batches, place, folder)] if len(batches) == len(BATCHES) else []
    ways += [partial(_take, archive, str(archive), folder, expected) for archive in archives]
    ways += [partial(_take_rows, *rows, place, folder)] if all(rows) else []
    wrong = []
    for take in ways:
        try:
            return take()
        except InputError as error:  # a good one may lie beside it
            wrong.append(str(error))
    if wrong:
        raise InputError("; ".join(wrong))
    _check_names(batches, [file.name for file in below], place, holding(source))


def _take_batches(batches: Mapping[str, Path], place: str, folder: Path) -> None:
    """Write the six files, packed or not, into `folder`."""
    found = {name: save(unpacked(file, str(file), LIMIT), folder / name, "sha1") for name, file in batches.items()}
    _check(found, f"{place}: its", folder)


def _take_rows(training: list[Path], test: list[Path], place: str, folder: Path) -> None:
    """Write the six files, made of Parquet files, into `folder`."""
    parts = [*np.array_split(_records(training, place), len(TRAINING)), _records(test, place)]
    found = {name: save([part.tobytes()], folder / name, "sha1") for name, part in zip(BATCHES, parts, strict=True)}
    _check(found, f"{place}: made of its Parquet files,", folder)


def _records(files: list[Path], place: str) -> np.ndarray:
    """Return the rows of Parquet files as records, uint8 (count, 3073)."""
    parts = []
    for images, labels in read_rows(files, place, "RGB"):
        if images.shape[1:] != DATASET.image_shape:
            raise InputError(f"{place}: its Parquet files have images of {images.shape[1:]}; {ALLOWED}")
        parts.append(np.column_stack([labels, images.transpose(0, 3, 1, 2).reshape(len(images), -1)]))
    return np.concatenate(parts) if parts else np.empty((0, 1 + math.prod(DATASET.image_shape)), np.uint8)


def _check_names(found: Container[str], seen: Sequence[str], place: str, holds: str) -> None:
    """Raise InputError where not all six files were `found`: it names what else `seen`, the names of files, shows."""
    missing = [name for name in BATCHES if name not in found]
    if not missing:
        return
    other = next((words for name, words in OTHERS.items() if name in seen), None)
    what = f"is {other}" if other else f"lacks {', '.join(missing)}; {holds}"
    raise InputError(f"{place}: {what}; {ALLOWED}")


def _check(found: Mapping[str, str], what: str, folder: Path) -> None:
    """Raise InputError where a file, by its SHA-1 in `found`, is not the published one."""
    for name, digest in found.items():
        if digest != CONTENTS[name]:
            size, kind = (folder / name).stat().st_size, kind_of(folder / name, name)
            has = f"is {kind}" if kind else f"has {size:,} bytes and the SHA-1 {digest}"
            raise InputError(f"{what} {name} {has}; expected {SIZE:,} bytes and {CONTENTS[name]}; {ONLY}")


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
