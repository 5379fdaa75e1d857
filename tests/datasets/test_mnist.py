"""MNIST, brought in and cut: with small files made here, and with the real ones where they are."""

import gzip
import hashlib
from dataclasses import replace

import numpy as np
import pytest

from stages.datasets import mnist
from stages.params import MNIST_FILES, load_params
from tests.conftest import REPOSITORY, SHARED
from tests.datasets.http_server import sends, serving
from tests.datasets.raw_files import complaint, idx, mnist_arrays, mnist_settings, write_mnist

IMAGES = MNIST_FILES[0]
REAL = SHARED / "datasets" / "mnist"


def assert_fetched(raw):
    """The four files lie there as they are unpacked, and nothing else."""
    assert {file.name: file.read_bytes() for file in raw.iterdir()} == {
        name: idx(array) for name, array in mnist_arrays().items()
    }


@pytest.mark.parametrize("packed", [True, False])
def test_files_are_fetched_from_a_folder_gz_or_not(tmp_path, raw, packed):
    mnist.fetch(mnist_settings(write_mnist(tmp_path / "mirror", packed)), raw)
    assert_fetched(raw)


def test_names_say_nothing_of_the_content(tmp_path, raw):
    for file in write_mnist(tmp_path / "mirror", packed=True).iterdir():
        file.rename(file.with_suffix(""))
    mnist.fetch(mnist_settings(f"{tmp_path / 'mirror'}/"), raw)
    assert_fetched(raw)


@pytest.mark.parametrize("packed", [True, False])
def test_files_are_fetched_from_a_mirror(tmp_path, raw, packed):
    folder = write_mnist(tmp_path / "mirror", packed)
    routes = {f"/mnist/{file.name}": sends(file.read_bytes()) for file in folder.iterdir()}
    for slash in ("", "/"):
        with serving(routes) as server:
            mnist.fetch(mnist_settings(f"{server.url}/mnist{slash}"), raw)
        assert_fetched(raw)
        assert server.asked.count(f"/mnist/{IMAGES}.gz") == 1


def test_each_file_comes_from_the_first_place_that_has_it(tmp_path, raw):
    folder = write_mnist(tmp_path / "mirror")
    routes = {f"/{IMAGES}.gz": sends((folder / f"{IMAGES}.gz").read_bytes())}
    (folder / f"{IMAGES}.gz").write_bytes(gzip.compress(b"other content"))
    with serving(routes) as server:
        mnist.fetch(mnist_settings(folder, server.url), raw)
        assert server.asked == [f"/{IMAGES}.gz"]
    assert_fetched(raw)


def test_other_content_is_named_with_both_checksums_and_what_to_set(tmp_path, raw):
    other = {MNIST_FILES[2]: np.zeros((20, 28, 28), np.uint8)}
    folder = write_mnist(tmp_path / "mirror", **other)
    settings = mnist_settings(folder)
    found = hashlib.sha256(idx(other[MNIST_FILES[2]])).hexdigest()
    place = f"{folder}/{MNIST_FILES[2]}"
    assert complaint(mnist.fetch, settings, raw) == (
        f"mnist: {MNIST_FILES[2]} cannot be had: {place}.gz: its content has the SHA-256 {found}, "
        f"expected {settings.sha256[MNIST_FILES[2]]}; {place}: is not there; "
        "set mnist.source in params.yaml to another URL or folder that has it, "
        f"or mnist.sha256.{MNIST_FILES[2]} to the checksum of the content that you want"
    )
    mnist.fetch(replace(settings, sha256=settings.sha256 | {MNIST_FILES[2]: found}), raw)


def test_a_gz_that_is_cut_off_is_named(tmp_path, raw):
    file = write_mnist(tmp_path / "mirror") / f"{IMAGES}.gz"
    file.write_bytes(file.read_bytes()[:-99])
    assert f"{file}: is cut off or damaged" in complaint(mnist.fetch, mnist_settings(file.parent), raw)


def test_a_gz_that_unpacks_to_far_more_than_it_should_is_named(tmp_path, raw, monkeypatch):
    monkeypatch.setattr(mnist, "LIMIT", 10**6)
    file = write_mnist(tmp_path / "mirror") / f"{IMAGES}.gz"
    file.write_bytes(gzip.compress(bytes(10**7)))
    assert f"{file}: unpacks to more than 1,000,000 bytes" in complaint(mnist.fetch, mnist_settings(file.parent), raw)
    assert (raw / IMAGES).stat().st_size <= 10**6


def test_the_splits_are_cut_from_the_files(tmp_path):
    arrays = mnist_arrays()
    raw = write_mnist(tmp_path / "raw", packed=False)
    prepared = mnist.prepare(mnist_settings(train=45, validation=10, test=7), raw)
    whole = arrays[IMAGES]
    expected = {"train": whole[:45], "validation": whole[50:], "test": arrays[MNIST_FILES[2]][:7]}
    for name, split in prepared.splits.items():
        assert np.array_equal(split.images, expected[name])
    facts = prepared.facts.query("split == 'validation'")
    assert facts["position"].tolist() == list(range(50, 60))
    assert set(facts["file"]) == {IMAGES}
    assert facts["label"].tolist() == prepared.splits["validation"].labels.tolist() == [p % 10 for p in range(50, 60)]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        ({MNIST_FILES[1]: np.zeros(59, np.uint8)}, ["has 60 images", "has 59 labels"]),
        ({MNIST_FILES[3]: np.full(20, 10, np.uint8)}, ["t10k-labels", "position 0 is 10; allowed: 0 to 9"]),
        ({MNIST_FILES[0]: np.zeros((60, 28, 27), np.uint8)}, ["train-images", "28×27; allowed: 28×28"]),
        ({MNIST_FILES[2]: np.zeros(20, np.uint8)}, ["t10k-images", "magic number is 2049; allowed: 2051"]),
        ({MNIST_FILES[2]: np.zeros((19, 28, 28), np.uint8), MNIST_FILES[3]: np.zeros(19, np.uint8)}, ["mnist.test"]),
    ],
)
def test_files_that_are_wrong_are_named(tmp_path, array, words):
    raw = write_mnist(tmp_path / "raw", packed=False, **array)
    message = complaint(mnist.prepare, mnist_settings(), raw)
    assert [word for word in words if word not in message] == []


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The real files, fetched by the shipped checksums, and the splits that the shipped settings ask for."""
    if not REAL.is_dir():
        pytest.skip("the real MNIST (../shared/datasets/mnist) is not here")
    settings = replace(load_params(REPOSITORY / "params.yaml").mnist, source=[str(REAL)])
    raw = tmp_path_factory.mktemp("raw")
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
