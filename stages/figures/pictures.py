"""Charts as still pictures, SVG and PNG, drawn by vl-convert without a browser."""

import copy
import io
import os
from pathlib import Path

import vl_convert
from PIL import Image

from stages.figures.style import POINTER

os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("fonts.conf"))  # read when the first picture is drawn

OVERVIEW_WIDTH = 430  # pixels of a panel in the overview


def svg(specification: dict) -> str:
    """The chart under its title as an SVG document."""
    return vl_convert.vegalite_to_svg(still(specification))


def overview_png(specifications: list[dict]) -> bytes:
    """Charts side by side, two a row, as one PNG at twice the resolution."""
    stills = [still(one) for one in specifications]
    for one in stills:
        panel(one)["width"] = OVERVIEW_WIDTH
    together = {
        "concat": [{key: one[key] for key in one if key not in ("config", "datasets", "$schema")} for one in stills],
        "columns": 2,
        "spacing": 36,
        "resolve": {"scale": {"color": "independent"}},
        "datasets": {name: rows for one in stills for name, rows in one["datasets"].items()},
        "config": stills[0]["config"],
    }
    picture = Image.open(io.BytesIO(vl_convert.vegalite_to_png(together, scale=2))).convert("RGB")
    smaller = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(smaller, "PNG", optimize=True)  # a fifth of the bytes
    return smaller.getvalue()


def still(specification: dict) -> dict:
    """The specification with its description drawn as a title, and without what only answers to a pointer."""
    drawn = copy.deepcopy(specification)
    drawn["title"] = drawn["description"]
    drawn.pop("params", None)
    layers = panel(drawn).get("layer", [])
    layers[:] = [layer for layer in layers if not layer.get("name", "").startswith(POINTER)]
    for layer in layers:
        layer.pop("name", None)
        layer["encoding"].pop("opacity", None)  # it fades what a click has not isolated
    return drawn


def panel(specification: dict) -> dict:
    """The part of a specification that is drawn in each panel: itself where it has no panels."""
    return specification.get("spec", specification)
