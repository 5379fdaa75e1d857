"""What the images of a finite data set must be like, given what is known of its classes and pixels."""

from dataclasses import dataclass

import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
from great_expectations.expectations.row_conditions import Column

from stages.expectations import common
from stages.expectations.pixels import mean_and_deviation

# An image is nearly constant where the standard deviation of its pixels, in each of its colours, is below this many of
# the 255 greys. The flattest real image has 8.3 in CIFAR-10 (as JPEG) and 31.8 in MNIST; noise alone makes 1 or 2.
LEAST_CONTRAST = 4
COLOURS = {1: ("grey",), 3: ("red", "green", "blue")}


@dataclass(frozen=True)
class Pixels:
    """What is known of a data set's pixels, where black is 0 and white is 1."""

    means: tuple[float, ...]
    """of each colour"""
    deviations: tuple[float, ...]
    """standard deviations of each colour"""
    spread: float
    """standard deviation of a single image's mean, or of what it adds to the deviation where that is larger"""
    standard_errors: float = 5
    """how many a part may be off by chance; were images independent, beyond 5 would lie less than `FALSE_ALARM`"""
    allowance: float = 0
    """how far any part may be off besides, however many images it has"""

    def tolerance(self, count: int) -> float:
        """Return how far the mean and the standard deviation of `count` images may lie from those known."""
        return self.allowance + self.standard_errors * self.spread / count**0.5


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


def expectations(counts: dict[str, int], classes: int, known: Pixels) -> list[gxe.Expectation]:
    """List what `table` must fulfil beyond the shares of the classes.

    counts: how many images `params.yaml` asks for in each split. The tolerance of mean and standard deviation is that
    of `known`, and decreases with the count.
    """
    colours = COLOURS[len(known.means)]
    expected = [common.row_count(split, count) for split, count in counts.items()]
    for split, count in counts.items():
        for colour, mean, deviation in zip(colours, known.means, known.deviations, strict=True):
            of_what = "pixels" if colour == "grey" else colour
            tolerance = known.tolerance(count)
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
    return [
        *expected,
        *common.labels(classes),
        gxe.ExpectColumnMinToBeBetween(
            column="pixel_minimum", min_value=0, max_value=0, description="the darkest pixel of all is 0"
        ),
        gxe.ExpectColumnMaxToBeBetween(
            column="pixel_maximum", min_value=255, max_value=255, description="the lightest pixel of all is 255"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="contrast",
            min_value=LEAST_CONTRAST,
            description=f"no image is nearly constant (deviates by under {LEAST_CONTRAST} greys)",
        ),
        *common.no_image_twice(),
    ]
