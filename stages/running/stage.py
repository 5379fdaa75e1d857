"""How a stage runs: alone of its kind in this folder, until it ends or is told to, and with its duration noted."""

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
PATIENCE_SECONDS = 3  # with one that was killed, whose workers take a moment to see it


class Parameters(Protocol):
    """What a stage computes by, as `stages.params` reads it."""

    scale: str


P = TypeVar("P", bound=Parameters)


def run_stage(main: Callable[[P], None], load_params: Callable[[], P]) -> None:
    """Run a stage's `main` with its parameters as `report_input_errors` does; under DVC, record how long it took."""

    def timed() -> None:
        start, params = time.perf_counter(), load_params()
        _run_alone(partial(main, params))
        if "DVC_STAGE" in os.environ:
            _note(os.environ["DVC_STAGE"].rpartition(":")[2], params.scale, time.perf_counter() - start)

    report_input_errors(timed)


def _run_alone(main: Callable[[], None]) -> None:
    """Run `main`; raises InputError where another process runs the same stage in this folder."""
    stage = " ".join([Path(sys.argv[0]).stem, *sys.argv[1:]])
    with _lock(re.sub(r"[^\w.-]", "_", stage)[:200]) as lock:
        _take(lock, stage)
        main()


def _lock(name: str) -> TextIO:
    """Return an open file to be locked; forked workers hold the lock too, till the last of its holders has ended."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    return (LOCKS / name).open("w")


def _take(lock: TextIO, stage: str) -> None:
    """Take the lock for `stage`; raises InputError where another process has it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise InputError(
                    f"stage `{stage}` runs in this folder already; wait until it has ended, or end it"
                ) from error
        time.sleep(0.1)


def _note(stage: str, scale: str, seconds: float) -> None:
    """Note how long the stage took, one process at a time; it is no reason to fail where that cannot be done."""
    try:
        with _lock("durations") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            note(stage, scale, seconds)
    except OSError as error:
        say(f"how long the stage took could not be noted ({error})")
