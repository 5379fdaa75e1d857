"""CIFAR-10, brought in and cut: with small archives made here, and with real images where they are."""

import io
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
from tests.datasets.raw_files import BATCHES, RECORD, cifar10_archive, cifar10_records, cifar10_settings, complaint

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


def test_another_archive_is_named_with_both_checksums_and_what_to_set(raw, tmp_path):
    archive = cifar10_archive()
    settings = cifar10_settings(archive, tmp_path / "archive")
    (tmp_path / "archive").write_bytes(b"abc")
    found = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert complaint(cifar10.fetch, settings, raw) == (
        f"cifar10: the archive could not be downloaded or read: {tmp_path}/archive: the archive has the SHA-256 "
        f"{found}; expected {settings.sha256}; set cifar10.source in params.yaml to another URL or file that has it, "
        "or cifar10.sha256 to the checksum of the archive that you want"
    )
    assert list(raw.iterdir()) == []


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (cifar10_archive([link("cifar-10-batches-bin/data_batch_1.bin")]), "data_batch_1.bin' is a symbolic link"),
        (cifar10_archive([(tarfile.TarInfo("../data_batch_1.bin"), b"")]), "'../data_batch_1.bin' climbs out"),
        (cifar10_archive(without="data_batch_4.bin"), "lacks cifar-10-batches-bin/data_batch_4.bin; allowed: CIFAR-10"),
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
