"""The facts of an image's pixels, against a plain loop over small images."""

import numpy as np
import pandas as pd

from stages.expectations.pixels import also_in, pixel_table


def test_pixel_table_agrees_with_a_loop():
    images = np.random.default_rng(0).integers(0, 6, (50, 3, 4), dtype=np.uint8) * 51
    table = pixel_table(images)
    for image, row in zip(images, table.itertuples(), strict=True):
        assert (row.pixel_minimum, row.pixel_maximum) == (image.min(), image.max())
        assert row.greys == len(set(image.flatten().tolist()))
        assert row.pixel_mean == image.mean()


def test_content_is_the_same_for_the_same_pixels_only():
    images = np.zeros((4, 2, 2), np.uint8)
    images[1, 0, 0] = 1
    images[2, 0, 1] = 1
    content = pixel_table(images)["content"]
    assert content[0] == content[3]
    assert content.nunique() == 3


def test_pixel_table_takes_views():
    images = np.random.default_rng(1).integers(0, 256, (4, 6, 5), dtype=np.uint8)
    turned = images.transpose(0, 2, 1)
    assert pixel_table(turned).equals(pixel_table(turned.copy()))


def test_also_in_names_another_split_and_ignores_the_own():
    split = pd.Series(["train", "train", "train", "test", "test", "validation"])
    content = pd.Series(["a", "a", "b", "b", "c", "d"])
    assert also_in(split, content).tolist() == [None, None, "test", "train", None, None]
