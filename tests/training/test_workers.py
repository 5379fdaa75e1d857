"""Runs over processes: their work is shared evenly, their errors arrive, and no process outlives the one it is for."""

import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from stages.params import Model
from stages.running.interrupts import ENDING
from stages.training import workers
from stages.training.training import Run, Setting
from stages.training.workers import train_on_all_cores
from tests.conftest import REPOSITORY

SECONDS = 20  # far more than two looks, far fewer than the training takes
SETTING = Setting(
    recipe=Model("tanh", "normalized"),
    inputs=4,
    hidden_units=8,
    classes=3,
    batch_size=10,
    schedule=[0, 10**8],
    device=torch.device("cpu"),
    draw=lambda seed, start, count: None,
    observe=lambda update, network: {},
)

# what a person runs and then ends: two workers with hours of work; "training" is said when both are at it
ENDLESS = """
import os
import signal
from dataclasses import replace

from stages.running.errors import report_input_errors
from stages.training.training import Run
from stages.training.workers import train_on_all_cores
from stages.params import Model
from tests.training.test_workers import SETTING, draw, observe

os.sched_getaffinity = lambda process: range(2)
for number in (signal.SIGINT, signal.SIGHUP):  # which are ignored in a shell's background jobs, and under nohup
    signal.signal(number, signal.SIG_DFL)


def progress(done, restored):
    if done > 0:
        print("training", flush=True)


def main():
    train_on_all_cores([Run(1, 0.1, 0), Run(1, 0.1, 1)], replace(SETTING, draw=draw, observe=observe), progress)


if __name__ == "__main__":
    report_input_errors(main)
"""


def draw(seed: int, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.arange(seed, seed + count * 4).to(torch.uint8).reshape(count, 2, 2)
    return images, torch.arange(count) % 3


def draw_nothing(failing: int, seed: int, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The stream, which breaks off for one seed."""
    if seed == failing and start > 0:
        raise ZeroDivisionError(f"no images for seed {seed}")
    return draw(seed, start, count)


def observe(update, network):
    return {"update": update, "validation_error": 0.5}


def note(folder, update, network):
    """Leave a file for each update at which a worker observed."""
    (folder / str(update)).touch()
    return {"update": update, "validation_error": 0.5}


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 8, 64])
def test_shares_are_even_in_depth(cores):
    for seed in range(20):
        depths = random.Random(seed).choices(range(1, 6), k=25)
        runs = [Run(depth, rate, 0) for rate, depth in enumerate(depths)]
        shares = workers.shares_of(runs, cores)
        assert sorted((run for share in shares for run in share), key=runs.index) == runs
        assert len(shares) == min(cores, len(runs))
        loads = [sum(run.hidden_layers for run in share) for share in shares]
        assert min(loads) > 0
        # else the run that was last given to the fullest share would have gone to another
        assert max(loads) - min(loads) <= max(depths)


@pytest.mark.parametrize(
    ("depths", "loads"),
    [([1, 1, 1, 1, 4], [4, 4]), ([1, 2, 3, 4, 5] * 5, [37, 38]), ([1, 1, 2, 2, 3, 3, 6, 6], [12] * 2)],
)
def test_two_cores_have_half_the_work_each_in_any_order(depths, loads):
    runs = [Run(depth, rate, 0) for rate, depth in enumerate(depths)]
    for ordered in (runs, runs[::-1]):
        assert sorted(sum(run.hidden_layers for run in share) for share in workers.shares_of(ordered, 2)) == loads


@pytest.mark.parametrize("cores", [1, 2])
def test_a_workers_error_reaches_the_caller_and_ends_the_others(tmp_path, monkeypatch, cores):
    monkeypatch.setattr(workers.os, "sched_getaffinity", lambda process: range(cores), raising=False)
    setting = replace(SETTING, schedule=[0, 300_000], draw=partial(draw_nothing, 1), observe=partial(note, tmp_path))
    with pytest.raises(ZeroDivisionError, match="no images for seed 1"):
        train_on_all_cores([Run(1, 0.1, 0), Run(1, 0.1, 1)], setting, lambda done, restored: None)
    assert [file.name for file in tmp_path.iterdir()] == ["0"]  # the other run did not go on to its end


@pytest.fixture
def training():
    """A process that trains with two workers, all of which hold its standard output open."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.stdout.readline() == "training\n", process.stderr.read()
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="the script takes its workers by fork")
def test_workers_end_with_a_parent_that_is_killed(training):
    training.kill()
    training.communicate(timeout=SECONDS)  # which ends when nobody holds the other end of the pipes any more
    assert training.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the script takes its workers by fork")
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["parent", "terminal"])
@pytest.mark.parametrize("number", ENDING)
def test_a_signal_to_end_ends_parent_and_workers_with_one_line(training, number, send):
    send(training.pid, number)
    _, error = training.communicate(timeout=SECONDS)
    assert training.returncode == 128 + number
    assert error.split() == ["interrupted"]


@pytest.mark.skipif(sys.platform != "linux", reason="the script takes its workers by fork")
def test_a_worker_that_is_killed_ends_the_training_with_one_line(training):
    children = Path(f"/proc/{training.pid}/task/{training.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    _, error = training.communicate(timeout=SECONDS)
    assert training.returncode == 1
    assert error.count("\n") == 1
    assert error.startswith("error: a training process was killed")
