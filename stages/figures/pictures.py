"""Charts as still pictures, SVG and PNG, drawn by vl-convert without a browser."""

import io
import json
import os
from pathlib import Path

import vl_convert
from PIL import Image

from stages.figures.style import POINTER

os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("fonts.conf"))  # vl-convert reads it at the first picture

PNG_SCALE = 1.5


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


def still(specification: dict) -> dict:
    """The specification with its title, and without interactive parts and the names of models that are not shown."""
    shown = specification["usermeta"].get("shown")

    def named(part: dict) -> dict:
        if shown and "symbolType" in part:  # a legend
            part["values"] = [one for one in part["values"] if one in shown or not isinstance(one, str)]
        return part

    drawn = json.loads(json.dumps(specification), object_hook=named)
    title, *subtitle = drawn["usermeta"]["title"].split("\n")
    drawn["title"] = {"text": title, "subtitle": subtitle}
    drawn["params"] = [one for one in drawn.get("params", []) if "select" not in one]
    layers = panel(drawn).get("layer", [])
    layers[:] = [layer for layer in layers if not layer.get("name", "").startswith(POINTER)]
    for layer in layers:
        layer.pop("name", None)
        layer["encoding"].pop("opacity", None)  # interactive: it fades the layers that the reader has not chosen
    return drawn


def panel(specification: dict) -> dict:
    """The specification of each panel; the specification itself if it has no panels."""
    return specification.get("spec", specification)
