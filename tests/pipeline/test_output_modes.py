"""Every output has the mode that the umask gives, so that a group can share a folder or DVC's cache."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from joblib.externals.loky import get_reusable_executor

from stages import fetch, judge, measure, prepare, render, surfaces, svm, train, validate
from tests.conftest import REPOSITORY
from tests.datasets.http_server import sends, serving
from tests.datasets.raw_files import mnist_settings, write_mnist
from tests.hostile.damage import ending
from tests.tiny_project import tiny

STAGES = [  # in an order in which each finds what it reads
    (fetch, "mnist"),
    (prepare, "shapeset"),
    (validate, "shapeset"),
    (train, "shapeset", "tanh"),
    (measure, "shapeset", "tanh"),
    (svm, "shapeset"),
    (surfaces,),
    (judge,),
    (render,),
]
OUTPUTS = {  # some of every stage's
    "data/raw/mnist/train-images-idx3-ubyte",
    "data/prepared/shapeset/train.safetensors",
    "data/validated/shapeset.json",
    "reports/data_docs/shapeset/images.png",
    "data/runs/shapeset/tanh/final.safetensors",
    "data/runs/shapeset/tanh/kept.safetensors",
    "data/runs/shapeset/tanh/predictions.parquet",
    "data/measured/shapeset/tanh/layers.parquet",
    "data/svm/shapeset/search.parquet",
    "data/surfaces/surfaces.parquet",
    "reports/metrics.json",
    "reports/plots/error_curves.csv",
    "reports/site/index.html",
    "reports/figures/figure-5.png",
    "reports/summary.md",
}


@pytest.fixture(scope="module")
def process() -> Iterator[ProcessPoolExecutor]:
    """A process of its own, whose umask and arithmetic the other tests do not share."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        yield executor


@pytest.fixture
def project(tmp_path, monkeypatch) -> Iterator[Path]:
    """A folder with the parameters of one small training, and of an MNIST that is downloaded."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    tiny(values)
    values["scales"]["smoke"] |= {"updates": {"shapeset": 20}, "learning_rates": [0.05], "hidden_layers": [2]}
    values["models"] = {"tanh": values["models"]["tanh"] | {"seeds": 1}}
    values["surfaces"]["points"] = 9
    mirror, folder = write_mnist(tmp_path / "mirror"), tmp_path / "project"
    folder.mkdir()
    monkeypatch.setenv("no_proxy", "*")  # nothing stands between the test and its server
    with serving({f"/{file.name}": sends(file.read_bytes()) for file in mirror.iterdir()}) as server:
        values["mnist"] = asdict(mnist_settings(server.url))
        (folder / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        yield folder


def reproduce(folder: Path, umask: int) -> list[str]:
    """Run all stages in `folder` under `umask`; return the errors that they end with."""
    os.chdir(folder)
    os.umask(umask)
    errors = [ending(stage.main, *arguments) for stage, *arguments in STAGES]
    get_reusable_executor().shutdown()  # the SVM's idle workers would keep this process for minutes
    return errors


@pytest.mark.parametrize(
    ("umask", "of_files", "of_folders"), [(0o022, 0o644, 0o755), (0o027, 0o640, 0o750)], ids=["022", "027"]
)
def test_every_output_has_the_mode_that_the_umask_gives(process, project, umask, of_files, of_folders):
    assert process.submit(reproduce, project, umask).result() == [""] * len(STAGES)
    written = [path for folder in ("data", "reports") for path in (project / folder).rglob("*")]
    assert {str(path.relative_to(project)) for path in written} >= OUTPUTS
    modes = {path: path.stat().st_mode & 0o777 for path in written}
    assert {
        path: oct(mode) for path, mode in modes.items() if mode != (of_folders if path.is_dir() else of_files)
    } == {}
