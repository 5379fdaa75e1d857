"""Figure 5 fills each band where the surface has its height, and puts dots only on plateaus."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.figures import cost_surfaces, pictures, style
from tests.figures.drawing import marks

SIDE = cost_surfaces.SIDE
WEIGHTS = np.linspace(-2, 2, 41)


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
