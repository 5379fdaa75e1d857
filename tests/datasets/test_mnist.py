"""The real MNIST, where it is, by the shipped checksums and settings."""

from dataclasses import replace

import numpy as np
import pytest

from stages.datasets.dataset import find_dataset
from stages.params import load_params
from tests.conftest import REPOSITORY, SHARED

REAL = SHARED / "datasets" / "mnist"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The real files, fetched by the shipped checksums, and the splits that the shipped settings ask for."""
    if not REAL.is_dir():
        pytest.skip("the real MNIST (../shared/datasets/mnist) is not here")
    settings = replace(load_params(REPOSITORY / "params.yaml").mnist, source=[str(REAL)])
    raw = tmp_path_factory.mktemp("raw")
    mnist = find_dataset("mnist")
    mnist.fetch(settings, raw)
    return raw, mnist.prepare(settings, raw)


def test_the_real_files_have_the_official_content(real):
    raw, _ = real
    assert {file.name: file.stat().st_size for file in raw.iterdir()} == {
        "train-images-idx3-ubyte": 47_040_016,
        "train-labels-idx1-ubyte": 60_008,
        "t10k-images-idx3-ubyte": 7_840_016,
        "t10k-labels-idx1-ubyte": 10_008,
    }


def test_the_real_images_are_those_of_the_literature(real):
    _, prepared = real
    splits = prepared.splits
    assert {name: split.images.shape for name, split in splits.items()} == {
        "train": (50_000, 28, 28),
        "validation": (10_000, 28, 28),
        "test": (10_000, 28, 28),
    }
    counts = np.bincount(np.concatenate([splits["train"].images, splits["validation"].images]).ravel())
    pixels = np.arange(256) / 255
    mean = np.average(pixels, weights=counts)
    assert mean == pytest.approx(0.1307, abs=5e-5)
    assert np.average((pixels - mean) ** 2, weights=counts) ** 0.5 == pytest.approx(0.3081, abs=5e-5)
    assert splits["train"].labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert splits["test"].labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(splits["test"].labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_no_real_image_is_there_twice(real):
    _, prepared = real
    images = np.concatenate([split.images for split in prepared.splits.values()])
    assert len({image.tobytes() for image in images}) == 70_000
