"""A train stage that is killed, again and again and at any moment, loses nothing and ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from stages.training.sealed import unseal
from stages.training.state import unpack
from tests.pipeline.stage_server import StageServer
from tests.tiny_project import copy_whole, edit, run

KILLS = 50
SECONDS = 60  # far more than anything here takes
STAGE = ("shapeset", "tanh")
OUTPUTS = Path("data/runs", *STAGE)
CHECKPOINTS = Path("data/checkpoints")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stage's processes are taken by fork")


@pytest.fixture
def serve(project):
    """What starts a server; all of them end with the test."""
    edit(project, longer)
    servers = []

    def start(seconds: float) -> StageServer:
        every = f"from stages.training import checkpoints; checkpoints.EVERY_SECONDS = {seconds}"
        often = f"{every}; checkpoints.TIMES_AS_LONG = {seconds}"
        servers.append(StageServer(project, f"train {' '.join(STAGE)}", project / "data/log", often))
        return servers[-1]

    yield start
    for server in servers:
        server.end()


def longer(values: dict) -> None:
    """Seconds of training, half of them before the supervised updates."""
    values["models"]["tanh"]["pretraining"] = {
        "decoder": "units",
        "corruption": "masking",
        "level": 0.2,
        "learning_rate": 0.1,
        "updates": {"smoke": 1200},
    }
    values["scales"]["smoke"] |= {"updates": {"shapeset": 4000}, "monitored_updates": 20}


@pytest.fixture(scope="module")
def undisturbed(reproduced, tmp_path_factory) -> dict[str, bytes]:
    """The outputs of a stage that nobody disturbed."""
    folder = copy_whole(reproduced, tmp_path_factory.mktemp("undisturbed") / "difficulty")
    edit(folder, longer)
    run(folder, "python", "-m", "stages.train", *STAGE)
    return contents(folder)


def contents(project: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (project / OUTPUTS).iterdir()}


def left(project: Path) -> list[Path]:
    """What is left of unfinished work."""
    return [*(project / CHECKPOINTS).glob("*/*"), *(project / OUTPUTS.parent).glob(".*")]


def done(file: Path) -> int:
    """The run-updates that are done in a checkpoint."""
    return unpack(unseal(file.read_bytes())).run_updates


def lead_and_heed() -> None:
    """Have the new process lead a group, and heed SIGINT, which a shell's background jobs ignore."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(condition) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.long
def test_fifty_kills_in_a_row_lose_nothing(undisturbed, project, serve):
    """The stage alone is killed or its workers with it; where its outputs are whole all the same, all begins anew."""
    server, chance, kills = serve(0), random.Random(7), 0
    longest, before = 0.1, {}
    while kills < KILLS:
        (project / OUTPUTS / "runs.parquet").unlink()
        pid = server.start()
        time.sleep(chance.uniform(0, longest))
        with suppress(ProcessLookupError):
            chance.choice([os.kill, os.killpg])(pid, signal.SIGKILL)
        status = server.status()
        if status == -signal.SIGKILL:
            kills += 1
            longest = min(1.2, longest * 1.5)
        whole = (project / OUTPUTS / "runs.parquet").exists()  # the signal may come after they were written
        if whole or kills == KILLS:
            if not whole or left(project):
                server.start()
                assert server.status() == 0, server.log.read_text()
            assert contents(project) == undisturbed
            assert left(project) == []
            before = {}
        else:
            (project / OUTPUTS / "runs.parquet").touch()
            after = {file.name: done(file) for file in left(project) if file.suffix == ".checkpoint"}
            assert all(after.get(name, 0) >= done_before for name, done_before in before.items())
            before = after
    assert "resumes from its checkpoints" in server.log.read_text()


def test_a_kill_while_a_state_is_written(undisturbed, project, serve):
    """By the process itself, with half of the file on the disk."""
    dying = (
        "import os, signal, sys; from stages.training import checkpoints; import stages.train;"
        "from stages.running.stage import run_stage; from stages.running import files;"
        "checkpoints.EVERY_SECONDS = checkpoints.TIMES_AS_LONG = 0; left = [int(sys.argv.pop())];"
        "sync = os.fsync\n"
        "def die(descriptor):\n"
        "    left[0] -= 1\n"
        "    if left[0] == 0:\n"
        "        os.ftruncate(descriptor, 1000)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    sync(descriptor)\n"
        "files.os.fsync = die\n"
        "sys.argv[0] = 'stages/train.py'\n"
        "run_stage(stages.train.main, stages.train.load_params)"
    )
    for number in ("1", "3", "20"):
        ended = run(project, "python", "-c", dying, *STAGE, number, succeeds=False)
        assert ended.returncode == 1
        assert "a training process was killed" in ended.stderr
        assert any(file.name.endswith(".unfinished") for file in left(project))
    last = run(project, "python", "-c", dying, *STAGE, "0")
    assert "it was not written to its end" in last.stderr
    assert "resumes from its checkpoints" in last.stderr
    assert contents(project) == undisturbed
    assert left(project) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("send", "number"), [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGINT), (os.killpg, signal.SIGHUP)]
)
def test_a_signal_to_end_keeps_the_state_at_once(undisturbed, project, serve, send, number):
    server = serve(60)
    pid = server.start()
    wait_for(lambda: "%|" in server.log.read_text())  # the bar is there
    time.sleep(1)
    send(pid, number)
    assert server.status() == 128 + number
    assert "interrupted" in server.log.read_text()
    files = left(project)
    assert files
    assert {file.suffix for file in files} == {".checkpoint"}
    server.start()
    assert server.status() == 0, server.log.read_text()
    assert "resumes from its checkpoints" in server.log.read_text()
    assert contents(project) == undisturbed
    assert left(project) == []


@pytest.mark.long
def test_states_of_other_parameters_are_not_picked_up(undisturbed, project, serve):
    server = serve(0)
    pid = server.start()
    wait_for(lambda: left(project))
    os.killpg(pid, signal.SIGKILL)
    server.status()
    kept = left(project)
    edit(project, lambda values: values["models"]["tanh"]["pretraining"].update(level=0.3))
    server.start()
    assert server.status() == 0, server.log.read_text()
    assert "resumes from its checkpoints" not in server.log.read_text()
    assert contents(project) != undisturbed
    assert left(project) == kept
    run(project, "make", "clean-checkpoints")
    assert left(project) == []


@pytest.mark.long
def test_a_second_process_of_the_same_stage_is_refused(undisturbed, project, serve):
    server = serve(60)
    pid = server.start()
    wait_for(lambda: "%|" in server.log.read_text())
    os.killpg(pid, signal.SIGSTOP)
    try:
        second = run(project, "python", "-m", "stages.train", *STAGE, succeeds=False)
    finally:
        os.killpg(pid, signal.SIGCONT)
    assert second.returncode == 1
    assert second.stderr == (
        "error: stage `train shapeset tanh` is already running in this folder; wait for it to end, or stop it\n"
    )
    assert server.status() == 0
    assert contents(project) == undisturbed


@pytest.mark.long
def test_ctrl_c_in_dvc_repro_and_the_next_one_goes_on(undisturbed, project, serve):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["dvc", "repro", f"train@{'-'.join(STAGE)}"]
    with (project / "data/log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=project, env=environment, stderr=log, stdout=log, preexec_fn=lead_and_heed
        )
        wait_for(lambda: "%|" in (project / "data/log").read_text())
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(SECONDS) != 0
    assert left(project)
    again = run(project, *command)
    assert "resumes from its checkpoints" in again.stdout + again.stderr
    assert contents(project) == undisturbed
    assert left(project) == []
