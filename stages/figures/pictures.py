"""Charts as still pictures, SVG and PNG, drawn by vl-convert without a browser."""

import copy
import io
import os
import re
from pathlib import Path

import vl_convert
from PIL import Image

from stages.figures.style import POINTER

os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("fonts.conf"))  # vl-convert reads it at the first picture

OVERVIEW_WIDTH = 430  # pixels of a panel in the overview
GAP = 40  # pixels between its charts
PNG_SCALE = 1.5
SCALE = 2  # PNG pixels per pixel of the overview


def svg(specification: dict) -> str:
    """The chart under its title as an SVG document."""
    return vl_convert.vegalite_to_svg(still(specification))


def png(drawn: str) -> bytes:
    """An SVG document as a PNG at one and a half times the resolution."""
    return smaller(Image.open(io.BytesIO(vl_convert.svg_to_png(drawn, scale=PNG_SCALE))).convert("RGB"))


def smaller(picture: Image.Image) -> bytes:
    """A picture as PNG with 256 colours, a fraction of the bytes."""
    encoded = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


def overview_png(specifications: list[dict]) -> bytes:
    """Charts in rows of two equally high ones, as one PNG at twice the resolution."""
    stills = [still(one) for one in specifications]
    for one in stills:
        panel(one)["width"] = OVERVIEW_WIDTH
    rows = [equally_high(stills[first : first + 2]) for first in range(0, len(stills), 2)]
    drawn = [[Image.open(io.BytesIO(vl_convert.vegalite_to_png(one, scale=SCALE))) for one in row] for row in rows]
    step = max(chart.width for row in drawn for chart in row) + SCALE * GAP
    heights = [max(chart.height for chart in row) + SCALE * GAP for row in drawn]
    together = Image.new("RGB", (step * max(map(len, drawn)) - SCALE * GAP, sum(heights) - SCALE * GAP), "white")
    for index, row in enumerate(drawn):
        for column, chart in enumerate(row):
            together.paste(chart.convert("RGB"), (column * step, sum(heights[:index])))
    return smaller(together)


def equally_high(stills: list[dict]) -> list[dict]:
    """The charts with their panels stretched to the height of the highest chart."""
    heights = [float(re.search(r'height="([\d.]+)"', vl_convert.vegalite_to_svg(one)).group(1)) for one in stills]
    stretched = copy.deepcopy(stills)
    for one, height in zip(stretched, heights, strict=True):
        panels = len(one["facet"]["sort"]) if "facet" in one else 1
        panel(one)["height"] += (max(heights) - height) / panels
    return stretched


def still(specification: dict) -> dict:
    """The specification with its title, and without interactive parts."""
    drawn = copy.deepcopy(specification)
    title, *subtitle = drawn["usermeta"]["title"].split("\n")
    drawn["title"] = {"text": title, "subtitle": subtitle}
    drawn["params"] = [one for one in drawn.get("params", []) if "select" not in one]
    layers = panel(drawn).get("layer", [])
    layers[:] = [layer for layer in layers if not layer.get("name", "").startswith(POINTER)]
    for layer in layers:
        layer.pop("name", None)
        layer["encoding"].pop("opacity", None)  # interactive: it fades what a click has not isolated
    return drawn


def panel(specification: dict) -> dict:
    """The specification of each panel; the specification itself if it has no panels."""
    return specification.get("spec", specification)
