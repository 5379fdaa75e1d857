"""Check Shapeset-3×2's images: shares, greys, margin and overlap, stated here independently of the generator."""

import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
from great_expectations.expectations.row_conditions import Column

from stages.datasets.shapeset import CLASS_NAMES
from stages.expectations import common
from stages.expectations.pixels import count_greys

FACTS = dict.fromkeys(
    (
        "background",
        "grey_0",
        "grey_1",
        "kind_0",
        "kind_1",
        "x_min",
        "x_max",
        "y_min",
        "y_max",
        "overlap",
        "rejections",
    ),
    float,
)

SHARES = (1 / 6, 1 / 6, 1 / 6, 1 / 18, 1 / 9, 1 / 9, 1 / 18, 1 / 9, 1 / 18)  # by label
LABEL_OF_KINDS = {
    **{(-1, kind): kind for kind in range(3)},
    (0, 0): 3,
    (0, 1): 4,
    (0, 2): 5,
    (1, 1): 6,
    (1, 2): 7,
    (2, 2): 8,
}
DARK = (0, 114)  # ⌊0.45·255⌋
LIGHT = (140, 255)  # from ⌊0.55·255⌋
SCENES = {"light on dark": (DARK, LIGHT), "dark on light": (LIGHT, DARK)}  # background's range, shapes' range
MARGIN = (1, 31)  # a shape keeps one pixel from the border of 32
LARGEST_OVERLAP = 0.5
MOST_REJECTIONS = 51

# Light and dark scenes are equally likely, so an image's mean has this expectation whatever its shapes cover …
MEAN_GREY = (sum(DARK) + sum(LIGHT)) / 4
# … and spreads no more than the background's own grey does, which the shapes only pull to the middle.
MEAN_GREY_SPREAD = float(np.std([*range(DARK[0], DARK[1] + 1), *range(LIGHT[0], LIGHT[1] + 1)]))
STANDARD_ERRORS = 5  # beyond ±5 lies less than common.FALSE_ALARM of a normal distribution


def table(images: np.ndarray, columns: pd.DataFrame) -> pd.DataFrame:
    """Add what the images show of the scenes to `columns`, those of `common.table` with `FACTS`, one row per image.

    images: uint8 (count, 32, 32).
    """
    background, first, second = (columns[name].to_numpy() for name in ("background", "grey_0", "grey_1"))
    edge = np.ones(images.shape[1:], dtype=bool)
    edge[1:-1, 1:-1] = False
    is_background = images == background[:, None, None]
    is_known = is_background | (images == first[:, None, None]) | (images == second[:, None, None])
    pairs = np.sort(columns[["kind_0", "kind_1"]].to_numpy(), axis=1).tolist()
    return columns.assign(
        label_of_kinds=[LABEL_OF_KINDS.get(tuple(pair), -1) for pair in pairs],
        scene=np.where(background < 128, *SCENES),
        grey_1=columns["grey_1"].where(columns["kind_1"] >= 0),
        drawn_border_pixels=np.count_nonzero(~is_background & edge, axis=(1, 2)),
        unknown_pixels=np.count_nonzero(~is_known, axis=(1, 2)),
        pixel_mean=images.mean(axis=(1, 2)),
        greys=count_greys(images),
    )


def expectations(counts: dict[str, int]) -> list[gxe.Expectation]:
    """List what `table` must meet; counts: how many images `params.yaml` asks for in each split.

    Class shares are held to their likelihood-ratio test. The mean grey must lie within `STANDARD_ERRORS` of its
    expectation.
    """
    shares = dict(zip(CLASS_NAMES, SHARES, strict=True))
    expected = []
    for split, count in counts.items():
        margin = STANDARD_ERRORS * MEAN_GREY_SPREAD / count**0.5
        expected += [
            common.row_count(split, count),
            common.class_shares_by_chance(
                split, count, shares, "shares of single shapes 1/6, mixed pairs 1/9, pairs of a kind 1/18"
            ),
            gxe.ExpectColumnMeanToBeBetween(
                column="pixel_mean",
                min_value=MEAN_GREY - margin,
                max_value=MEAN_GREY + margin,
                row_condition=Column("split") == split,
                description=f"{split}: the mean grey is {MEAN_GREY:g} ± {margin:.3g}",
            ),
        ]
    expected += [
        *common.labels(len(CLASS_NAMES)),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="label", column_B="label_of_kinds", description="the label is that of the kinds drawn"
        ),
    ]
    for scene, (background, shapes) in SCENES.items():
        for column, what, (low, high) in (
            ("background", "the background", background),
            ("grey_0", "the first shape", shapes),
            ("grey_1", "the second shape", shapes),
        ):
            expected.append(
                gxe.ExpectColumnValuesToBeBetween(
                    column=column,
                    min_value=low,
                    max_value=high,
                    row_condition=Column("scene") == scene,
                    description=f"{scene}: {what} has a grey of {low} to {high}",
                )
            )
    for column, what, (low, high) in (
        ("pixel_minimum", "an image's darkest pixel has a grey of", DARK),
        ("pixel_maximum", "an image's lightest pixel has a grey of", LIGHT),
        ("greys", "greys in an image:", (2, 3)),
        ("unknown_pixels", "pixels that are neither background nor shape:", (0, 0)),
        ("drawn_border_pixels", "pixels drawn on the one-pixel border:", (0, 0)),
        ("x_min", "the smallest x of a vertex is", MARGIN),
        ("x_max", "the largest x of a vertex is", MARGIN),
        ("y_min", "the smallest y of a vertex is", MARGIN),
        ("y_max", "the largest y of a vertex is", MARGIN),
        ("overlap", "the hidden share of the first shape is", (0, LARGEST_OVERLAP)),
        ("rejections", "places rejected for the second shape:", (0, MOST_REJECTIONS)),
    ):
        allowed = f"{low}" if low == high else f"{low} to {high}"
        expected.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=low, max_value=high, description=f"{what} {allowed}"
            )
        )
    return [*expected, *common.no_image_twice()]
