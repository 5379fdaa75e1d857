"""Check what holds for every data set: its sizes, labels and class shares, and that no image occurs twice."""

import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
from great_expectations.expectations.row_conditions import Column
from scipy.stats import chi2

from stages.expectations.pixels import pixel_table, same_images

FALSE_ALARM = 1e-6  # the chance that correct data fail one statistical expectation


def table(images: np.ndarray, labels: np.ndarray, facts: pd.DataFrame, class_names: tuple[str, ...]) -> pd.DataFrame:
    """Join what the prepare stage knows of the images with what they show, one row per image.

    images: uint8 (count, height, width) or (count, height, width, 3); labels: int64 (count,); facts: `split`, `index`,
    `label` and more, in the same order. A row's `label` is the one beside its image; the one among the facts becomes
    `label_in_facts`. Added are `class`, the name of the label, and the columns of `pixel_table` and `same_images`.
    """
    columns = facts.rename(columns={"label": "label_in_facts"}).assign(
        label=labels, **{"class": pd.Series(labels).map(dict(enumerate(class_names))).to_numpy()}
    )
    columns = columns.join(pixel_table(images))
    return columns.join(same_images(columns["split"], columns["index"], columns["content"]))


def row_count(split: str, count: int) -> gxe.Expectation:
    """Expect as many images as `params.yaml` asks for."""
    return gxe.ExpectTableRowCountToEqual(
        value=count, row_condition=Column("split") == split, description=f"{split} has {count:,} images"
    )


def class_shares(split: str, shares: dict[str, float], words: str, largest_divergence: float = 0) -> gxe.Expectation:
    """Expect the classes to have `shares`, by name, in the split: exactly, or to a Kullback-Leibler divergence."""
    return gxe.ExpectColumnKLDivergenceToBeLessThan(
        column="class",
        partition_object={"values": list(shares), "weights": list(shares.values())},
        threshold=largest_divergence,
        row_condition=Column("split") == split,
        description=f"{split}: {words}",
    )


def class_shares_by_chance(split: str, count: int, shares: dict[str, float], words: str) -> gxe.Expectation:
    """Expect the classes to have `shares` as nearly as `count` independent draws come to them.

    This is the likelihood-ratio test: 2·count·divergence is χ² distributed with one degree of freedom less than there
    are classes, and its p-value must exceed `FALSE_ALARM`.
    """
    largest = float(chi2.isf(FALSE_ALARM, df=len(shares) - 1)) / (2 * count)
    return class_shares(split, shares, f"{words}, to a divergence of {largest:.3g}", largest)


def labels(classes: int) -> list[gxe.Expectation]:
    """Expect the labels 0 to classes − 1, and beside each image the one that its facts give."""
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="label", value_set=list(range(classes)), description=f"labels are 0 to {classes - 1}"
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="label", column_B="label_in_facts", description="the label beside an image is the one in its facts"
        ),
    ]


def no_image_twice() -> list[gxe.Expectation]:
    """Expect all images to differ, in a split and between splits."""
    return [
        gxe.ExpectColumnValuesToBeNull(column="same_in_split", description="no image is twice in a split"),
        gxe.ExpectColumnValuesToBeNull(column="same_in_another_split", description="no image is in two splits"),
    ]
