"""The contact sheet shows the first images of each class, grey or in colour, beside the class name."""

import io

import numpy
import pytest

from stages.expectations.sheet import GAP, IMAGES_PER_CLASS, contact_sheet

NAMES = ("wheelbarrow", "cat", "spoon", "none of these")


@pytest.mark.parametrize(
    ("shape", "enlarged"),
    [((32, 32), 2), ((28, 28), 2), ((37, 37), 2), ((32, 32, 3), 2), ((8, 16), 4), ((100, 80, 3), 1)],
)
def test_images_stand_in_the_row_of_their_class(shape, enlarged):
    generator = numpy.random.default_rng(0)
    images = generator.integers(0, 255, (60, *shape), dtype=numpy.uint8)
    labels = generator.permutation(60) % 3  # and none of the last class
    sheet = numpy.asarray(contact_sheet(images, labels, NAMES))
    height, width = shape[0] * enlarged, shape[1] * enlarged
    left = sheet.shape[1] - IMAGES_PER_CLASS * (width + GAP)
    assert sheet.shape[2:] == shape[2:]
    assert sheet.shape[0] == GAP + len(NAMES) * (height + GAP)
    for label in range(len(NAMES)):
        top = GAP + label * (height + GAP)
        row = sheet[top : top + height]
        assert row[:, :left].min() < 128  # the name
        assert (row[:, :GAP] == 255).all()  # which is not cut off
        for place, image in enumerate(images[labels == label][:IMAGES_PER_CLASS]):
            begin = left + place * (width + GAP)
            assert numpy.array_equal(row[:, begin : begin + width], image.repeat(enlarged, 0).repeat(enlarged, 1))
    assert (row[:, left:] == 255).all()


def test_a_label_of_no_class_is_left_out():
    images = numpy.zeros((3, 32, 32), numpy.uint8)
    sheet = numpy.asarray(contact_sheet(images, numpy.array([0, 7, -1]), ("a", "b")))
    assert numpy.count_nonzero((sheet == 0).all(axis=1)) == 0
    assert (sheet == 0).sum() < 2 * 64 * 64


def test_the_same_images_give_the_same_bytes():
    images = numpy.random.default_rng(0).integers(0, 255, (60, 32, 32, 3), dtype=numpy.uint8)
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        contact_sheet(images, numpy.arange(60) % 4, NAMES).save(file, "png")
    assert files[0].getvalue() == files[1].getvalue()
