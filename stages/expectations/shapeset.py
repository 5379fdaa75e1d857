"""What Shapeset-3×2's images must be like: shares, greys, margin and overlap, stated here once more, not imported."""

import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
from great_expectations.expectations.row_conditions import Column
from scipy.stats import chi2

from stages.expectations.pixels import also_in, pixel_table
from stages.shapeset.kinds import CLASS_NAMES

IMAGE_SHAPE = (32, 32)
FACTS = (
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

FALSE_ALARM = 1e-6  # how often a correct generator may fail one statistical expectation
# Light and dark scenes are equally likely, so an image's mean has this expectation whatever its shapes cover …
MEAN_GREY = (sum(DARK) + sum(LIGHT)) / 4
# … and spreads no more than the background's own grey does, which the shapes only pull to the middle.
MEAN_GREY_SPREAD = float(np.std([*range(DARK[0], DARK[1] + 1), *range(LIGHT[0], LIGHT[1] + 1)]))
STANDARD_ERRORS = 5  # beyond ±5 lies less than FALSE_ALARM of a normal distribution


def table(images: np.ndarray, labels: np.ndarray, facts: pd.DataFrame) -> pd.DataFrame:
    """Join the generator's facts with what the images themselves show, one row per image.

    images: uint8 (count, 32, 32); labels: int64 (count,); facts: `split`, `index`, `label` and `FACTS`, in the same
    order. A row's `label` is the one beside its image; the one among the facts becomes `label_in_facts`.
    """
    background, first, second = (facts[name].to_numpy() for name in ("background", "grey_0", "grey_1"))
    edge = np.ones(IMAGE_SHAPE, dtype=bool)
    edge[1:-1, 1:-1] = False
    is_background = images == background[:, None, None]
    is_known = is_background | (images == first[:, None, None]) | (images == second[:, None, None])
    pairs = np.sort(facts[["kind_0", "kind_1"]].to_numpy(), axis=1).tolist()
    columns = facts.rename(columns={"label": "label_in_facts"}).assign(
        label=labels,
        **{"class": pd.Series(labels).map(dict(enumerate(CLASS_NAMES))).to_numpy()},
        label_of_kinds=[LABEL_OF_KINDS.get(tuple(pair), -1) for pair in pairs],
        scene=np.where(background < 128, *SCENES),
        grey_1=facts["grey_1"].where(facts["kind_1"] >= 0),
        drawn_border_pixels=np.count_nonzero(~is_background & edge, axis=(1, 2)),
        unknown_pixels=np.count_nonzero(~is_known, axis=(1, 2)),
    )
    columns = columns.join(pixel_table(images))
    return columns.assign(also_in=also_in(columns["split"], columns["content"]))


def expectations(counts: dict[str, int]) -> list[gxe.Expectation]:
    """List what `table` must fulfil; counts: how many images `params.yaml` asks for in each split.

    Class shares are held to their likelihood-ratio test: 2·N·divergence of N labels is χ² distributed with 8 degrees
    of freedom, and its p-value must exceed `FALSE_ALARM`. The mean grey must lie within `STANDARD_ERRORS` of its
    expectation.
    """
    expected = []
    for split, count in counts.items():
        of_split = Column("split") == split
        largest_divergence = float(chi2.isf(FALSE_ALARM, df=len(SHARES) - 1)) / (2 * count)
        margin = STANDARD_ERRORS * MEAN_GREY_SPREAD / count**0.5
        expected += [
            gxe.ExpectTableRowCountToEqual(
                value=count, row_condition=of_split, description=f"{split} has {count:,} images"
            ),
            gxe.ExpectColumnKLDivergenceToBeLessThan(
                column="class",
                partition_object={"values": list(CLASS_NAMES), "weights": list(SHARES)},
                threshold=largest_divergence,
                row_condition=of_split,
                description=f"{split}: shares of single shapes 1/6, mixed pairs 1/9, pairs of a kind 1/18, "
                f"to a divergence of {largest_divergence:.3g}",
            ),
            gxe.ExpectColumnMeanToBeBetween(
                column="pixel_mean",
                min_value=MEAN_GREY - margin,
                max_value=MEAN_GREY + margin,
                row_condition=of_split,
                description=f"{split}: the mean grey is {MEAN_GREY:g} ± {margin:.3g}",
            ),
        ]
    expected += [
        gxe.ExpectColumnValuesToBeInSet(
            column="label",
            value_set=list(range(len(CLASS_NAMES))),
            description=f"labels are 0 to {len(CLASS_NAMES) - 1}",
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="label", column_B="label_in_facts", description="the label beside an image is the one in its facts"
        ),
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
    return [
        *expected,
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["split", "content"], description="no image is twice in a split"
        ),
        gxe.ExpectColumnValuesToBeNull(column="also_in", description="no image is in two splits"),
    ]
