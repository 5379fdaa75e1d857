"""Outlines have the area that the surface has above their level, and holes where it is below."""

import numpy as np
import pytest

from stages.figures.contours import area, outlines

XS = np.linspace(-2, 2, 81)
YS = np.linspace(-1.5, 1.5, 61)
X, Y = np.meshgrid(XS, YS, indexing="ij")


def filled(found: list) -> np.ndarray:
    """The level that is painted last over each point, by counting how often a ray crosses each outline."""
    painted = np.full(X.shape, -np.inf)
    for outline in found:
        inside = np.zeros(X.shape, dtype=bool)
        for (x1, y1), (x2, y2) in zip(outline.points, np.roll(outline.points, -1, 0), strict=True):
            if y1 != y2:
                crosses = (y1 > Y) != (y2 > Y)
                inside ^= crosses & ((x2 - x1) * (Y - y1) / (y2 - y1) + x1 > X)
        painted[inside] = outline.level if outline.rises else np.nextafter(outline.level, -np.inf)
    return painted


def test_a_cone_has_circles():
    found = outlines(XS, YS, -np.hypot(X, Y), np.array([-1.0, -0.5]))
    assert [outline.level for outline in found] == [-1.0, -0.5]
    for outline in found:
        assert outline.rises
        assert area(outline.points) == pytest.approx(np.pi * outline.level**2, rel=0.01)
        np.testing.assert_allclose(np.hypot(*outline.points.T), -outline.level, atol=0.002)


def test_a_hole_lies_in_the_rectangle_that_is_higher_around_it():
    around, hole = outlines(XS, YS, np.hypot(X, Y), np.array([1.0]))
    assert (around.rises, hole.rises) == (True, False)
    assert len(around.points) == 4
    assert area(around.points) == pytest.approx(12)
    assert area(hole.points) == pytest.approx(-np.pi, rel=0.01)


def test_what_is_filled_last_is_the_band_of_the_surface():
    """A surface with hills, dales, passes and slopes that run off its edge."""
    values = np.sin(2 * X) * np.cos(3 * Y) + 0.3 * X + 0.05 * Y
    levels = np.linspace(values.min(), values.max(), 9)[1:-1]
    painted = filled(outlines(XS, YS, values, levels))
    inner = np.s_[1:-1, 1:-1]  # a ray along the edge itself crosses nothing
    band, expected = np.searchsorted(levels, painted, side="right")[inner], np.searchsorted(levels, values)[inner]
    assert len(np.unique(expected)) == 8
    np.testing.assert_array_equal(band, expected)


def test_a_flat_surface_has_no_outline_within_it():
    assert outlines(XS, YS, np.ones_like(X), np.array([1.0, 2.0])) == []
    for level in (0.5, -7.0):
        (around,) = outlines(XS, YS, np.ones_like(X), np.array([level]))
        assert len(around.points) == 4
