"""The contact sheet shows images of each class beside the class name."""

import numpy

from stages.shapeset import CLASS_NAMES
from stages.shapeset.sheet import ENLARGED, GAP, IMAGES_PER_CLASS, NAME_WIDTH, contact_sheet


def test_images_stand_in_the_row_of_their_class():
    generator = numpy.random.default_rng(0)
    images = generator.integers(0, 255, (60, 32, 32), dtype=numpy.uint8)
    labels = generator.permutation(60) % 8  # and none of the last class
    sheet = numpy.asarray(contact_sheet(images, labels))
    for label in range(len(CLASS_NAMES)):
        top = GAP + label * (ENLARGED + GAP)
        row = sheet[top : top + ENLARGED]
        assert row[:, :NAME_WIDTH].min() < 128  # the name
        for position, image in enumerate(images[labels == label][:IMAGES_PER_CLASS]):
            left = NAME_WIDTH + position * (ENLARGED + GAP)
            assert numpy.array_equal(row[:, left : left + ENLARGED], image.repeat(2, 0).repeat(2, 1))
    assert (row[:, NAME_WIDTH:] == 255).all()
