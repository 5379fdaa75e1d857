"""Painting the author's scenes gives the author's images, to the last pixel."""

from pathlib import Path

import numpy
import torch

from stages.shapeset.paint import PAINTED_AT_ONCE, paint, shape_spans
from stages.shapeset.raster import masks
from stages.shapeset.scenes import draw_scenes
from tests.shapeset.recorded_scenes import images_of, read_author_scenes, read_own_fixture

OWN_FIXTURE = Path(__file__).parents[1] / "fixtures" / "shapeset.npz"


def test_own_fixture_pixel_for_pixel():
    """The fixture holds the first 200 of the author's recorded scenes, with float32 vertices, and their images."""
    scenes, images = read_own_fixture(OWN_FIXTURE)
    assert images.shape == (200, 32, 32)
    assert int((images_of(scenes) != images).sum()) == 0


def test_the_author_s_2000_scenes_pixel_for_pixel(author_shapeset):
    scenes = read_author_scenes(author_shapeset)
    with numpy.load(author_shapeset / "author_images.npz") as arrays:
        images = arrays["images"][: len(scenes.background)]
    assert len(images) == 2000
    assert int((images_of(scenes) != images).sum()) == 0


def test_the_second_shape_covers_the_first():
    count = PAINTED_AT_ONCE + 300
    scenes = draw_scenes((11, 0), torch.arange(count))
    images = torch.empty(count, 32, 32, dtype=torch.uint8)
    paint(scenes, images)
    inside = masks(torch.device("cpu"))[shape_spans(scenes).long()].view(torch.uint8).view(2, count, 32, 32) > 0
    inside[1, scenes.kinds[1] < 0] = False
    background, first, second = (grey.view(-1, 1, 1) for grey in (scenes.background, *scenes.greys))
    expected = torch.where(inside[1], second, torch.where(inside[0], first, background))
    assert torch.equal(images.long(), expected)
    assert (inside[0] & inside[1]).any()
