"""A process that imports a stage once and runs it whenever it is asked to, each time in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

# That the imports are done is the only difference to `python -m stages.NAME`. A run leads a session, so that a signal
# can hit it and its workers.
SERVER = """
import importlib, os, signal, sys
from stages.running.stage import run_stage

before, name, *arguments = sys.argv[1:]
stage = importlib.import_module(f"stages.{name}")
exec(before)
sys.argv = [f"stages/{name}.py", *arguments]
for number in (signal.SIGINT, signal.SIGHUP):  # which are ignored in a shell's background jobs, and under nohup
    signal.signal(number, signal.SIG_DFL)
for _ in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what it says on standard error is read
        run_stage(stage.main, stage.load_params)
        sys.exit()
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class StageServer:
    """Runs the stage `name`, as `train shapeset tanh`, in `project`; its standard error is added to the file `log`.

    before: Python that is run after the imports.
    """

    def __init__(self, project: Path, name: str, log: Path, before: str = "") -> None:
        self.log = log
        command = [sys.executable, "-c", SERVER, before, *name.split()]
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
        pipe = subprocess.PIPE
        with log.open("a") as said:
            self._process = subprocess.Popen(
                command, cwd=project, env=environment, stdin=pipe, stdout=pipe, stderr=said, text=True
            )

    def start(self) -> int:
        """Start the stage; return its process, which leads a group of its own."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def status(self) -> int:
        """Wait until the stage has ended; return its exit status, or minus the signal that killed it."""
        return int(self._process.stdout.readline())

    def run(self) -> tuple[int, str]:
        """Run the stage; return its exit status and its standard error."""
        before = self.log.stat().st_size
        self.start()
        return self.status(), self.log.read_bytes()[before:].decode()

    def end(self) -> None:
        with self._process:
            self._process.stdin.close()
