"""Small files in the formats of MNIST and CIFAR-10, and what is in them."""

import gzip
import hashlib
import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet as pq

from stages.params import MNIST_FILES, Cifar10, Mnist
from stages.running.errors import InputError

RECORD = 3073
BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


def idx(array: np.ndarray) -> bytes:
    """The idx file of an array of unsigned bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def mnist_arrays(training: int = 60, test: int = 20) -> dict[str, np.ndarray]:
    """Random images, and labels that count through the classes, by file."""
    random = np.random.default_rng(1)
    arrays = {}
    for (images, labels), count in zip((MNIST_FILES[:2], MNIST_FILES[2:]), (training, test), strict=True):
        arrays[images] = random.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[labels] = np.arange(count, dtype=np.uint8) % 10
    return arrays


def write_mnist(folder: Path, packed: bool = True, **arrays: np.ndarray) -> Path:
    """Write the four files into `folder`, gz or not, some with other content."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (mnist_arrays() | arrays).items():
        content = idx(array)
        (folder / f"{name}{'.gz' * packed}").write_bytes(gzip.compress(content) if packed else content)
    return folder


def mnist_settings(*source: Path | str, train: int = 50, validation: int = 10, test: int = 20) -> Mnist:
    """The settings for the files that `write_mnist` makes, at these places."""
    digests = {name: hashlib.sha256(idx(array)).hexdigest() for name, array in mnist_arrays().items()}
    return Mnist(
        seed=0,
        input_range="signed",
        train=train,
        validation=validation,
        test=test,
        source=[str(place) for place in source] or ["nowhere"],
        sha256=digests,
    )


def cifar10_records(count: int = 4) -> dict[str, np.ndarray]:
    """So many random records a file, uint8 (count, 3073), whose labels count through the classes."""
    random = np.random.default_rng(2)
    records = {name: random.integers(0, 256, (count, RECORD), np.uint8) for name in BATCHES}
    for number, batch in enumerate(records.values()):
        batch[:, 0] = (np.arange(count) + number) % 10
    return records


def cifar10_archive(extra: list[tuple[tarfile.TarInfo, bytes]] = (), without: str = "", mode: str = "w:gz") -> bytes:
    """The archive of small batches in the official layout, with members of one's own before, or without a batch."""
    members = list(extra)
    folder = tarfile.TarInfo("cifar-10-batches-bin")
    folder.type = tarfile.DIRTYPE
    members.append((folder, b""))
    files = {"batches.meta.txt": b"airplane\n", **{name: batch.tobytes() for name, batch in cifar10_records().items()}}
    for name, content in files.items():
        if name != without:
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            members.append((info, content))
    return tar(members, mode)


def tar(members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> bytes:
    """An archive of these members."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode=mode) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return output.getvalue()


def cifar10_settings(
    archive: bytes, *source: Path | str, train: int = 15, validation: int = 5, test: int = 4
) -> Cifar10:
    """The settings for `archive`, at these places."""
    return Cifar10(
        seed=0,
        input_range="signed",
        train=train,
        validation=validation,
        test=test,
        source=[str(place) for place in source] or ["nowhere"],
        sha256=hashlib.sha256(archive).hexdigest(),
    )


def write_parquet(folder: Path, image: str, wrapped: bool, **splits: tuple[np.ndarray, np.ndarray]) -> Path:
    """Write images and labels as model hubs do: encoded as PNG, in a struct with their path or as bytes alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, (images, labels) in splits.items():
        encoded = []
        for pixels in images:
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            encoded.append({"bytes": file.getvalue(), "path": None} if wrapped else file.getvalue())
        table = pa.table({image: encoded, "label": pa.array(labels, pa.int64())})
        half = len(table) // 2 if split == "train" else len(table)  # in two files
        for number, part in enumerate(filter(len, (table[:half], table[half:]))):
            pq.write_table(part, folder / f"{split}-{number:05}-of-00002.parquet")
    return folder


def complaint(do, *arguments) -> str:
    """The one line that `do` ends with."""
    with pytest.raises(InputError) as caught:
        do(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)
