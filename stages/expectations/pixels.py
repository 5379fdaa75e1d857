"""What an image's pixels alone tell: their extremes, mean and number of greys, and a fingerprint to find it again."""

import hashlib

import numpy as np
import pandas as pd


def pixel_table(images: np.ndarray) -> pd.DataFrame:
    """Summarize each image.

    images: uint8 (count, height, width). Returns one row per image: `pixel_minimum`, `pixel_maximum`, `pixel_mean`,
    `greys` (how many different values occur) and `content` (the same text for the same pixels only).
    """
    pixels = np.ascontiguousarray(images).reshape(len(images), -1)
    ascending = np.sort(pixels, axis=1)
    return pd.DataFrame(
        {
            "pixel_minimum": ascending[:, 0].astype(np.int64),
            "pixel_maximum": ascending[:, -1].astype(np.int64),
            "pixel_mean": pixels.mean(axis=1),
            "greys": 1 + np.count_nonzero(np.diff(ascending, axis=1), axis=1),
            "content": [hashlib.blake2b(image, digest_size=8).hexdigest() for image in pixels],
        }
    )


def also_in(split: pd.Series, content: pd.Series) -> pd.Series:
    """Name, for each image, the first other split that holds the same content; missing where none does."""
    kept = pd.DataFrame({"split": split, "content": content}).drop_duplicates()
    shared = kept[kept["content"].duplicated(keep=False)].groupby("content")["split"].agg(list).to_dict()
    others = [
        next((name for name in shared.get(fingerprint, ()) if name != own), None)
        for own, fingerprint in zip(split.tolist(), content.tolist(), strict=True)
    ]
    return pd.Series(others, index=split.index, dtype=object)
