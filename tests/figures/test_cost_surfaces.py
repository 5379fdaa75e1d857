"""Figure 5 fills each band where the surface has its height, and puts dots only on plateaus."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import vl_convert
from PIL import Image, ImageColor

from stages.figures import cost_surfaces, pictures, style
from tests.figures.drawing import marks

SIDE = cost_surfaces.SIDE
WEIGHTS = np.linspace(-2, 2, 41)
XS, YS = np.linspace(-2, 2, 81), np.linspace(-1.5, 1.5, 61)
X, Y = np.meshgrid(XS, YS, indexing="ij")


def height(cost: str, weight_1: np.ndarray, weight_2: np.ndarray) -> np.ndarray:
    """A ramp for cross-entropy, steeper along weight_1; a step for the quadratic cost."""
    return 3 * weight_1 + weight_2 if cost == "cross_entropy" else np.tanh(2 * weight_2)


@pytest.fixture(scope="module")
def surfaces() -> pd.DataFrame:
    weight_1, weight_2 = (one.ravel() for one in np.meshgrid(WEIGHTS, WEIGHTS, indexing="ij"))
    parts = []
    for cost in ("cross_entropy", "quadratic"):
        value = height(cost, weight_1, weight_2)
        plateau = (cost == "quadratic") & (weight_2 > 1)
        parts.append(
            pd.DataFrame({"weight_1": weight_1, "weight_2": weight_2, "value": value, "plateau": plateau, "cost": cost})
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def panels(surfaces):
    return marks(cost_surfaces.draw(surfaces))


def weights_of(mark) -> tuple[np.ndarray, np.ndarray]:
    """The pixels of a mark as weights: up is the second weight, from −2 to 2."""
    return mark.xs / SIDE * 4 - 2, 2 - mark.ys / SIDE * 4


def test_each_heading_has_the_share_of_plateaus(panels):
    share = 100 * (WEIGHTS > 1).mean()
    assert list(panels) == ["cross-entropy, 0.0 % plateau", f"quadratic cost, {share:.1f} % plateau"]


def test_outlines_lie_at_the_height_of_their_bands_edge(panels):
    for cost, drawn in zip(("cross_entropy", "quadratic"), panels.values(), strict=True):
        bands = [mark for mark in drawn if mark.kind == "line"]
        assert len({mark.colour for mark in bands}) == len(bands) == cost_surfaces.BANDS
        levels = np.linspace(*(height(cost, *np.array([end, end])) for end in ([-2, -2], [2, 2])), 11)
        for mark, level in zip(bands[1:], levels[1:-1, 0], strict=True):
            weight_1, weight_2 = weights_of(mark)
            inside = np.maximum(abs(weight_1), abs(weight_2)) < 1.999
            at_edge = height(cost, weight_1, weight_2)[~inside]
            np.testing.assert_allclose(height(cost, weight_1, weight_2)[inside], level, atol=0.02)
            assert (at_edge > level - 0.02).all()


def test_dots_lie_on_plateaus_only(panels):
    cross_entropy, quadratic = ([mark for mark in drawn if mark.kind == "symbol"] for drawn in panels.values())
    assert cross_entropy == []
    (dots,) = quadratic
    assert len(dots.xs) == 20
    assert (weights_of(dots)[1] > 1).all()


def test_the_figure_is_small_at_the_papers_grid():
    weights = np.linspace(-5, 5, 81)
    weight_1, weight_2 = (one.ravel() for one in np.meshgrid(weights, weights, indexing="ij"))
    wavy = np.sin(weight_1) * weight_2 + weight_2**2 / 5
    part = pd.DataFrame({"weight_1": weight_1, "weight_2": weight_2, "value": wavy, "plateau": wavy > 3})
    both = pd.concat([part.assign(cost="cross_entropy"), part.assign(cost="quadratic")], ignore_index=True)
    specification = style.specification(cost_surfaces.draw(both), "Figure 5", "")
    assert len(json.dumps(specification)) < 150_000
    assert len(pictures.svg(specification)) < 200_000


def bands(values: np.ndarray) -> dict[int, list[np.ndarray]]:
    """The closed lines that fill each band of a surface over XS and YS: points (count, 2) each."""
    found = {}
    for filled in cost_surfaces.bands(pd.concat({"value": pd.DataFrame(values, XS, YS)}, axis=1)):
        points = np.array([filled["weight_1"], filled["weight_2"]], dtype=float).T  # a break is NaN
        found[filled["band"]] = np.split(points, np.flatnonzero(np.isnan(points[:, 0])))
    return {band: [line[~np.isnan(line[:, 0])] for line in lines] for band, lines in found.items()}


def area(line: np.ndarray) -> float:
    """The area inside a closed line, negative where it goes around it clockwise."""
    x, y = line.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_a_cone_has_circles():
    of_cone = bands(-np.hypot(X, Y))
    assert list(of_cone) == list(range(10))
    for band, radius in ((6, 1.0), (8, 0.5)):  # a band is as high as a quarter
        (line,) = of_cone[band]
        assert area(line) == pytest.approx(np.pi * radius**2, rel=0.01)
        np.testing.assert_allclose(np.hypot(*line.T), radius, atol=0.002)


def test_a_hole_lies_in_the_rectangle_that_is_higher_around_it():
    around, hole = bands(np.hypot(X, Y))[4]
    assert (np.isin(abs(around[:, 0]), 2) | np.isin(abs(around[:, 1]), 1.5)).all()
    assert area(around) == pytest.approx(12)
    assert area(hole) == pytest.approx(-np.pi, rel=0.01)


def test_what_is_filled_last_is_the_band_of_the_surface():
    """A surface with hills, dales, passes and slopes that run off its edge: each point's lines count around it."""
    values = np.sin(2 * X) * np.cos(3 * Y) + 0.3 * X + 0.05 * Y
    painted = np.full(X.shape, -1)
    for band, lines in bands(values).items():
        winding = np.zeros(X.shape, int)
        for line in lines:
            for (x1, y1), (x2, y2) in zip(line, np.roll(line, -1, 0), strict=True):
                if y1 != y2:
                    crosses = ((y1 > Y) != (y2 > Y)) & ((x2 - x1) * (Y - y1) / (y2 - y1) + x1 > X)
                    winding += crosses * int(np.sign(y2 - y1))
        painted[winding != 0] = band
    levels = np.linspace(values.min(), values.max(), 11)[1:-1]
    clear = abs(values[..., None] - levels).min(-1) > 0.003  # further from any level than four digits may move it
    clear[[0, -1]] = clear[:, [0, -1]] = False  # a ray along the edge itself crosses nothing
    assert clear.mean() > 0.9
    expected = np.searchsorted(levels, values)[clear]
    assert len(np.unique(expected)) == 10
    np.testing.assert_array_equal(painted[clear], expected)


def test_a_flat_surface_is_one_rectangle():
    for (line,) in bands(np.ones_like(X)).values():
        assert area(line) == pytest.approx(12)


def test_as_much_of_the_picture_has_a_bands_colour_as_of_the_surface_is_in_it():
    """Both surfaces have holes in their bands."""
    fine = np.linspace(-2, 2, 401)
    parts, expected = [], np.zeros(cost_surfaces.BANDS)
    for cost in ("cross_entropy", "quadratic"):
        sign = 1 if cost == "quadratic" else -1
        weight_1, weight_2 = (one.ravel() for one in np.meshgrid(WEIGHTS, WEIGHTS, indexing="ij"))
        value = sign * np.hypot(weight_1, weight_2) * np.cos(2 * weight_1)
        parts.append(pd.DataFrame({"weight_1": weight_1, "weight_2": weight_2, "value": value, "cost": cost}))
        finer = sign * np.hypot(fine[:, None], fine) * np.cos(2 * fine[:, None])
        expected += np.histogram(finer, np.linspace(value.min(), value.max(), 11))[0] / finer.size
    chart = cost_surfaces.draw(pd.concat(parts, ignore_index=True).assign(plateau=False))
    drawn = pictures.svg(style.specification(chart, "Figure 5", ""))
    pixels = np.asarray(Image.open(io.BytesIO(vl_convert.svg_to_png(drawn))).convert("RGB"), int)
    colours = [mark.colour for mark in next(iter(marks(chart).values())) if mark.kind == "line"]
    far = np.array([abs(pixels - ImageColor.getrgb(colour)).sum(-1) for colour in colours])
    shares = [((far.argmin(0) == band) & (far.min(0) < 25)).sum() / SIDE**2 for band in range(len(colours))]
    np.testing.assert_allclose(shares, expected, atol=0.02)
