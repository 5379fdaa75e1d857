"""Experiments that wait in DVC's queue and run two at a time: each ends as it does alone, and nothing collides."""

import io
import time
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml

from tests.pipeline.test_pipeline import state
from tests.publishing.conftest import files
from tests.tiny_project import copy_whole, edit, run

pytestmark = pytest.mark.long

LONGEST = 900  # seconds that all experiments may take together
NARROW, NORMALIZED = {"scales.smoke.hidden_units": 10}, {"models.tanh.initialization": "normalized"}
# the first two run at the same time, and train the same sigmoid network
EXPERIMENTS = {"narrow": NARROW, "narrow-normalized": NARROW | NORMALIZED, "normalized": NORMALIZED}


@pytest.fixture
def queueing(reproduced, tmp_path) -> Iterator[Path]:
    """Another copy of the tiny project; no worker outlives the test."""
    folder = copy_whole(reproduced, tmp_path / "queueing")
    yield folder
    for worker in workers(folder):
        worker.kill()


def workers(folder: Path) -> list[psutil.Process]:
    """The processes of a project's queue: workers, and the commands that they run."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                found.append(process)
        except (psutil.Error, OSError):  # it has ended, or is another user's
            continue
    return found


def results(folder: Path) -> dict[str, str]:
    """The commit of each experiment that has results."""
    told = run(folder, "git", "for-each-ref", "--format=%(refname:lstrip=-1) %(objectname)", "refs/exps").stdout
    commits = dict(line.split() for line in told.splitlines())
    return {name: commits[name] for name in EXPERIMENTS if name in commits}


def wait_for_all(folder: Path) -> None:
    """Wait for every experiment and the end of every worker; fails, with what the queue logged, where they do not."""
    until = time.monotonic() + LONGEST
    while workers(folder) and time.monotonic() < until:
        time.sleep(0.5)
    without = EXPERIMENTS.keys() - results(folder)
    if without or workers(folder):
        told = [run(folder, "dvc", "queue", "status", succeeds=False).stdout]
        told += [run(folder, "dvc", "queue", "logs", name, succeeds=False).stdout for name in without]
        left = [process.cmdline() for process in workers(folder)]
        pytest.fail("\n".join([f"no results of {without}, and these processes are left: {left}", *told]))


def plainly(folder: Path, parameters: dict) -> dict[str, bytes]:
    """The files that git sees after a plain `dvc repro` with these parameters changed."""

    def change(values: dict) -> None:
        for path, value in parameters.items():
            *blocks, key = path.split(".")
            reduce(dict.get, blocks, values)[key] = value

    run(folder, "git", "checkout", "-q", "params.yaml")
    edit(folder, change)
    run(folder, "dvc", "repro")
    return state(folder)


def everything(folder: Path) -> dict[str, bytes]:
    """The files that git sees, and those that DVC made."""
    return state(folder) | files(folder / "data") | files(folder / "reports")


def test_queued_experiments_end_as_plain_reproductions_do_and_leave_the_workspace_alone(queueing, project, tmp_path):
    before = everything(queueing)
    for name, parameters in EXPERIMENTS.items():
        options = [f"--set-param={path}={value}" for path, value in parameters.items()]
        run(queueing, "dvc", "exp", "run", "--queue", "--name", name, *options)
    run(queueing, "dvc", "queue", "start", "--jobs", "2")
    wait_for_all(queueing)

    assert everything(queueing) == before
    shown = pd.read_csv(io.StringIO(run(queueing, "dvc", "exp", "show", "--csv").stdout)).set_index("Experiment")
    assert shown.loc[list(EXPERIMENTS), "State"].tolist() == ["Success"] * len(EXPERIMENTS)
    for name, commit in results(queueing).items():
        run(queueing, "git", "worktree", "add", "-q", "--detach", str(tmp_path / name), commit)
        queued, reproduced = state(tmp_path / name), plainly(project, EXPERIMENTS[name])
        # DVC writes parameters in a style of its own
        assert yaml.safe_load(queued.pop("params.yaml")) == yaml.safe_load(reproduced.pop("params.yaml"))
        locks = [yaml.safe_load(one.pop("dvc.lock"))["stages"] for one in (queued, reproduced)]
        for lock in locks:
            del lock["check"]  # it depends on that style
        assert locks[0] == locks[1]
        assert queued.keys() == reproduced.keys()
        assert {file for file in queued if queued[file] != reproduced[file]} == set()
