"""The idx format of MNIST: a magic number and the dimensions, four bytes each, then the values."""

import math
import struct
from pathlib import Path

import numpy as np

from stages.datasets.formats.archives import unpacked
from stages.datasets.formats.splits import check_labels
from stages.handover.prepared import Split
from stages.running.errors import InputError

LIMIT = 2**28  # bytes that a file may unpack to, over five times the largest of MNIST
UNSIGNED_BYTES = 0x08  # the third byte of the magic number, the type; the fourth is the number of dimensions


def read_labelled(images: Path, labels: Path, image_shape: tuple[int, ...], classes: int) -> Split:
    """Return the images, uint8 (count, *image_shape), and labels, int64 (count,), of two idx files, gz or not.

    Raises InputError as `read_idx` does, and if the counts differ, the images have another shape, or a label is not
    below `classes`.
    """
    pixels, numbers = read_idx(images, 1 + len(image_shape)), read_idx(labels, 1)
    if pixels.shape[1:] != image_shape:
        raise InputError(f"{images}: its images are {_times(pixels.shape[1:])}; allowed: {_times(image_shape)}")
    if len(pixels) != len(numbers):
        raise InputError(f"{images} has {len(pixels)} images, but {labels} has {len(numbers)} labels; allowed: as many")
    check_labels(labels, numbers, classes)
    return Split(pixels, numbers.astype(np.int64))


def read_idx(file: Path, dimensions: int) -> np.ndarray:
    """Return the array of unsigned bytes in `file`, gz or not: uint8 with so many `dimensions`.

    Format: "The IDX file format" at the end of http://yann.lecun.com/exdb/mnist/. Raises InputError that names the file
    if it is cut off or damaged, of another type, or has more or fewer bytes than its header says.
    """
    content = b"".join(unpacked(file, str(file), LIMIT))
    magic = UNSIGNED_BYTES << 8 | dimensions
    if len(content) >= 4 and (found := int.from_bytes(content[:4])) != magic:
        raise InputError(
            f"{file}: its magic number is {found}; allowed: {magic}, of unsigned bytes in {dimensions} dimensions"
        )
    begin = 4 * (1 + dimensions)
    if len(content) < begin:
        raise InputError(f"{file}: has {len(content)} bytes; allowed: a header of {begin} bytes, then the values")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    if len(content) - begin != math.prod(shape):
        raise InputError(
            f"{file}: has {len(content) - begin} bytes after its header; allowed: the {math.prod(shape)} of "
            f"{_times(shape)} in its header"
        )
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)


def header(shape: tuple[int, ...]) -> bytes:
    """Return the header of an idx file of unsigned bytes of this shape."""
    return struct.pack(f">{1 + len(shape)}I", UNSIGNED_BYTES << 8 | len(shape), *shape)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
