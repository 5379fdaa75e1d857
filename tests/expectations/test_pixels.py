"""The facts of an image's pixels, against a plain loop over small images."""

import numpy as np
import pandas as pd
import pytest

from stages.expectations.pixels import SUMMED_AT_ONCE, count_greys, mean_and_deviation, pixel_table, same_images


@pytest.mark.parametrize("shape", [(50, 3, 4), (50, 3, 4, 3)])
def test_pixel_table_agrees_with_a_loop(shape):
    images = np.random.default_rng(0).integers(0, 6, shape, dtype=np.uint8) * 51
    table = pixel_table(images)
    for image, row in zip(images, table.itertuples(), strict=True):
        assert (row.pixel_minimum, row.pixel_maximum) == (image.min(), image.max())


def test_greys_are_those_that_occur():
    images = np.random.default_rng(0).integers(0, 6, (50, 3, 4), dtype=np.uint8) * 51
    assert count_greys(images).tolist() == [len(set(image.flatten().tolist())) for image in images]


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
def test_moments_are_those_of_each_image_and_colour(shape):
    images = np.random.default_rng(0).integers(0, 256, (SUMMED_AT_ONCE + 7, *shape), dtype=np.uint8)
    means, deviations = mean_and_deviation(images)
    np.testing.assert_allclose(means.reshape(len(images), *shape[2:]), images.mean(axis=(1, 2)))
    np.testing.assert_allclose(deviations.reshape(len(images), *shape[2:]), images.std(axis=(1, 2)))


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


def test_the_same_image_is_named_in_the_split_and_in_another():
    split = pd.Series(["train", "train", "train", "train", "test", "test", "validation"])
    index = pd.Series([0, 1, 2, 3, 0, 1, 0])
    content = pd.Series(["a", "a", "b", "a", "b", "c", "b"])
    found = same_images(split, index, content)
    assert found["same_in_split"].fillna("").tolist() == ["train 1", "train 0", "", "train 0", "", "", ""]
    assert found["same_in_another_split"].fillna("").tolist() == ["", "", "test 0", "", "train 2", "", "train 2"]


def test_many_same_images_are_named_as_by_a_loop():
    random = np.random.default_rng(0)
    split = pd.Series(np.repeat(["train", "validation", "test"], (60, 20, 20)))
    index = pd.Series([*range(60), *range(20), *range(20)])
    content = pd.Series(random.integers(0, 50, 100).astype(str))
    found = same_images(split, index, content).fillna("")
    names = (split + " " + index.astype(str)).tolist()
    for row in range(100):
        same = [other for other in range(100) if content[other] == content[row] and other != row]
        inside = [names[other] for other in same if split[other] == split[row]]
        outside = [names[other] for other in same if split[other] != split[row]]
        assert found["same_in_split"][row] == next(iter(inside), "")
        assert found["same_in_another_split"][row] == next(iter(outside), "")
