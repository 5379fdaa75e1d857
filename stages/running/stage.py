"""Run a stage: one process per stage and folder, interruptible, with its duration recorded."""

import fcntl
import os
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TextIO, TypeVar

from stages.running.durations import note
from stages.running.errors import InputError, report_input_errors, say

LOCKS = Path("data/locks")
PATIENCE_SECONDS = 3  # the workers of a killed stage need a moment to exit


class Parameters(Protocol):
    """The parameters of a stage, as `stages.params` reads them."""

    scale: str


P = TypeVar("P", bound=Parameters)


def run_stage(main: Callable[[P], None], load_params: Callable[[], P]) -> None:
    """Run a stage's `main` with its parameters inside `report_input_errors`; under DVC, record its duration."""

    def timed() -> None:
        start, params = time.perf_counter(), load_params()
        _run_alone(partial(main, params))
        if "DVC_STAGE" in os.environ:
            _note(os.environ["DVC_STAGE"].rpartition(":")[2], params.scale, time.perf_counter() - start)

    report_input_errors(timed)


def _run_alone(main: Callable[[], None]) -> None:
    """Run `main`; raises InputError if another process runs the same stage in this folder."""
    stage = " ".join([Path(sys.argv[0]).stem, *sys.argv[1:]])
    with _lock(re.sub(r"[^\w.-]", "_", stage)[:200]) as lock:
        _take(lock, stage)
        main()


def _lock(name: str) -> TextIO:
    """Return an open file to lock; forked workers share the lock, which ends with its last holder."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    return (LOCKS / name).open("w")


def _take(lock: TextIO, stage: str) -> None:
    """Take the lock for `stage`; raises InputError if another process keeps it for PATIENCE_SECONDS."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise InputError(
                    f"stage `{stage}` is already running in this folder; wait for it to end, or stop it"
                ) from error
        time.sleep(0.1)


def _note(stage: str, scale: str, seconds: float) -> None:
    """Record the stage's duration, one process at a time; a failure to do so is only a note."""
    try:
        with _lock("durations") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            note(stage, scale, seconds)
    except OSError as error:
        say(f"the stage's duration could not be recorded ({error})")
