"""A repository of its own with this one's files, at a scale of seconds, to run DVC's and other commands in."""

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml
from filelock import FileLock

from tests.conftest import REPOSITORY

OF_RECORDS = re.compile("reports/(judged|recorded)/.+/")
KERNELS = REPOSITORY / ".cache/kernels"
TINY = {
    "hidden_units": 12,
    "hidden_layers": [2, 3],
    "updates": {"shapeset": 120},
    "batch_size": 10,
    "learning_rates": [0.05, 0.1],
    "seeds": 2,
    "monitored_examples": 60,
    "monitored_updates": 6,
    "svm": {"examples": {"shapeset": 200}, "updates": 40},
}


def run(
    folder: Path, *command: str, succeeds: bool = True, variables: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess:
    """Run a command with this Python's own folder first in PATH, as in an activated environment, and `variables`."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    environment = {**inherited, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "test@example.org"}
    environment |= {"GIT_COMMITTER_NAME": "test", "GIT_COMMITTER_EMAIL": "test@example.org", "COLUMNS": "200"}
    environment |= variables
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if succeeds:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def edit(folder: Path, change: Callable[[dict], None]) -> None:
    """Rewrite params.yaml after `change` has worked on its values."""
    file = folder / "params.yaml"
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    change(values)
    file.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def tiny(values: dict) -> None:
    """Two models, small networks and few images."""
    values["scale"] = "smoke"
    values["scales"]["smoke"] = copy.deepcopy(TINY)
    values["models"] = {name: values["models"][name] for name in ("tanh", "sigmoid")}
    values["svm"] = {"C": [1, 10], "gamma": [0.003, 0.01]}
    values["shapeset"] |= {"train": 600, "validation": 400, "test": 500}


def copy_project(folder: Path, change: Callable[[dict], None]) -> Path:
    """Make `folder` a repository of its own with this one's files, after `change` has worked on the parameters.

    It has no records, which would take longer to judge than all the rest.
    """
    for name in run(REPOSITORY, "git", "ls-files", "-co", "--exclude-standard").stdout.splitlines():
        if (REPOSITORY / name).is_file() and not OF_RECORDS.match(name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    KERNELS.mkdir(parents=True, exist_ok=True)
    (folder / ".cache").mkdir()
    (folder / ".cache/kernels").symlink_to(KERNELS)  # compiled once for all
    edit(folder, change)
    run(folder, "git", "init", "-q")
    return folder


def make_tiny_project(folder: Path) -> Path:
    """Make `folder` a repository of its own with this one's files, reproduced at the tiny scale and committed."""
    copy_project(folder, tiny)
    run(folder, "dvc", "repro")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "tiny")
    return folder


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory, worker_id) -> Path:
    """The tiny project of the session, made once for all workers. No test changes it."""
    own = tmp_path_factory.getbasetemp()
    place = (own if worker_id == "master" else own.parent) / "reproduced"
    with FileLock(f"{place}.lock"):
        if not place.exists():
            make_tiny_project(own / "unfinished")
            (own / "unfinished").rename(place)
    return place


@pytest.fixture
def project(reproduced, tmp_path) -> Iterator[Path]:
    """A copy of the tiny project, with DVC's cache, for one test."""
    yield copy_whole(reproduced, tmp_path / "difficulty")
    shutil.rmtree(tmp_path / "difficulty")


def copy_whole(project: Path, folder: Path) -> Path:
    """Copy a project with everything in it, the times of its files as well; return the copy."""
    return shutil.copytree(project, folder, symlinks=True)
