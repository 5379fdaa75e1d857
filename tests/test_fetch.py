"""The fetch stage: what it leaves in data/raw, and that nothing is there when something was wrong."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from stages import fetch
from stages.params import MNIST_FILES, load_params
from stages.running.errors import report_input_errors
from tests import tiny_project
from tests.conftest import REPOSITORY
from tests.datasets.http_server import sends, serving
from tests.datasets.raw_files import (
    BATCHES,
    cifar10_archive,
    cifar10_settings,
    idx,
    mnist_arrays,
    mnist_settings,
    write_mnist,
)
from tests.datasets.small_imagenet.stand_in import photographs, write_tree
from tests.tiny_project import copy_project

RAW = Path("data/raw")
# Prints which data sets `dvc status` calls changed in `fetch` after each edit, in JSON: [block, key, value]
STATUS = """
import copy, json, sys, yaml
from pathlib import Path
from dvc.repo import Repo

file, found = Path("params.yaml"), []
values = yaml.safe_load(file.read_text())
for block, key, value in [[None] * 3, *json.loads(sys.argv[1])]:
    edited = copy.deepcopy(values)
    if block:
        edited[block][key] = value
    file.write_text(yaml.safe_dump(edited))
    with Repo() as repository:
        changed = repository.status(targets=["fetch"])
    found.append(sorted(name.partition("@")[2] for name in changed))
print(json.dumps(found))
"""
FILE_LIMIT = 10_000  # bytes a file may have, fewer than the training images
# Runs the stage where no file may grow beyond a number of bytes, which is answered as a full disk is
CONFINED = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
runpy.run_module("stages.fetch", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    """An empty project in the current folder, with a mirror of small files beside it."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    write_mnist(tmp_path / "mirror")
    set_params(mnist=mnist_settings(tmp_path / "mirror"))
    return tmp_path / "project"


def set_params(**blocks) -> None:
    """Write params.yaml with these data sets' settings."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    for name, settings in blocks.items():
        values[name] = asdict(settings)
    Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")


def run(monkeypatch, dataset: str) -> None:
    monkeypatch.setattr(sys, "argv", ["fetch", dataset])
    report_input_errors(lambda: fetch.main(load_params()))


def stopped(monkeypatch, dataset: str) -> str:
    """Run the stage, which must fail and leave nothing, and return what it says."""
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, dataset)
    assert_nothing_left()
    message = str(stop.value)
    assert message.startswith("error: ")
    assert "\n" not in message
    return message


def assert_nothing_left() -> None:
    """No files of a data set lie there, nor an unfinished folder of them."""
    assert not RAW.exists() or list(RAW.iterdir()) == []


def test_a_drawn_data_set_needs_no_files(monkeypatch):
    run(monkeypatch, "shapeset")
    assert list(Path("data").rglob("*")) == [RAW, RAW / "shapeset", RAW / "shapeset/README"]


def test_mnist_is_fetched_whole(monkeypatch):
    run(monkeypatch, "mnist")
    assert list(RAW.iterdir()) == [RAW / "mnist"]
    assert {file.name: file.read_bytes() for file in (RAW / "mnist").iterdir()} == {
        name: idx(array) for name, array in mnist_arrays().items()
    }


def test_cifar10_is_fetched_whole_and_without_its_archive(monkeypatch):
    archive = cifar10_archive()
    with serving({"/cifar.tar.gz": sends(archive)}) as server:
        set_params(cifar10=cifar10_settings(archive, f"{server.url}/cifar.tar.gz"))
        run(monkeypatch, "cifar10")
    assert sorted(file.name for file in (RAW / "cifar10").iterdir()) == sorted(BATCHES)


@pytest.mark.parametrize("name", MNIST_FILES)
def test_nothing_is_left_where_one_file_is_missing(monkeypatch, name):
    (Path("../mirror") / f"{name}.gz").unlink()
    assert f"mnist: {name} could not be downloaded or read: " in stopped(monkeypatch, "mnist")


def test_a_wrong_checksum_leaves_nothing(monkeypatch):
    settings = mnist_settings("../mirror")
    found = settings.sha256[MNIST_FILES[3]]
    settings.sha256[MNIST_FILES[3]] = "0" * 64
    set_params(mnist=settings)
    message = stopped(monkeypatch, "mnist")
    assert f"has the SHA-256 {found}; expected {'0' * 64}" in message
    assert "only the published content passes" in message


def test_an_archive_that_breaks_off_leaves_nothing(monkeypatch):
    archive = cifar10_archive()[:-5000]
    with serving({"/cifar.tar.gz": sends(archive)}) as server:
        set_params(cifar10=cifar10_settings(archive, f"{server.url}/cifar.tar.gz"))
        assert f"{server.url}/cifar.tar.gz: is cut off or damaged" in stopped(monkeypatch, "cifar10")


def test_any_edit_of_a_block_but_source_and_checksum_fetches_nothing_again(tmp_path, project):
    """Asked of DVC itself, for every data set that it has fetched."""
    archive, of_imagenet = tmp_path / "archive", write_tree(tmp_path / "imagenet", photographs(3))
    archive.write_bytes(cifar10_archive())
    blocks = {
        "mnist": asdict(mnist_settings(tmp_path / "mirror")),
        "cifar10": asdict(cifar10_settings(archive.read_bytes(), archive)),
        "small_imagenet": {"source": str(of_imagenet), "train": 10, "validation": 10, "test": 10},
    }

    def change(values: dict) -> None:
        values["datasets"] = ["shapeset", *blocks]
        scale = values["scales"][values["scale"]]
        scale |= {"monitored_examples": 4, "batch_size": 10}
        scale["svm"]["examples"] = dict.fromkeys(values["datasets"], 10)
        for name, block in blocks.items():
            values[name] |= block

    copied = copy_project(tmp_path / "copy", change)
    done = tiny_project.run(copied, "dvc", "repro", "fetch")
    assert set(re.findall(r"Running stage 'fetch@(\w+)'", done.stdout)) == {"shapeset", *blocks}
    free = {"seed": 7, "input_range": "unit", "train": 20, "validation": 20, "test": 20}
    edits = [[name, key, value] for name in ("shapeset", *blocks) for key, value in free.items()]
    bound = [
        ["mnist", "source", "elsewhere"],
        ["mnist", "sha256", dict.fromkeys(MNIST_FILES, "0" * 64)],
        ["cifar10", "source", ["elsewhere", str(archive)]],
        ["cifar10", "sha256", "0" * 64],
        ["small_imagenet", "source", "elsewhere"],
    ]
    done = tiny_project.run(copied, "python", "-c", STATUS, json.dumps([*edits, *bound]))
    nothing, *found = json.loads(done.stdout.splitlines()[-1])
    assert nothing == []
    assert found[: len(edits)] == [[]] * len(edits)
    assert found[len(edits) :] == [[name] for name, _, _ in bound]


def confined(limit: int, **options) -> str:
    """The last line of what the stage says, run on its own with small files only; it must fail."""
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, str(limit), "mnist"],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.splitlines(keepends=True)[-1]


def test_a_local_file_that_the_disk_has_no_room_for_is_one_line():
    assert confined(FILE_LIMIT) == "error: data/raw/mnist: cannot be written ([Errno 27] File too large)\n"
    assert_nothing_left()


def test_a_download_that_the_disk_has_no_room_for_is_one_line(tmp_path):
    routes = {f"/{file.name}": sends(file.read_bytes()) for file in (tmp_path / "mirror").iterdir()}
    with serving(routes) as server:
        set_params(mnist=mnist_settings(server.url, "../mirror"))
        assert confined(FILE_LIMIT) == "error: data/raw/mnist: cannot be written ([Errno 27] File too large)\n"
        assert server.asked == [f"/{MNIST_FILES[0]}.gz"]
    assert_nothing_left()


def test_a_disk_that_is_really_full_is_one_line(tmp_path):
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("a small disk to fill needs root and mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk to fill cannot be mounted here: {mounted.stderr.strip()}")
    try:
        shutil.copy("params.yaml", disk)
        said = confined(10**9, cwd=disk)
        assert said == "error: data/raw/mnist: cannot be written ([Errno 28] No space left on device)\n"
        assert list((disk / RAW).iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
