"""What an image's pixels alone tell: extremes, greys, mean and deviation, and where the same image is once more."""

import hashlib

import numpy as np
import pandas as pd

SUMMED_AT_ONCE = 4096  # images, to bound the memory that their pixels as float64 take


def pixel_table(images: np.ndarray) -> pd.DataFrame:
    """Summarize each image.

    images: uint8 (count, height, width) or (count, height, width, 3). Returns one row per image: `pixel_minimum`,
    `pixel_maximum` and `content` (the same text for the same pixels only).
    """
    pixels = np.ascontiguousarray(images).reshape(len(images), -1)
    return pd.DataFrame(
        {
            "pixel_minimum": pixels.min(axis=1).astype(np.int64),
            "pixel_maximum": pixels.max(axis=1).astype(np.int64),
            "content": [hashlib.blake2b(image, digest_size=16).hexdigest() for image in pixels],
        }
    )


def count_greys(images: np.ndarray) -> np.ndarray:
    """Count how many different values occur in each image; images: uint8 (count, height, width)."""
    ascending = np.sort(images.reshape(len(images), -1), axis=1)
    return 1 + np.count_nonzero(np.diff(ascending, axis=1), axis=1)


def mean_and_deviation(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the standard deviation of each image's pixels in each colour, of 255 greys.

    images: uint8 (count, height, width) or (count, height, width, 3). Both results: float64 (count, colours), where
    grey counts as one colour.
    """
    colours = images.shape[3] if images.ndim == 4 else 1
    pixels = images.reshape(len(images), -1, colours)
    means, deviations = np.empty((len(images), colours)), np.empty((len(images), colours))
    for first in range(0, len(images), SUMMED_AT_ONCE):
        some = slice(first, first + SUMMED_AT_ONCE)
        for colour in range(colours):
            of_colour = pixels[some, :, colour].astype(np.float64)
            means[some, colour], deviations[some, colour] = of_colour.mean(axis=1), of_colour.std(axis=1)
    return means, deviations


def same_images(split: pd.Series, index: pd.Series, content: pd.Series) -> pd.DataFrame:
    """Name for each image the first other one with the same content, such as `train 17`; missing where there is none.

    Returns the columns `same_in_split` and `same_in_another_split`.
    """
    images = pd.DataFrame({"split": split, "content": content, "name": split + " " + index.astype(str)})
    images = images[content.duplicated(keep=False)]
    twins = pd.DataFrame({"same_in_split": None, "same_in_another_split": None}, index=split.index, dtype=object)
    for own in images["split"].unique():
        inside, outside = images[images["split"] == own], images[images["split"] != own]
        first = inside.drop_duplicates("content")
        further = inside.drop(first.index)
        for column, rows, others in (
            ("same_in_split", first, further),
            ("same_in_split", further, first),
            ("same_in_another_split", inside, outside),
        ):
            named = others.drop_duplicates("content").set_index("content")["name"]
            twins.loc[rows.index, column] = rows["content"].map(named)
    return twins
