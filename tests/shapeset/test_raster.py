"""The fill rule against pygame, whose polygons follow the same rule."""

import numpy
import pytest
import torch

from stages.shapeset.raster import masks, spans


def filled(x, y):
    """Pixels (count, 32, 32), bool, of polygons with vertices x, y (vertices, count)."""
    rows = spans(torch.as_tensor(x), torch.as_tensor(y))
    return (masks(torch.device("cpu"))[rows.long()].view(torch.uint8).view(-1, 32, 32) > 0).numpy()


def drawn_by_pygame(x, y):
    """Pixels (32, 32), bool, of one polygon with whole-number vertices."""
    pygame = pytest.importorskip("pygame", reason="needs pygame, the second reference for the fill rule")
    surface = pygame.Surface((32, 32), depth=8)
    surface.set_palette([(0, 0, 0), (255, 255, 255)] * 128)
    pygame.draw.polygon(surface, (255, 255, 255), list(zip(x.tolist(), y.tolist(), strict=True)))
    return pygame.surfarray.array2d(surface).T > 0


@pytest.mark.parametrize("vertices", [3, 4, 5, 9, 20])
def test_random_convex_polygons_are_filled_as_pygame_fills_them(vertices):
    generator = numpy.random.default_rng(vertices)
    count = 400
    angles = numpy.sort(generator.uniform(0, 2 * numpy.pi, (vertices, count)), 0)
    turned = generator.uniform(0, 2 * numpy.pi, count)
    # from thin slivers, one or a few rows high, to the whole image
    wide, narrow = generator.uniform(2, 14.5, count), generator.uniform(0.05, 1, count) ** 2 * 14
    u, v = wide * numpy.cos(angles), narrow * numpy.sin(angles)
    x = 16 + u * numpy.cos(turned) - v * numpy.sin(turned)
    y = 16 + u * numpy.sin(turned) + v * numpy.cos(turned)
    x, y = x.astype(numpy.int64), y.astype(numpy.int64)
    pixels = filled(x, y)
    different = [int((drawn_by_pygame(x[:, i], y[:, i]) != pixels[i]).sum()) for i in range(count)]
    assert sum(different) == 0


def test_a_polygon_one_row_high_is_filled_from_end_to_end():
    pixels = filled(numpy.array([[9], [3], [20], [5]]), numpy.array([[7.9], [7.0], [7.5], [7.2]]))
    assert pixels[0].sum() == 18
    assert pixels[0, 7, 3:21].all()


def test_level_edges_count_between_the_first_and_last_row_only():
    """In rows 2 and 7 the leftmost vertex, at column 3, belongs only to level edges."""
    first_row = numpy.array([[5], [4], [3], [9], [9]]), numpy.array([[9], [2], [2], [2], [9]])
    between = numpy.array([[6], [6], [3], [5], [6], [9], [9]]), numpy.array([[9], [7], [7], [7], [2], [2], [9]])
    for (x, y), row, columns in ((first_row, 2, range(4, 10)), (between, 7, range(3, 10))):
        pixels = filled(x, y)[0]
        assert pixels[row].nonzero()[0].tolist() == list(columns)
        assert numpy.array_equal(pixels, drawn_by_pygame(x[:, 0], y[:, 0]))


def test_vertices_are_truncated_to_whole_pixels():
    sizes = numpy.array([[3.99], [11.99], [11.99], [3.99]]), numpy.array([[5.99], [5.99], [8.99], [8.99]])
    assert numpy.array_equal(filled(*sizes), filled(*(values.astype(int) for values in sizes)))


def test_corners_of_the_image_can_be_filled():
    assert filled(numpy.array([[0], [31], [31], [0]]), numpy.array([[0], [0], [31], [31]])).all()
