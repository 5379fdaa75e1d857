"""CIFAR-10, brought in and cut: with small archives made here, and with real images where they are."""

import gzip
import hashlib
import io
import pickle
import subprocess
import sys
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from stages.datasets import cifar10
from stages.datasets.dataset import find_dataset
from tests.conftest import SHARED
from tests.datasets.http_server import sends, serving
from tests.datasets.raw_files import (
    BATCHES,
    RECORD,
    cifar10_archive,
    cifar10_records,
    cifar10_settings,
    complaint,
    tar,
    write_parquet,
)

REAL = SHARED / "datasets" / "cifar10-jpeg.tar.xz"
PACK = SHARED / "datasets" / "cifar10_official_layout.py"
PER_CLASS = 20


def fetched(raw, archive):
    """Bring in this archive from a local file."""
    file = raw.parent / "archive"
    file.write_bytes(archive)
    cifar10.fetch(cifar10_settings(archive, file), raw)


def write_batches(raw, records):
    for name, batch in records.items():
        (raw / name).write_bytes(batch.tobytes())


def link(name):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info, b""


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_only_the_records_are_taken_out_of_a_local_archive(raw, mode):
    fetched(raw, cifar10_archive([(tarfile.TarInfo("data_batch_1.bin"), b"")], mode=mode))
    assert {file.name: file.read_bytes() for file in raw.iterdir()} == {
        name: batch.tobytes() for name, batch in cifar10_records().items()
    }


def test_the_archive_is_fetched_from_the_first_mirror_that_has_it(raw):
    archive = cifar10_archive()
    with serving({"/cifar.tar.gz": sends(archive, Content_Encoding="x-gzip"), "/other": sends(b"other")}) as server:
        places = [f"{server.url}/none", f"{server.url}/other", f"{server.url}/cifar.tar.gz"]
        cifar10.fetch(cifar10_settings(archive, *places), raw)
    assert sorted(file.name for file in raw.iterdir()) == sorted(BATCHES)


SMALL = {name: batch.tobytes() for name, batch in cifar10_records().items()}
OF_ANY_ARCHIVE = cifar10_settings(b"an archive that is nowhere")


@pytest.fixture
def published(monkeypatch):
    """Small batches in place of the published ones."""
    digests = {name: hashlib.sha1(content).hexdigest() for name, content in SMALL.items()}
    monkeypatch.setattr(cifar10, "CONTENTS", digests)


def packed(names: dict[str, bytes], mode: str = "w:gz") -> bytes:
    """A tar of these files."""
    members = []
    for name, content in names.items():
        info = tarfile.TarInfo(name)
        info.size = len(content)
        members.append((info, content))
    return tar(members, mode)


def assert_fetched(raw):
    assert {file.name: file.read_bytes() for file in raw.iterdir()} == SMALL


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("folder", ["", "./", "cifar10/", "./data/cifar-10-batches-bin/", "Ordner mit Ä/"])
def test_any_packing_of_the_published_files_passes(raw, published, folder, mode):
    files = {f"{folder}._{name}": b"what macOS adds" for name in SMALL} | {"__MACOSX/._data_batch_1.bin": b"more"}
    files |= {f"{folder}{name}": content for name, content in reversed(SMALL.items())}
    file = raw.parent / "mine"
    file.write_bytes(packed(files | {"readme.html": b"<html>"}, mode))
    cifar10.fetch(replace(OF_ANY_ARCHIVE, source=[str(file)]), raw)
    assert_fetched(raw)


@pytest.mark.parametrize("folder", ["", "cifar-10-batches-bin", "data/cifar10/cifar-10-batches-bin"])
def test_a_folder_of_the_published_files_passes(raw, published, folder):
    inner = raw.parent / "mine" / folder
    inner.mkdir(parents=True)
    for name, content in SMALL.items():
        (inner / name).write_bytes(content)
        (inner / f"._{name}").write_bytes(b"what macOS adds")
    cifar10.fetch(replace(OF_ANY_ARCHIVE, source=[str(raw.parent / "mine")]), raw)
    assert_fetched(raw)


@pytest.mark.parametrize("name", ["cifar-10-binary.tar.gz", "cifar-10-binary (1).tar"])
def test_a_folder_with_the_archive_passes(raw, published, name):
    (raw.parent / "mine").mkdir()
    (raw.parent / "mine" / name).write_bytes(cifar10_archive())
    cifar10.fetch(replace(OF_ANY_ARCHIVE, source=[str(raw.parent / "mine")]), raw)
    assert_fetched(raw)


@pytest.mark.parametrize("beside", ["cifar-10-binary (1).tar.gz", "cifar-10-batches-bin/data_batch_1.bin"])
def test_a_broken_file_beside_the_archive_does_not_hide_it(raw, published, beside):
    mine = raw.parent / "mine"
    (mine / beside).parent.mkdir(parents=True)
    (mine / beside).write_bytes(cifar10_archive()[:500])
    (mine / "cifar-10-binary.tar.gz").write_bytes(cifar10_archive())
    cifar10.fetch(replace(OF_ANY_ARCHIVE, source=[str(mine)]), raw)
    assert_fetched(raw)


def rows() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The images and labels of the small batches."""
    records = [np.frombuffer(content, np.uint8).reshape(-1, RECORD) for content in SMALL.values()]
    return {
        split: (part[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), part[:, 0])
        for split, part in (("train", np.concatenate(records[:5])), ("test", records[5]))
    }


@pytest.mark.parametrize(("image", "wrapped"), [("img", True), ("image", False)])
def test_parquet_of_the_same_images_passes(raw, published, image, wrapped):
    folder = write_parquet(raw.parent / "hub/plain_text", image, wrapped, **rows())
    cifar10.fetch(replace(OF_ANY_ARCHIVE, source=[str(folder.parent)]), raw)
    assert_fetched(raw)


def test_parquet_is_downloaded_from_a_model_hub(raw, published):
    """Whose URL ends in a slash."""
    folder = write_parquet(raw.parent / "hub", "img", True, test=rows()["test"])
    (folder / "test-00000-of-00002.parquet").rename(folder / "test-00000-of-00001.parquet")
    whole = write_parquet(raw.parent / "whole", "img", True, training=rows()["train"])
    (whole / "training-00000-of-00002.parquet").rename(folder / "train-00000-of-00001.parquet")
    routes = {f"/hub/{file.name}": sends(file.read_bytes()) for file in folder.iterdir()}
    with serving(routes) as server:
        cifar10.fetch(replace(OF_ANY_ARCHIVE, source=[f"{server.url}/hub/"]), raw)
    assert_fetched(raw)


def refused(raw, source) -> str:
    message = complaint(cifar10.fetch, replace(OF_ANY_ARCHIVE, source=[str(source)]), raw)
    assert "sha256" not in message
    return message


OTHERS = {
    "CIFAR-10's Python version": ["cifar-10-batches-py/data_batch_1", "cifar-10-batches-py/test_batch"],
    "CIFAR-10's MATLAB version": ["cifar-10-batches-mat/data_batch_1.mat"],
    "CIFAR-100": ["cifar-100-binary/train.bin", "cifar-100-binary/fine_label_names.txt"],
    "CIFAR-100's Python version": ["cifar-100-python/meta", "cifar-100-python/train"],
    "CIFAR-100's MATLAB version": ["cifar-100-matlab/train.mat"],
}


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("unpacked", [True, False])
def test_another_version_or_data_set_is_called_what_it_is(raw, published, what, unpacked):
    mine = raw.parent / "mine"
    if unpacked:
        for name in OTHERS[what]:
            (mine / name).parent.mkdir(parents=True, exist_ok=True)
            (mine / name).write_bytes(b"x")
    else:
        mine.write_bytes(packed(dict.fromkeys(OTHERS[what], b"x")))
    assert f"{mine}: is {what}; allowed: CIFAR-10's binary version" in refused(raw, mine)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "is a zip archive; unpack it"),
        (b"<html>Sign in</html>", "is a web page, perhaps a login"),
        (b"PAR1", "is a Parquet file; name the folder that it lies in"),
        (pickle.dumps({"data": 1}, protocol=2), "is a Python pickle"),
        (gzip.compress(cifar10_archive()), "is a gz in a gz; unpack it once"),
        (cifar10_archive()[:-2000], "is cut off or damaged"),
        (packed({"a.jpg": b"", "b.jpg": b""}), "data_batch_5.bin, test_batch.bin; it holds 'a.jpg', 'b.jpg'; allowed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_archive_of_it_is_called_what_it_is(raw, published, content, words):
    (raw.parent / "mine").write_bytes(content)
    assert f"{raw.parent}/mine: " in refused(raw, raw.parent / "mine")
    assert words in refused(raw, raw.parent / "mine")


def test_other_or_partial_content_is_named_with_its_size_and_both_checksums(raw, published):
    other = SMALL | {"data_batch_3.bin": SMALL["data_batch_3.bin"][:-1000]}
    found, expected = (hashlib.sha1(files["data_batch_3.bin"]).hexdigest() for files in (other, SMALL))
    file = raw.parent / "mine.tar"
    file.write_bytes(packed(other, "w"))
    (raw.parent / "mine").mkdir()
    for name, content in other.items():
        (raw.parent / "mine" / name).write_bytes(content)
    said = f"data_batch_3.bin has 11,292 bytes and the SHA-1 {found}; expected 30,730,000 bytes and {expected}"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert f"{file}: is not the official archive (SHA-256 {digest}), and its {said}" in refused(raw, file)
    assert f"{raw.parent}/mine: its {said}" in refused(raw, raw.parent / "mine")


def test_a_folder_without_it_is_named_with_what_it_holds(raw, published):
    (raw.parent / "mine").mkdir()
    assert "mine: lacks data_batch_1.bin, data_batch_2.bin, " in refused(raw, raw.parent / "mine")
    assert "test_batch.bin; it is empty; allowed" in refused(raw, raw.parent / "mine")
    (raw.parent / "mine/data_batch_2.bin").write_bytes(b"")
    assert "data_batch_1.bin, data_batch_3.bin, " in refused(raw, raw.parent / "mine")
    assert "it holds data_batch_2.bin; allowed" in refused(raw, raw.parent / "mine")
    for name in SMALL:
        (raw.parent / "mine" / name).write_bytes(b"<html>")
    assert "is a web page, perhaps a login; expected 30,730,000 bytes" in refused(raw, raw.parent / "mine")


def test_the_shipped_checksums_are_of_six_files_of_ten_thousand_records():
    assert list(cifar10.CONTENTS) == list(BATCHES)
    assert {len(bytes.fromhex(digest)) for digest in cifar10.CONTENTS.values()} == {hashlib.sha1().digest_size}
    assert cifar10.SIZE == 10_000 * RECORD


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (cifar10_archive([link("cifar-10-batches-bin/data_batch_1.bin")]), "data_batch_1.bin' is a symbolic link"),
        (cifar10_archive([(tarfile.TarInfo("../data_batch_1.bin"), b"")]), "'../data_batch_1.bin' climbs out"),
        (cifar10_archive(without="data_batch_4.bin"), "lacks data_batch_4.bin; it holds "),
        (cifar10_archive()[:-2000], "is cut off or damaged"),
        (b"no archive", "is cut off or damaged"),
    ],
)
def test_an_archive_that_is_wrong_is_named_whatever_its_checksum(raw, archive, words):
    message = complaint(fetched, raw, archive)
    assert f"{raw.parent}/archive: " in message
    assert words in message
    assert not (raw.parent / "data_batch_1.bin").exists()


def test_an_archive_that_unpacks_to_far_more_than_it_should_is_named(raw, monkeypatch):
    monkeypatch.setattr(cifar10, "LIMIT", 80_000)
    assert "unpacks to more than 80,000 bytes" in complaint(fetched, raw, cifar10_archive())


def test_the_limit_leaves_room_for_the_official_archive():
    assert 60_000 * RECORD * 2 < cifar10.LIMIT


def test_a_record_is_its_label_and_the_planes_of_its_colours(raw):
    record = cifar10_records(3)["data_batch_2.bin"]
    write_batches(raw, {"batch": record})
    split = cifar10.read_batch(raw / "batch")
    assert split.labels.tolist() == [1, 2, 3]
    assert (split.images.dtype, split.labels.dtype, split.images.flags.c_contiguous) == (np.uint8, np.int64, True)
    for y, x, colour in np.ndindex(32, 32, 3):
        assert split.images[2, y, x, colour] == record[2, 1 + 1024 * colour + 32 * y + x]


def test_the_splits_are_cut_in_the_order_of_the_batches(raw):
    records = cifar10_records()
    write_batches(raw, records)
    prepared = cifar10.prepare(cifar10_settings(b"", train=14, validation=3, test=2), raw)
    counts = {name: split.images.shape for name, split in prepared.splits.items()}
    assert counts == {"train": (14, 32, 32, 3), "validation": (3, 32, 32, 3), "test": (2, 32, 32, 3)}
    origins = {
        "train": [(f"data_batch_{1 + i // 4}.bin", i % 4) for i in range(14)],
        "validation": [("data_batch_5.bin", 1), ("data_batch_5.bin", 2), ("data_batch_5.bin", 3)],
        "test": [("test_batch.bin", 0), ("test_batch.bin", 1)],
    }
    for name, split in prepared.splits.items():
        facts = prepared.facts[prepared.facts["split"] == name]
        assert list(zip(facts["file"], facts["position"], strict=True)) == origins[name]
        assert facts["label"].tolist() == split.labels.tolist()
        for image, label, (file, position) in zip(split.images, split.labels, origins[name], strict=True):
            assert label == records[file][position, 0]
            assert image.transpose(2, 0, 1).tobytes() == records[file][position, 1:].tobytes()


@pytest.mark.parametrize("length", [0, RECORD - 1, 2 * RECORD + 1])
def test_a_file_that_is_not_of_records_is_named(raw, length):
    write_batches(raw, cifar10_records() | {"data_batch_3.bin": np.zeros(length, np.uint8)})
    message = complaint(cifar10.prepare, cifar10_settings(b""), raw)
    assert message == f"{raw}/data_batch_3.bin: has {length} bytes; allowed: one or more records of 3073 bytes"


def test_a_label_of_no_class_is_named_with_its_position(raw):
    records = cifar10_records()
    records["test_batch.bin"][2, 0] = 10
    write_batches(raw, records)
    message = complaint(cifar10.prepare, cifar10_settings(b""), raw)
    assert message == f"{raw}/test_batch.bin: the label at position 2 is 10; allowed: 0 to 9"


def test_a_missing_batch_and_too_few_images_are_named(raw):
    write_batches(raw, cifar10_records())
    settings = cifar10_settings(b"")
    message = complaint(cifar10.prepare, replace(settings, train=16), raw)
    assert "cifar10.train is 16 and cifar10.validation 5; allowed: together at most the 20" in message
    (raw / "data_batch_5.bin").unlink()
    message = complaint(cifar10.prepare, settings, raw)
    assert message == f"{raw}/data_batch_5.bin: cannot be read (No such file or directory)"


def test_real_images_come_out_as_they_went_in(raw):
    if not REAL.is_file():
        pytest.skip("the real images of CIFAR-10 (../shared/datasets/cifar10-jpeg.tar.xz) are not here")
    archive = raw.parent / "cifar.tar.gz"
    subprocess.run([sys.executable, PACK, archive, "--per-class", str(PER_CLASS)], check=True)
    settings = cifar10_settings(archive.read_bytes(), archive, train=160, validation=40, test=40)
    cifar10.fetch(settings, raw)
    splits = cifar10.prepare(settings, raw).splits
    labels = np.concatenate([splits["train"].labels, splits["validation"].labels])
    assert np.bincount(labels).tolist() == [PER_CLASS] * 10
    decoded = []
    with tarfile.open(REAL) as tar:
        for member in tar:  # the test images come first; to the others it would take long
            part, name, number = member.name.split("/")
            if part != "test":
                break
            if int(number.removesuffix(".jpg")) < PER_CLASS // 5:
                image = Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB")
                decoded.append((find_dataset("cifar10").class_names.index(name), np.asarray(image).tobytes()))
    test = splits["test"]
    assert len(decoded) == 40
    assert sorted(zip(test.labels.tolist(), map(bytes, test.images), strict=True)) == sorted(decoded)
