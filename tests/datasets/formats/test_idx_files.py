"""The four files of MNIST's layout, fetched and cut: small ones made here, under the name of MNIST."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.datasets.formats import idx_files
from stages.params import MNIST_FILES
from tests.datasets.http_server import sends, serving
from tests.datasets.raw_files import complaint, idx, mnist_arrays, mnist_settings, write_mnist

IMAGES = MNIST_FILES[0]
NAME = "mnist"


def assert_fetched(raw):
    """The four files lie there as they are unpacked, and nothing else."""
    assert {file.name: file.read_bytes() for file in raw.iterdir()} == {
        name: idx(array) for name, array in mnist_arrays().items()
    }


@pytest.mark.parametrize("packed", [True, False])
def test_files_are_fetched_from_a_folder_gz_or_not(tmp_path, raw, packed):
    idx_files.fetch(NAME, mnist_settings(write_mnist(tmp_path / "mirror", packed)), raw)
    assert_fetched(raw)


def test_names_say_nothing_of_the_content(tmp_path, raw):
    for file in write_mnist(tmp_path / "mirror", packed=True).iterdir():
        file.rename(file.with_suffix(""))
    idx_files.fetch(NAME, mnist_settings(f"{tmp_path / 'mirror'}/"), raw)
    assert_fetched(raw)


@pytest.mark.parametrize("packed", [True, False])
def test_files_are_fetched_from_a_mirror(tmp_path, raw, packed):
    folder = write_mnist(tmp_path / "mirror", packed)
    routes = {f"/mnist/{file.name}": sends(file.read_bytes()) for file in folder.iterdir()}
    for slash in ("", "/"):
        with serving(routes) as server:
            idx_files.fetch(NAME, mnist_settings(f"{server.url}/mnist{slash}"), raw)
        assert_fetched(raw)
        assert server.asked.count(f"/mnist/{IMAGES}.gz") == 1


def test_each_file_comes_from_the_first_place_that_has_it(tmp_path, raw):
    folder = write_mnist(tmp_path / "mirror")
    routes = {f"/{IMAGES}.gz": sends((folder / f"{IMAGES}.gz").read_bytes())}
    (folder / f"{IMAGES}.gz").write_bytes(gzip.compress(b"other content"))
    with serving(routes) as server:
        idx_files.fetch(NAME, mnist_settings(folder, server.url), raw)
        assert server.asked == [f"/{IMAGES}.gz"]
    assert_fetched(raw)


def test_other_content_is_named_with_both_checksums_and_what_to_set(tmp_path, raw):
    other = {MNIST_FILES[2]: np.zeros((20, 28, 28), np.uint8)}
    folder = write_mnist(tmp_path / "mirror", **other)
    settings = mnist_settings(folder)
    found = hashlib.sha256(idx(other[MNIST_FILES[2]])).hexdigest()
    place = f"{folder}/{MNIST_FILES[2]}"
    packed = hashlib.sha256(Path(f"{place}.gz").read_bytes()).hexdigest()
    assert complaint(idx_files.fetch, NAME, settings, raw) == (
        f"mnist: {MNIST_FILES[2]} could not be downloaded or read: {place}.gz: the file has the SHA-256 {packed} "
        f"and its content has the SHA-256 {found}; expected {settings.sha256[MNIST_FILES[2]]}; {place}: is not there; "
        "set mnist.source in params.yaml to another URL or folder that has it, "
        f"or mnist.sha256.{MNIST_FILES[2]} to the checksum of the file that you want, packed or not"
    )
    for digest in (packed, found):
        idx_files.fetch(NAME, replace(settings, sha256=settings.sha256 | {MNIST_FILES[2]: digest}), raw)


def test_a_checksum_of_the_packed_file_is_not_that_of_another_packing(tmp_path, raw):
    file = write_mnist(tmp_path / "mirror") / f"{IMAGES}.gz"
    settings = mnist_settings(file.parent)
    settings.sha256[IMAGES] = hashlib.sha256(file.read_bytes()).hexdigest()
    idx_files.fetch(NAME, settings, raw)
    assert_fetched(raw)
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), 1))
    assert f"expected {settings.sha256[IMAGES]}" in complaint(idx_files.fetch, NAME, settings, raw)


def test_an_unpacked_file_that_is_another_is_named_once(tmp_path, raw):
    folder = write_mnist(tmp_path / "mirror", packed=False)
    (folder / IMAGES).write_bytes(b"abc")
    found = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of the letters abc, in FIPS 180-2
    message = complaint(idx_files.fetch, NAME, mnist_settings(folder), raw)
    assert f"{folder}/{IMAGES}: its content has the SHA-256 {found}; expected" in message
    assert message.count(found) == 1


def test_a_gz_that_is_cut_off_is_named(tmp_path, raw):
    file = write_mnist(tmp_path / "mirror") / f"{IMAGES}.gz"
    file.write_bytes(file.read_bytes()[:-99])
    assert f"{file}: is cut off or damaged" in complaint(idx_files.fetch, NAME, mnist_settings(file.parent), raw)


def test_a_gz_that_unpacks_to_far_more_than_it_should_is_named(tmp_path, raw, monkeypatch):
    monkeypatch.setattr(idx_files, "LIMIT", 10**6)
    file = write_mnist(tmp_path / "mirror") / f"{IMAGES}.gz"
    file.write_bytes(gzip.compress(bytes(10**7)))
    message = complaint(idx_files.fetch, NAME, mnist_settings(file.parent), raw)
    assert f"{file}: unpacks to more than 1,000,000 bytes" in message
    assert (raw / IMAGES).stat().st_size <= 10**6


def test_the_splits_are_cut_from_the_files(tmp_path):
    arrays = mnist_arrays()
    raw = write_mnist(tmp_path / "raw", packed=False)
    prepared = idx_files.prepare(NAME, mnist_settings(train=45, validation=10, test=7), raw)
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
    message = complaint(idx_files.prepare, NAME, mnist_settings(), raw)
    assert [word for word in words if word not in message] == []
