"""Check the images of a finite data set for what its `Dataset` states."""

import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
from great_expectations.expectations.row_conditions import Column

from stages.datasets.dataset import Below, Classes, Dataset, Pixels
from stages.expectations import common
from stages.expectations.pixels import mean_and_deviation

COLOURS = {1: ("grey",), 3: ("red", "green", "blue")}


def table(images: np.ndarray, columns: pd.DataFrame) -> pd.DataFrame:
    """Add the moments of the pixels to `columns`, those of `common.table`, one row per image.

    images: uint8 (count, height, width) or (count, height, width, 3). For each colour there are `mean_<colour>` of the
    image and `deviation_<colour>` of all pixels of its split; `contrast` is the largest standard deviation of a colour.
    """
    means, deviations = mean_and_deviation(images)
    columns = columns.assign(contrast=deviations.max(axis=1))
    for colour, mean, deviation in zip(COLOURS[means.shape[1]], means.T / 255, deviations.T / 255, strict=True):
        moments = pd.DataFrame({"mean": mean, "square": mean**2 + deviation**2})
        of_split = moments.groupby(columns["split"]).mean()
        columns[f"mean_{colour}"] = mean
        columns[f"deviation_{colour}"] = columns["split"].map(np.sqrt(of_split["square"] - of_split["mean"] ** 2))
    return columns


def expectations(known: Dataset, counts: dict[str, int]) -> list[gxe.Expectation]:
    """List what `table` must meet; counts: how many images `params.yaml` asks for in each split."""
    expected = known.expected
    return [
        *(common.row_count(split, count) for split, count in counts.items()),
        *(one for split, count in counts.items() for one in _moments(split, count, expected.pixels)),
        *common.labels(len(known.class_names)),
        gxe.ExpectColumnMinToBeBetween(
            column="pixel_minimum", min_value=0, max_value=0, description="the darkest pixel of all is 0"
        ),
        gxe.ExpectColumnMaxToBeBetween(
            column="pixel_maximum", min_value=255, max_value=255, description="the lightest pixel of all is 255"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="contrast",
            min_value=expected.pixels.least_contrast,
            description=f"no image is nearly constant (deviates by under {expected.pixels.least_contrast:g} greys)",
        ),
        *common.no_image_twice(),
        *(_class_shares(split, count, known.class_names, expected.classes) for split, count in counts.items()),
        *map(_below, expected.below),
    ]


def _moments(split: str, count: int, known: Pixels) -> list[gxe.Expectation]:
    """Expect the known mean and standard deviation of each colour, within the tolerance of so many images."""
    tolerance, expected = known.tolerance(count), []
    for colour, mean, deviation in zip(COLOURS[len(known.means)], known.means, known.deviations, strict=True):
        of_what = "pixels" if colour == "grey" else colour
        expected += [
            gxe.ExpectColumnMeanToBeBetween(
                column=f"mean_{colour}",
                min_value=mean - tolerance,
                max_value=mean + tolerance,
                row_condition=Column("split") == split,
                description=f"{split}: mean of the {of_what} {mean:.4f} ± {tolerance:.4f}",
            ),
            gxe.ExpectColumnMaxToBeBetween(  # it is the same in all rows of the split
                column=f"deviation_{colour}",
                min_value=deviation - tolerance,
                max_value=deviation + tolerance,
                row_condition=Column("split") == split,
                description=f"{split}: standard deviation of the {of_what} {deviation:.4f} ± {tolerance:.4f}",
            ),
        ]
    return expected


def _class_shares(split: str, count: int, class_names: tuple[str, ...], known: Classes) -> gxe.Expectation:
    """Expect the published shares of the classes: exactly in a whole file, and by a likelihood-ratio test in a part.

    A part is drawn from its file without replacement, so its shares come closer than the test requires.
    """
    published = known.test if split == "test" else known.training
    shares = {name: number / sum(published) for name, number in zip(class_names, published, strict=True)}
    if known.exact or count == sum(published):
        return common.class_shares(split, shares, f"exactly {known.words}")
    return common.class_shares_by_chance(split, count, shares, known.words)


def _below(known: Below) -> gxe.Expectation:
    """Expect the largest value of a fact to lie below its limit."""
    return gxe.ExpectColumnMaxToBeBetween(
        column=known.fact, max_value=known.limit, strict_max=True, description=known.words
    )
