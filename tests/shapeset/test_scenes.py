"""Scenes against an independent, slow implementation that reads the same random words."""

import numpy
import pytest
import torch

from stages.shapeset.facts import overlap
from stages.shapeset.poses import vertices
from stages.shapeset.scenes import ATTEMPTS, draw_scenes, labels
from tests.shapeset.numpy_scenes import scene

COUNT = 600


@pytest.mark.parametrize(("key", "start"), [((0, 0), 0), ((2**32 - 1, 2), 2**40 + 3)])
def test_scenes_match_the_step_by_step_implementation(key, start):
    scenes = draw_scenes(key, torch.arange(start, start + COUNT))
    hidden = overlap(scenes)
    rejections = 0
    for position in range(COUNT):
        expected = scene(*key, start + position)
        shapes = len(expected["kinds"])
        assert scenes.background[position] == expected["background"]
        assert scenes.kinds[:, position].tolist() == (expected["kinds"] + [-1])[:2]
        assert scenes.greys[:, position].tolist() == (expected["greys"] + [-1])[:2]
        assert scenes.rejections[position] == expected["rejections"]
        assert hidden[position].item() == pytest.approx(expected["overlap"], abs=2e-5)
        for order in range(shapes):
            points = torch.cat(vertices(expected["kinds"][order], scenes.poses[:, order, position, None]), 1)
            numpy.testing.assert_allclose(points, expected["vertices"][order], rtol=0, atol=2e-5)
        rejections += expected["rejections"]
    assert rejections > COUNT / 4  # later attempts were compared too


def test_a_second_shape_without_an_accepted_position_is_dropped(monkeypatch):
    monkeypatch.setattr("stages.shapeset.scenes.LARGEST_HIDDEN_SHARE", -1.0)
    scenes = draw_scenes((3, 0), torch.arange(1000))
    dropped = scenes.rejections > 0
    assert 400 < dropped.sum() < 600
    assert sum(ATTEMPTS) == 51
    assert (scenes.rejections[dropped] == 51).all()
    assert (scenes.kinds[1] == -1).all()
    assert (scenes.greys[1] == -1).all()
    assert (scenes.poses[:, 1] == 0).all()
    assert torch.equal(labels(scenes.kinds), scenes.kinds[0])


def test_the_class_does_not_depend_on_the_order_of_the_kinds():
    first, second = torch.meshgrid(torch.arange(3), torch.arange(-1, 3), indexing="ij")
    table = labels(torch.stack((first.flatten(), second.flatten()))).view(3, 4)
    assert table.tolist() == [[0, 3, 4, 5], [1, 4, 6, 7], [2, 5, 7, 8]]
