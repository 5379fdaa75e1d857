"""Training on a Ray cluster of two workers ends with the local executor's bytes, also where they are killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest

from stages.running.errors import InputError
from stages.training.executors import VARIABLE, open_executor
from stages.training.training import Run
from tests.conftest import REPOSITORY
from tests.tiny_project import edit, run

SECONDS = 200  # far more than anything here takes
STAGE = ("shapeset", "tanh")
RUNS = Path("data/runs", *STAGE)
NEEDS_RAY = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: make test-all installs it")

# Two nodes of one core each, as if they were two machines, until standard input is closed.
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""
# The stage as it is, which keeps its states soon, and again after this many times as long as that took.
TRAIN = """
import sys
import stages.train
from stages.training import checkpoints
from stages.running.stage import run_stage
checkpoints.EVERY_SECONDS, checkpoints.TIMES_AS_LONG = 0.2, float(sys.argv[1])
sys.argv = ["stages/train.py", *sys.argv[2:]]
run_stage(stages.train.main, stages.train.load_params)
"""
OFTEN, ONCE = 0.0, 1e9


@pytest.fixture(scope="module")
def address():
    """Where a cluster of two nodes is."""
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    pipe, command = subprocess.PIPE, [sys.executable, "-c", CLUSTER]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as cluster:
        yield cluster.stdout.readline().strip()
        cluster.stdin.close()


@pytest.fixture
def longer(project):
    """The project with some seconds of training."""
    edit(project, lambda values: values["scales"]["smoke"].update(updates={"shapeset": 6000}))
    return project


def contents(project: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (project / RUNS).iterdir()}


def checkpoints(project: Path) -> list[Path]:
    return list((project / "data/checkpoints").glob("*/*.checkpoint"))


def training(project: Path, address: str, times_as_long: float) -> subprocess.Popen:
    environment = {**os.environ, VARIABLE: "ray", "RAY_ADDRESS": address}
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(times_as_long), *STAGE],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heed_ctrl_c,
    )


def heed_ctrl_c() -> None:
    """Have the new process heed SIGINT, which a shell's background jobs ignore, and what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def workers() -> list[int]:
    """The processes of Ray's that train a share."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cmdline").read_bytes().startswith(b"ray::_train_share"):
                found.append(int(process.name))
    return found


@pytest.mark.long
@NEEDS_RAY
@pytest.mark.skipif(sys.platform != "linux", reason="the workers are looked up in /proc")
def test_with_the_workers_killed_in_mid_run_the_bytes_are_the_local_ones(longer, address):
    run(longer, "python", "-m", "stages.train", *STAGE)
    expected = contents(longer)
    (longer / RUNS / "runs.parquet").unlink()
    with training(longer, address, OFTEN) as process:
        # not one of two: where they start far apart, they may never be there at the same time
        wait_for(lambda: checkpoints(longer))
        for worker in workers():
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output
    lost = re.findall("a worker was lost; another one resumes its share after ([0-9,]+) run-updates", output)
    assert any(int(run_updates.replace(",", "")) for run_updates in lost), output
    assert contents(longer) == expected
    assert checkpoints(longer) == []


@pytest.mark.long
@NEEDS_RAY
def test_ctrl_c_has_the_workers_keep_their_states_and_the_local_executor_goes_on(longer, address):
    with training(longer, address, ONCE) as process:
        wait_for(lambda: checkpoints(longer))
        before = {file: file.read_bytes() for file in checkpoints(longer)}
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, output
    assert "interrupted" in output
    assert any(file.read_bytes() != kept for file, kept in before.items())
    done = run(longer, "python", "-c", TRAIN, str(ONCE), *STAGE)
    assert "resumes from its checkpoints" in done.stderr
    assert checkpoints(longer) == []


@pytest.mark.long
@NEEDS_RAY
def test_what_a_worker_raises_is_one_line(longer, address):
    edit(longer, lambda values: values["scales"]["smoke"].update(hidden_units=10**6))
    with training(longer, address, ONCE) as process:
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    (line,) = [line for line in output.splitlines() if "error" in line.lower()]
    assert line.startswith("error: params.yaml: training all runs of a model at once takes about")


@NEEDS_RAY
@pytest.mark.parametrize("workers", [1, 2, 3, 8, 40])
def test_the_share_of_a_gpu_has_few_depths_and_its_part_of_the_work(workers):
    from stages.training.cluster import stacks_of

    runs = [Run(depth, rate, 0) for depth, rate in product(range(1, 6), (0.1, 0.01, 0.03, 0.001, 0.003))]
    shares = stacks_of(runs, workers)
    assert len(shares) <= workers
    assert sorted((run for share in shares for run in share), key=runs.index) == runs
    stacks = sum(len({run.hidden_layers for run in share}) for share in shares)
    assert stacks <= 5 + workers - 1  # a depth is cut only where a share ends
    work = [sum(run.hidden_layers for run in share) for share in shares]
    assert max(work) <= sum(work) / workers + 5


def test_an_executor_that_is_none_is_named_with_those_that_are(monkeypatch):
    monkeypatch.setenv(VARIABLE, "slurm")
    with pytest.raises(InputError, match=f"{VARIABLE} is 'slurm'; allowed: local, ray"):
        open_executor(lambda device: None, "cpu")


def test_without_ray_the_way_to_get_it_is_told(monkeypatch):
    monkeypatch.setenv(VARIABLE, "ray")
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "stages.training.cluster", raising=False)
    with pytest.raises(InputError, match=r"python -m pip install \.\[cluster\]"):
        open_executor(lambda device: None, "cpu")


def test_ray_is_imported_only_where_it_is_asked_for():
    code = "import sys, stages.train, stages.svm, stages.measure; sys.exit('ray' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
