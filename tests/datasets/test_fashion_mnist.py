"""Fashion-MNIST from a mirror to its gate, with small files in MNIST's layout under the checksums of their .gz."""

import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages import fetch, prepare, validate
from stages.datasets.dataset import find_dataset
from stages.handover.prepared import read_split
from stages.params import MNIST_FILES, load_params
from stages.running.errors import report_input_errors
from tests.conftest import REPOSITORY, SHARED
from tests.datasets.http_server import sends, serving
from tests.datasets.raw_files import mnist_settings, write_mnist
from tests.expectations.synthetic_finite import draw_images

TRAINING, TEST = 300, 100
COUNTS = {"train": 200, "validation": 100, "test": 100}


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Images of noise with the known moments of the pixels, and labels that count through the classes, by file."""
    random, known = np.random.default_rng(3), find_dataset("fashion_mnist").expected.pixels
    parts = [
        (draw_images(random, count, (28, 28), known.means, known.deviations), np.arange(count, dtype=np.uint8) % 10)
        for count in (TRAINING, TEST)
    ]
    return dict(zip(MNIST_FILES, [array for part in parts for array in part], strict=True))


@pytest.fixture
def mirror(tmp_path, monkeypatch, arrays):
    """A server with the four .gz, in an empty project in the current folder, whose params.yaml has their checksums."""
    monkeypatch.chdir(tmp_path)
    files = {file.name: file.read_bytes() for file in write_mnist(tmp_path / "files", **arrays).iterdir()}
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    with serving({f"/fashion/{name}": sends(content) for name, content in files.items()}) as server:
        values["fashion_mnist"] = asdict(mnist_settings(f"{server.url}/none", f"{server.url}/fashion/", **COUNTS)) | {
            "sha256": {name: hashlib.sha256(files[f"{name}.gz"]).hexdigest() for name in MNIST_FILES}
        }
        Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        yield server


def run(monkeypatch, stage) -> None:
    monkeypatch.setattr(sys, "argv", ["stage", "fashion_mnist"])
    report_input_errors(lambda: stage.main(load_params()))


def test_it_is_fetched_cut_and_validated(mirror, monkeypatch, arrays):
    for stage in (fetch, prepare, validate):
        run(monkeypatch, stage)
    assert {path for path in mirror.asked if "/fashion/" in path} == {f"/fashion/{name}.gz" for name in MNIST_FILES}
    images, labels, test_images, test_labels = arrays.values()
    for split, expected in {
        "train": (images[:200], labels[:200]),
        "validation": (images[200:], labels[200:]),
        "test": (test_images, test_labels),
    }.items():
        found = read_split(Path("data/prepared/fashion_mnist"), split)
        assert np.array_equal(found.images, expected[0])
        assert np.array_equal(found.labels, expected[1])
    assert json.loads(Path("data/validated/fashion_mnist.json").read_text())["images"] == COUNTS


def test_another_file_is_refused_with_the_key_to_set(mirror, monkeypatch):
    mirror.routes[f"/fashion/{MNIST_FILES[3]}.gz"] = sends(b"other")
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, fetch)
    message = str(stop.value)
    assert message.startswith(f"error: fashion_mnist: {MNIST_FILES[3]} could not be downloaded or read: ")
    assert f"{hashlib.sha256(b'other').hexdigest()}" in message
    assert "set fashion_mnist.source in params.yaml" in message
    assert not list(Path("data/raw").iterdir())


def test_its_facts_are_those_of_its_authors():
    known = find_dataset("fashion_mnist")
    assert (len(known.class_names), known.class_names[0], known.class_names[9]) == (10, "T-shirt/top", "Ankle boot")
    assert known.expected.classes.training == (6000,) * 10
    assert known.expected.classes.test == (1000,) * 10
    assert known.commonest_share == 1000 / 10_000


def test_the_real_files_have_the_shipped_checksums_and_meet_every_expectation(tmp_path, monkeypatch):
    real = SHARED / "datasets" / "fashion_mnist"
    if not real.is_dir():
        pytest.skip("the real Fashion-MNIST (../shared/datasets/fashion_mnist) is not here")
    monkeypatch.chdir(tmp_path)
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    values["fashion_mnist"]["source"] = str(real)
    Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    for stage in (fetch, prepare, validate):
        run(monkeypatch, stage)
    assert Path("data/validated/fashion_mnist.json").is_file()
