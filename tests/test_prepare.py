"""The prepare stage: the same raw files give the same prepared ones, and none where something is wrong."""

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages import prepare
from stages.datasets.dataset import find_dataset
from stages.handover.prepared import ABOUT, SPLITS, read_split
from stages.params import MNIST_FILES, load_params
from stages.running.errors import report_input_errors
from tests.conftest import REPOSITORY
from tests.datasets.raw_files import (
    cifar10_records,
    cifar10_settings,
    mnist_arrays,
    mnist_settings,
    write_mnist,
)

SETTINGS = {"mnist": mnist_settings("mirror"), "cifar10": cifar10_settings(b"", "archive")}
PREPARED = Path("data/prepared")


def make_project(folder: Path) -> Path:
    """An empty project in `folder`, with raw files of both data sets."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    values |= {name: asdict(settings) for name, settings in SETTINGS.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    write_mnist(folder / "data/raw/mnist", packed=False)
    (folder / "data/raw/cifar10").mkdir()
    for name, batch in cifar10_records().items():
        (folder / "data/raw/cifar10" / name).write_bytes(batch.tobytes())
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project in the current folder."""
    monkeypatch.chdir(make_project(tmp_path))
    return tmp_path


def run(monkeypatch, dataset: str) -> None:
    monkeypatch.setattr(sys, "argv", ["prepare", dataset])
    report_input_errors(lambda: prepare.main(load_params()))


@pytest.mark.parametrize("dataset", SETTINGS)
def test_every_split_and_its_facts_are_written(project, monkeypatch, dataset):
    run(monkeypatch, dataset)
    folder = PREPARED / dataset
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        [*(f"{split}.safetensors" for split in SPLITS), "facts.parquet", ABOUT]
    )
    facts = pd.read_parquet(folder / "facts.parquet")
    for name in SPLITS:
        split = read_split(folder, name)
        assert split.images.shape == (getattr(SETTINGS[dataset], name), *find_dataset(dataset).image_shape)
        rows = facts[facts["split"] == name]
        assert rows["label"].tolist() == split.labels.tolist()
        assert rows["index"].tolist() == list(range(len(split.labels)))
    assert list(facts) == ["split", "index", "label", "file", "position"]
    assert {str(facts[column].dtype) for column in ("index", "label", "position")} == {"int64"}


def test_images_are_the_raw_ones(project, monkeypatch):
    run(monkeypatch, "mnist")
    assert np.array_equal(read_split(PREPARED / "mnist", "train").images, mnist_arrays()[MNIST_FILES[0]][:50])
    run(monkeypatch, "cifar10")
    first = read_split(PREPARED / "cifar10", "train").images[0]
    assert first.transpose(2, 0, 1).tobytes() == cifar10_records()["data_batch_1.bin"][0, 1:].tobytes()


@pytest.mark.parametrize("dataset", SETTINGS)
def test_the_bytes_are_the_same_at_another_place_and_time(tmp_path, dataset):
    written = []
    for zone, seed in (("UTC", "1"), ("Asia/Tokyo", "2")):
        folder = make_project(tmp_path / seed)
        subprocess.run(
            [sys.executable, "-m", "stages.prepare", dataset],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "TZ": zone, "PYTHONHASHSEED": seed},
            check=True,
        )
        files = sorted((folder / PREPARED / dataset).iterdir())
        written.append([(file.name, file.read_bytes()) for file in files])
    assert written[0] == written[1]


def test_a_wrong_file_is_one_line_and_leaves_nothing(project, monkeypatch):
    (project / "data/raw/mnist" / MNIST_FILES[1]).write_bytes(b"")
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, "mnist")
    assert str(stop.value) == (
        f"error: data/raw/mnist/{MNIST_FILES[1]}: has 0 bytes; allowed: a header of 8 bytes, then the values"
    )
    assert not PREPARED.exists()


@pytest.mark.parametrize("library", ["safetensors", "pyarrow"])
def test_a_full_disk_is_one_line_and_leaves_nothing(project, library):
    # the images are too large for the first limit; for the second only the facts are, which are written last
    limit = {"safetensors": 10_000, "pyarrow": 1_500}[library]
    if library == "pyarrow":
        values = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
        values["mnist"] |= {"train": 1, "validation": 1, "test": 1}
        Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    code = (
        f"import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
        "runpy.run_module('stages.prepare', run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "mnist"],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: data/prepared/mnist: cannot be written (")
    assert "File too large" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(PREPARED.iterdir()) == []
