"""Published files that are damaged, packed oddly or hostile are read as what they are or refused, and leave nothing."""

import gzip
import hashlib
import io
import shutil
import tarfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages import fetch, prepare
from stages.datasets import cifar10
from stages.datasets.formats import idx, idx_files, parquet
from stages.handover.prepared import Prepared, read_split
from stages.params import MNIST_FILES
from tests.conftest import REPOSITORY
from tests.datasets import raw_files
from tests.hostile.cases import cases
from tests.hostile.damage import BYTES, PART, damage_bytes, damaged_bytes, ending, ends_well, refused, restored

RECORDS = raw_files.cifar10_records()
ARRAYS = raw_files.mnist_arrays()
KINDS = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.CHRTYPE, b"Z"]
PATHS = st.sampled_from(["/etc/passwd", "../../out", "cifar-10-batches-bin/test_batch.bin", "a" * 300, "é/\n"])
MEMBERS = st.tuples(PATHS | st.text(st.characters(exclude_categories=["Cs"]), max_size=9), st.sampled_from(KINDS))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in the current folder, which takes MNIST and CIFAR-10 from a folder beside it."""
    folder = tmp_path_factory.mktemp("raw")
    raw_files.write_mnist(folder / "mirror")
    archive = folder / "mirror" / "cifar10.tar.gz"
    archive.write_bytes(raw_files.cifar10_archive())
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    values["mnist"] = asdict(raw_files.mnist_settings(folder / "mirror"))
    values["cifar10"] = asdict(raw_files.cifar10_settings(archive.read_bytes(), archive))
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        for dataset in ("mnist", "cifar10"):
            for stage in (fetch, prepare):
                assert ending(stage.main, dataset) == ""
        yield folder


def is_whole(prepared: Prepared, counts: dict[str, int]) -> None:
    """Check that what is read is images and labels of the asked number."""
    for split, count in counts.items():
        found = prepared.splits[split]
        assert (len(found.images), len(found.labels)) == (count, count)
        assert found.images.dtype == np.uint8
        assert 0 <= found.labels.min() <= found.labels.max() <= 9


@cases(120)
@given(name=st.sampled_from(MNIST_FILES), how=BYTES, packed=st.booleans(), damaged_first=st.booleans())
def test_a_damaged_idx_file_is_read_as_it_is_or_refused(project, name, how, packed, damaged_first):
    content, file = raw_files.idx(ARRAYS[name]), project / "idx"
    if how[0] in ("missing", "folder"):
        return
    if damaged_first:
        content = damaged_bytes(content, how)
    content = gzip.compress(content, 1) if packed else content
    file.write_bytes(content if damaged_first else damaged_bytes(content, how))
    dimensions = ARRAYS[name].ndim
    line = refused(idx.read_idx, file, dimensions)
    if line:
        assert str(file) in line
    else:
        assert idx.read_idx(file, dimensions).ndim == dimensions


@cases(60)
@given(name=st.sampled_from(MNIST_FILES), how=BYTES)
def test_damaged_mnist_files_are_prepared_as_they_are_or_refused(project, name, how):
    raw = project / "data/raw/mnist"
    with restored(raw / name):
        damage_bytes(raw / name, how)
        line = refused(idx_files.prepare, "mnist", raw_files.mnist_settings(), raw)
        if line:
            assert name in line
        else:
            prepared = idx_files.prepare("mnist", raw_files.mnist_settings(), raw)
            is_whole(prepared, {"train": 50, "validation": 10, "test": 20})


@cases(60)
@given(name=st.sampled_from(raw_files.BATCHES), how=BYTES)
def test_damaged_records_are_prepared_as_they_are_or_refused(project, name, how):
    raw, wanted = project / "data/raw/cifar10", raw_files.cifar10_settings(b"")
    with restored(raw / name):
        damage_bytes(raw / name, how)
        line = refused(cifar10.prepare, wanted, raw)
        if line:
            too_few = "allowed: " in line and " images" in line  # a batch may be shorter by whole records
            assert name in line or too_few
        else:
            is_whole(cifar10.prepare(wanted, raw), {"train": 15, "validation": 5, "test": 4})


@cases(120)
@given(how=BYTES, mode=st.sampled_from(["w", "w:gz"]), members=st.lists(MEMBERS, max_size=3), damaged=st.booleans())
def test_an_archive_of_whatever_members_is_unpacked_or_refused(project, how, mode, members, damaged):
    """The checksum is that of the damaged archive: what is in it has to be looked at."""
    extra = []
    for path, kind in members:
        info = tarfile.TarInfo(path)
        info.type, info.size = kind, 5 if kind == tarfile.REGTYPE else 0
        info.linkname = "../../outside"
        extra.append((info, b"hello"))
    content = raw_files.cifar10_archive(extra, mode=mode)
    if damaged and how[0] not in ("missing", "folder"):
        content = damaged_bytes(content, how)
    archive, folder = project / "archive", project / "unpacked"
    archive.write_bytes(content)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    before = {file for file in project.rglob("*") if folder not in file.parents}
    line = refused(cifar10.fetch, raw_files.cifar10_settings(content, archive), folder)
    assert {file for file in project.rglob("*") if folder not in file.parents} == before
    assert {file.name for file in folder.iterdir()} <= {*raw_files.BATCHES}
    if line:
        assert str(archive) in line
    else:
        assert {file.name for file in folder.iterdir()} == {*raw_files.BATCHES}


@cases(40)
@given(name=st.sampled_from(MNIST_FILES), part=PART, times=st.integers(1, 4))
def test_a_file_packed_again_and_again_is_refused(project, name, part, times):
    content = raw_files.idx(ARRAYS[name])[: 1 + int(part * 40000)]
    for _ in range(times + 1):
        content = gzip.compress(content, 1)
    file = project / "idx"
    file.write_bytes(content)
    assert str(file) in refused(idx.read_idx, file, ARRAYS[name].ndim)


@cases(40)
@given(dataset=st.sampled_from(["mnist", "cifar10"]), number=st.integers(0, 5), how=BYTES, stage=st.booleans())
def test_stages_given_damaged_files_leave_nothing_half_written(project, dataset, number, how, stage):
    if stage:  # what `prepare` reads
        files = sorted((project / "data/raw" / dataset).iterdir())
    else:  # what `fetch` reads
        files = sorted((project / "mirror").glob("*ubyte.gz" if dataset == "mnist" else "*.tar.gz"))
    file, outputs = files[number % len(files)], ("data/prepared",) if stage else ("data/raw",)
    with restored(file):
        damage_bytes(file, how)
        main = (prepare if stage else fetch).main
        if ends_well(main, dataset, outputs=outputs, named=file.name.removesuffix(".gz")) and stage:
            assert len(read_split(Path("data/prepared") / dataset, "test").labels) > 0


@cases(20)
@given(zeros=st.integers(0, 2**16), name=st.sampled_from(MNIST_FILES[:2]))
def test_what_unpacks_to_more_than_is_allowed_is_refused(project, zeros, name):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        file.write(bytes(zeros + 1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(idx_files, "LIMIT", zeros)
        place = project / "bomb"
        place.mkdir(exist_ok=True)
        (place / f"{name}.gz").write_bytes(packed.getvalue())
        digest = hashlib.sha256(bytes(zeros + 1)).hexdigest()
        wanted = raw_files.mnist_settings(place)
        wanted.sha256[name] = digest
        target = place / "out"
        line = refused(idx_files._unpack, place / f"{name}.gz", str(place), target, digest)
        assert f"unpacks to more than {zeros:,} bytes" in line
        assert target.stat().st_size <= zeros


@cases(60)
@given(how=BYTES, mode=st.sampled_from(["L", "RGB"]))
def test_a_damaged_parquet_file_is_read_as_it_is_or_refused(project, how, mode):
    images, labels = (ARRAYS[name][:5] for name in MNIST_FILES[:2])
    folder = raw_files.write_parquet(project / "hub", "image", True, test=(images, labels))
    (file,) = folder.iterdir()
    damage_bytes(file, how)
    try:
        line = refused(lambda: list(parquet.read_rows([file], "the hub", mode)))
        assert line == "" or line.startswith(f"the hub: {file.name}")
    finally:
        shutil.rmtree(folder)
