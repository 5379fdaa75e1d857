"""The idx format, written here by its description; and every way in which a file of it can be wrong."""

import gzip

import numpy as np
import pytest

from stages.datasets.formats import idx
from stages.datasets.formats.idx import read_idx, read_labelled
from stages.running.errors import InputError
from tests.datasets import raw_files

# two images of 2×3 pixels and their labels, byte by byte as the format's description has it
IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255])
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 9, 0])


@pytest.fixture
def files(tmp_path):
    """The files of the images and of the labels."""
    (tmp_path / "images").write_bytes(IMAGES)
    (tmp_path / "labels").write_bytes(LABELS)
    return tmp_path / "images", tmp_path / "labels"


def complaint(file, read, *arguments):
    """The one line that is said, with the name of the file first."""
    with pytest.raises(InputError) as caught:
        read(*arguments)
    message = str(caught.value)
    assert message.startswith(str(file))
    assert "\n" not in message
    return message.removeprefix(str(file))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_bytes_become_images_and_labels(files, pack):
    for file in files:
        file.write_bytes(pack(file.read_bytes()))
    split = read_labelled(*files, (2, 3), classes=10)
    assert split.images.tolist() == [[[1, 2, 3], [4, 5, 6]], [[250, 251, 252], [253, 254, 255]]]
    assert split.labels.tolist() == [9, 0]
    assert (split.images.dtype, split.labels.dtype) == (np.uint8, np.int64)


@pytest.mark.parametrize("shape", [(3,), (2, 4), (300, 2, 5)])
def test_any_number_of_dimensions(tmp_path, shape):
    array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    (tmp_path / "file").write_bytes(raw_files.idx(array))
    assert np.array_equal(read_idx(tmp_path / "file", len(shape)), array)


def test_a_wrong_magic_number_is_named(files):
    message = complaint(files[0], read_idx, files[0], 1)
    assert message == ": its magic number is 2051; allowed: 2049, of unsigned bytes in 1 dimensions"
    message = complaint(files[1], read_labelled, files[1], files[0], (2, 3), 10)
    assert message == ": its magic number is 2049; allowed: 2051, of unsigned bytes in 3 dimensions"
    files[0].write_bytes(IMAGES.replace(b"\x08", b"\x0d", 1))  # of floating-point numbers
    assert "its magic number is 3331; allowed: 2051" in complaint(files[0], read_idx, files[0], 3)


@pytest.mark.parametrize("length", [0, 3, 4, 15])
def test_a_file_that_ends_in_its_header_is_named(files, length):
    files[0].write_bytes(IMAGES[:length])
    assert f": has {length} bytes; allowed: a header of 16 bytes" in complaint(files[0], read_idx, files[0], 3)


@pytest.mark.parametrize("content", [IMAGES[:-1], IMAGES + b"1", IMAGES[:16]])
def test_more_or_fewer_bytes_than_announced_are_named(files, content):
    files[0].write_bytes(content)
    message = complaint(files[0], read_idx, files[0], 3)
    assert message == f": has {len(content) - 16} bytes after its header; allowed: the 12 of 2×2×3 in its header"


def test_an_announcement_beyond_all_bounds_is_named(files):
    files[0].write_bytes(IMAGES[:4] + b"\xff" * 12)
    assert "allowed: the 79228162458924105385300197375 of" in complaint(files[0], read_idx, files[0], 3)


def test_a_gz_that_is_cut_off_is_named(files):
    files[0].write_bytes(gzip.compress(IMAGES)[:-9])
    assert "is cut off or damaged" in complaint(files[0], read_idx, files[0], 3)


def test_a_file_that_is_missing_is_named(tmp_path):
    assert "No such file" in complaint(tmp_path / "none", read_idx, tmp_path / "none", 3)


def test_a_gz_that_unpacks_to_more_than_the_limit_is_named(files):
    piece = gzip.compress(bytes(2**24), 1)
    files[0].write_bytes(piece * (idx.LIMIT // 2**24 + 1))
    assert "unpacks to more than 268,435,456 bytes" in complaint(files[0], read_idx, files[0], 3)


def test_counts_that_differ_are_named(files):
    files[1].write_bytes(raw_files.idx(np.array([9, 0, 1], np.uint8)))
    message = complaint(files[0], read_labelled, *files, (2, 3), 10)
    assert message == f" has 2 images, but {files[1]} has 3 labels; allowed: as many"


def test_images_of_another_shape_are_named(files):
    message = complaint(files[0], read_labelled, *files, (28, 28), 10)
    assert message == ": its images are 2×3; allowed: 28×28"


def test_a_label_of_no_class_is_named_with_its_position(files):
    message = complaint(files[1], read_labelled, *files, (2, 3), 9)
    assert message == ": the label at position 0 is 9; allowed: 0 to 8"
    files[1].write_bytes(LABELS[:-1] + b"\xff")
    assert ": the label at position 1 is 255; allowed: 0 to 9" in complaint(files[1], read_labelled, *files, (2, 3), 10)
