"""The four files of MNIST's layout, fetched and cut: small ones made here, under the name of MNIST."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.datasets.formats import folders, idx_files
from stages.datasets.formats.idx import read_idx
from stages.params import MNIST_FILES, load_params
from tests.conftest import REPOSITORY, SHARED
from tests.datasets.http_server import sends, serving
from tests.datasets.raw_files import complaint, idx, mnist_arrays, mnist_settings, write_mnist, write_parquet

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


def test_other_content_is_named_with_both_checksums_and_no_advice_to_accept_it(tmp_path, raw):
    other = {MNIST_FILES[2]: np.zeros((20, 28, 28), np.uint8)}
    folder = write_mnist(tmp_path / "mirror", **other)
    settings = mnist_settings(folder)
    found = hashlib.sha256(idx(other[MNIST_FILES[2]])).hexdigest()
    place = f"{folder}/{MNIST_FILES[2]}"
    packed = hashlib.sha256(Path(f"{place}.gz").read_bytes()).hexdigest()
    assert complaint(idx_files.fetch, NAME, settings, raw) == (
        f"mnist: {MNIST_FILES[2]} could not be downloaded or read: {place}.gz: the file has the SHA-256 {packed} "
        f"and its content has the SHA-256 {found}; expected {settings.sha256[MNIST_FILES[2]]}; "
        "only the published content passes (docs/data-sets.md); set mnist.source in params.yaml to another URL or "
        "folder that has it"
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


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("layout", ["{name}", "MNIST/raw/{name}", "{name}/{name}", "a/b/{dotted}", "{dotted}/{dotted}"])
def test_files_are_found_under_the_names_that_people_have(tmp_path, raw, layout, packed):
    for file in write_mnist(tmp_path / "files", packed).iterdir():
        place = tmp_path / "mine" / layout.format(name=file.name, dotted=file.name.replace("-idx", ".idx"))
        place.parent.mkdir(parents=True, exist_ok=True)
        file.rename(place)
    (tmp_path / "mine" / ".hidden").mkdir()
    (tmp_path / "mine" / ".hidden" / IMAGES).write_bytes(b"not looked at")
    idx_files.fetch(NAME, mnist_settings(tmp_path / "mine"), raw)
    assert_fetched(raw)


def test_the_checksum_tells_apart_two_sets_below_one_folder(tmp_path, raw):
    """As torchvision leaves them."""
    write_mnist(tmp_path / "data/FashionMNIST/raw", **{IMAGES: np.zeros((60, 28, 28), np.uint8)})
    write_mnist(tmp_path / "data/MNIST/raw")
    idx_files.fetch(NAME, mnist_settings(tmp_path / "data"), raw)
    assert_fetched(raw)


def test_where_nothing_is_found_the_message_lists_what_the_folder_holds(tmp_path, raw):
    folder = tmp_path / "mine"
    (folder / "more").mkdir(parents=True)
    for number in range(9):
        (folder / f"{number}.png").write_bytes(b"")
    message = complaint(idx_files.fetch, NAME, mnist_settings(folder), raw)
    assert f"{folder}: has no {IMAGES}, gz or not; it holds 0.png, 1.png, 2.png, 3.png, 4.png, 5.png, 6.png, 7.png" in (
        message
    )
    assert "and 2 more; set mnist.source" in message
    assert "sha256" not in message.lower()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html><title>Sign in</title>", "is a web page, perhaps a login"),
        (b"\xef\xbb\xbf \n<html lang=en>", "is a web page, perhaps a login"),
        (gzip.compress(b"<html>"), "is a web page, perhaps a login"),
        (b'{"error": "Access denied"}', "is JSON, perhaps an error message"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        (gzip.compress(gzip.compress(b"idx")), "is a gz in a gz; unpack it once"),
        (b"PK\x03\x04", "is a zip archive; unpack it"),
        (b"", "is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_idx_file_is_called_what_it_is(tmp_path, raw, content, words):
    """No advice to take it by its checksum: a login page has one, too."""
    with serving({f"/{IMAGES}.gz": sends(content)}) as server:
        for source in (server.url, write_mnist(tmp_path / "mirror")):
            (tmp_path / "mirror" / f"{IMAGES}.gz").write_bytes(content)
            message = complaint(idx_files.fetch, NAME, mnist_settings(source), raw)
            assert f"{source}/{IMAGES}.gz: {words}" in message
            assert "sha256" not in message.lower()
            assert "checksum" not in message


def test_a_file_where_a_folder_is_needed_is_called_what_it_is(tmp_path, raw):
    (tmp_path / "archive.zip").write_bytes(b"PK\x03\x04")
    message = complaint(idx_files.fetch, NAME, mnist_settings(tmp_path / "archive.zip"), raw)
    assert f"{tmp_path}/archive.zip: is a zip archive; unpack it; allowed: the folder of the four files" in message


@pytest.mark.parametrize(("image", "wrapped"), [("image", True), ("img", False)])
def test_parquet_of_the_same_images_gives_the_same_files(tmp_path, raw, image, wrapped):
    arrays = list(mnist_arrays().values())
    write_parquet(tmp_path / "hub/mnist", image, wrapped, train=tuple(arrays[:2]), test=tuple(arrays[2:]))
    (tmp_path / "hub/train-labels-idx1-ubyte").write_bytes(b"broken, but it does not hide the others")
    idx_files.fetch(NAME, mnist_settings(tmp_path / "hub"), raw)
    assert_fetched(raw)


def test_a_folder_with_too_many_files_says_where_the_search_ended(tmp_path, raw, monkeypatch, capsys):
    monkeypatch.setattr(folders, "MOST", 2)
    (tmp_path / "hub/a").mkdir(parents=True)
    for number in range(3):
        (tmp_path / f"hub/a/{number}.txt").touch()
    complaint(idx_files.fetch, NAME, mnist_settings(tmp_path / "hub"), raw)
    assert f"note: {tmp_path}/hub has more than 2 files; only the first ones are looked at" in capsys.readouterr().err


def test_parquet_of_other_images_or_columns_is_named(tmp_path, raw):
    arrays = list(mnist_arrays().values())
    folder = write_parquet(tmp_path / "hub", "image", True, train=(arrays[0] // 2, arrays[1]), test=tuple(arrays[2:]))
    message = complaint(idx_files.fetch, NAME, mnist_settings(folder), raw)
    assert f"{folder}: {IMAGES}, made of its Parquet files, has the SHA-256 " in message
    write_parquet(folder, "picture", True, train=tuple(arrays[:2]))
    message = complaint(idx_files.fetch, NAME, mnist_settings(folder), raw)
    assert "has the columns picture, label; allowed: image or img, and label" in message
    (folder / "train-00000-of-00002.parquet").write_bytes(b"<html>")
    message = complaint(idx_files.fetch, NAME, mnist_settings(folder), raw)
    assert f"{folder}: train-00000-of-00002.parquet is a web page, perhaps a login" in message
    (folder / "train-00000-of-00002.parquet").write_bytes(b"PAR1")
    message = complaint(idx_files.fetch, NAME, mnist_settings(folder), raw)
    assert "train-00000-of-00002.parquet is damaged or of another layout" in message


def test_the_real_mnist_in_parquet_is_byte_for_byte_the_official(tmp_path, raw):
    real = SHARED / "datasets/mnist"
    if not real.is_dir():
        pytest.skip("the real MNIST (../shared/datasets/mnist) is not here")
    images, labels = MNIST_FILES[2:]
    arrays = (read_idx(real / f"{images}.gz", 3), read_idx(real / f"{labels}.gz", 1))
    folder = write_parquet(tmp_path / "hub", "image", True, test=arrays)
    digests = load_params(REPOSITORY / "params.yaml").mnist.sha256
    for name in (images, labels):
        idx_files._take(folder, str(folder), raw / name, digests[name])


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
