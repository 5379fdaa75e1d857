"""Figure 1: examples of every class."""

import base64
import io

import altair as alt
import numpy as np
import pandas as pd
from PIL import Image

from stages.figures import style

SIZE = 32  # largest size of an image in pixels, that of Shapeset


def draw(examples: pd.DataFrame) -> alt.Chart:
    """One row of images per class.

    examples: one row per image with class_name (in the order of the labels), example (1, 2, …) and image, uint8
    (height, width) or (height, width, 3).
    """
    table = examples[["class_name", "example"]].assign(picture=[picture(image) for image in examples["image"]])
    return (
        alt.Chart(table)
        .mark_image(width=alt.ExprRef(f"min(bandwidth('x'), {SIZE})"), height=SIZE, smooth=False)
        .encode(
            x=alt.X("example:O", axis=None, scale=alt.Scale(paddingInner=0.06, paddingOuter=0)),
            y=alt.Y(
                "class_name:N",
                sort=list(dict.fromkeys(table["class_name"])),
                title=None,
                axis=alt.Axis(
                    domain=False, ticks=False, labelExpr="split(replace(datum.label, ' and ', ' and|'), '|')"
                ),
            ),
            url="picture:N",
            tooltip=alt.Tooltip("class_name:N", title="class"),
        )
        .properties(width=style.WIDTH, height=alt.Step(SIZE + 4))
    )


def picture(image: np.ndarray) -> str:
    """The image, uint8 (height, width) or (height, width, 3), as a PNG data URI."""
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(encoded.getvalue()).decode()
