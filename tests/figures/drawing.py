"""The marks that a chart really draws: positions and colours from Vega's scene graph."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import vl_convert

from stages.figures import style


@dataclass
class Mark:
    """One line or area, or one set of points. xs, ys, y2s: pixels."""

    kind: str
    colour: str
    xs: np.ndarray
    ys: np.ndarray
    y2s: np.ndarray


def marks(chart: alt.TopLevelMixin) -> dict[str, list[Mark]]:
    """The visible marks of every panel except texts, by panel title ('' without panels)."""
    scene = vl_convert.vegalite_to_scenegraph(style.specification(chart, "a chart", ""))["scenegraph"]
    side_by_side = [with_role(scene, f"concat_{number}_group") for number in range(3)]
    groups = with_role(scene, "cell") or [group for one in side_by_side for group in one]
    cells = [panel for group in groups for panel in group["items"]]
    return {
        title(panel): [mark(group) for group in with_role(panel, "mark") if group["marktype"] != "text"]
        for panel in cells or [scene]
    }


def texts(chart: alt.TopLevelMixin) -> list[str | list[str]]:
    """All texts in a chart; a text with several lines is a list."""
    scene = vl_convert.vegalite_to_scenegraph(style.specification(chart, "a chart", ""))["scenegraph"]

    def below(item: dict) -> list:
        return [text for one in item.get("items", []) for text in [one.get("text"), *below(one)] if text]

    return below(scene)


def with_role(item: dict, role: str) -> list[dict]:
    """The non-empty groups below `item` with this role or name, without those that wait for the pointer."""
    found = []
    for below in item.get("items", []):
        if role not in (below.get("role"), below.get("name")):
            found += with_role(below, role)
        elif below["items"] and not below.get("name", "").startswith(style.POINTER):
            found.append(below)
    return found


def title(panel: dict) -> str:
    """The title over a panel."""
    return "".join(text["text"] for group in with_role(panel, "title-text") for text in group["items"])


def mark(group: dict) -> Mark:
    """The mark of one group of the scene graph."""
    items = group["items"]
    xs, ys, y2s = (np.array([item.get(key, np.nan) for item in items], dtype=float) for key in ("x", "y", "y2"))
    return Mark(group["marktype"], items[0].get("stroke") or items[0].get("fill"), xs, ys, y2s)


def assert_drawn_to_scale(pixels: np.ndarray, values: np.ndarray) -> None:
    """Check that pixels are a + b·value for some a and b ≠ 0, so that the drawn marks are these values."""
    pixels, values = np.asarray(pixels, dtype=float), np.asarray(values, dtype=float)
    assert pixels.shape == values.shape
    assert np.ptp(pixels) > 20
    slope, offset = np.polyfit(values, pixels, 1)
    np.testing.assert_allclose(slope * values + offset, pixels, atol=0.02)
