"""Poses against the author's five steps, and reaches against the farthest vertex."""

import math

import pytest
import torch

from stages.shapeset.kinds import KINDS
from stages.shapeset.poses import first_turns, place, reach, regular_polygon, turns, vertices
from tests.shapeset import numpy_scenes
from tests.shapeset.numpy_scenes import SIDES

CPU = torch.device("cpu")


def test_first_turns_stay_within_half_a_side():
    for sides in SIDES:
        steps = [step if step < 128 else step - 255 for step in first_turns(sides)]
        assert len(steps) == 255 // sides
        assert max(abs(step) for step in steps) * 2 * math.pi / 255 <= math.pi / sides
        assert {0, 1, -1} < set(steps)


@pytest.mark.parametrize("kind", range(3), ids=KINDS)
def test_polygons_are_regular_with_a_level_edge(kind):
    u, v = regular_polygon(kind, CPU)
    assert torch.allclose(u * u + v * v, torch.tensor(0.25))
    assert v[0].item() == pytest.approx(v.max().item())
    assert v[-1].item() == pytest.approx(v.max().item())
    assert len(u) == SIDES[kind]


@pytest.mark.parametrize("kind", range(3), ids=KINDS)
def test_reach_is_the_largest_dot_product_with_a_vertex(kind):
    directions = torch.randn(2, 5000, generator=torch.Generator().manual_seed(1))
    u, v = regular_polygon(kind, CPU)
    expected = (u[:, None] * directions[0] + v[:, None] * directions[1]).amax(0)
    found = reach(torch.full((5000,), kind), *directions)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", range(3), ids=KINDS)
def test_vertices_are_those_of_the_five_steps(kind):
    """`numpy_scenes.place` turns, stretches, turns back, turns and moves one after the other."""
    count = 300
    words = torch.randint(2**32, (5, count), generator=torch.Generator().manual_seed(kind))
    words[0, :2] = words[1, :2]  # equal stretches
    steps = [numpy_scenes.whole_numbers(word, 255 // SIDES[kind], 254)[0] for word in words[4].tolist()]
    first, last = torch.tensor(steps).T
    kinds = torch.full((count,), kind)
    x, y = vertices(kind, place(kinds, turns(kinds, first, last), tuple(words[:4])))
    for position in range(count):
        expected = numpy_scenes.place(SIDES[kind], words[4, position].item(), words[:4, position].tolist())["vertices"]
        found = torch.stack((x[:, position], y[:, position]), 1)
        torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=0, atol=2e-5)
        assert 1 <= found.min() <= found.max() <= 31
