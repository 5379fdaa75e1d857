"""Runs spread over the cores of a CPU, one process of one thread for each; a GPU takes them all in one program."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event

from stages.errors import InputError
from stages.interrupts import Interrupted, deferred, ignore_endings
from stages.network.checkpoints import Checkpoints
from stages.network.device import compute_alike
from stages.network.resources import check_disk, check_memory
from stages.network.training import Outcome, Run, Setting, train

LOOK_SECONDS = 0.2  # between two looks at the workers' progress
ORPHAN_SECONDS = 0.2  # between two looks of a worker whether its parent still lives

_done: Synchronized  # run-updates that the workers have done together
_stop: Event  # set when their work is not wanted any more


def train_on_all_cores(
    runs: Sequence[Run],
    setting: Setting,
    progress: Callable[[int], object],
    checkpoints: Checkpoints | None = None,
) -> list[Outcome]:
    """Do what `stages.network.training.train` does, with the same bits on any number of CPU cores.

    Raises InputError where the runs do not fit the memory, or their checkpoints the disk, or a worker was killed.
    """
    if not runs:
        return []
    check_memory(sum(setting.needed_bytes(run.hidden_layers) for run in runs), setting.device)
    if checkpoints:
        check_disk(sum(setting.checkpoint_bytes(run.hidden_layers) for run in runs), checkpoints.folder)
    if setting.device.type != "cpu":
        return _train_here(runs, setting, progress, checkpoints)
    shares = shares_of(runs, len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    done, stop = context.Value("q", 0), context.Event()
    told = 0
    begin = (done, stop, os.getpid(), setting.precision)
    with ProcessPoolExecutor(len(shares), context, _become_worker, begin) as executor:
        pending = futures = [executor.submit(_train_share, share, setting, checkpoints) for share in shares]
        try:
            while pending:
                ended, pending = wait(pending, LOOK_SECONDS, FIRST_EXCEPTION)
                progress(done.value - told)
                told = done.value
                for future in ended:
                    future.result()
        except BrokenProcessPool as error:
            stop.set()
            raise InputError(
                "a process that trained was killed, perhaps since the machine ran out of memory; "
                "the next `dvc repro` goes on from the last checkpoint"
            ) from error
        except BaseException:
            stop.set()
            raise
    outcomes = {outcome.run: outcome for future in futures for outcome in future.result()}
    return [outcomes[run] for run in runs]


def _train_here(
    runs: Sequence[Run], setting: Setting, progress: Callable[[int], object], checkpoints: Checkpoints | None
) -> list[Outcome]:
    """Train in this process, where a signal to end waits until all runs are between two blocks of updates."""
    with deferred() as check:

        def progress_or_end(run_updates: int) -> None:
            progress(run_updates)
            check()

        return train(runs, setting, progress_or_end, checkpoints)


def shares_of(runs: Sequence[Run], cores: int) -> list[list[Run]]:
    """Return at most `cores` shares of about equal work, which is about proportional to depth."""
    shares: list[list[Run]] = [[] for _ in range(min(cores, len(runs)))]
    for run in sorted(runs, key=lambda run: -run.hidden_layers):
        min(shares, key=lambda share: sum(one.hidden_layers for one in share)).append(run)
    return shares


def _become_worker(done: Synchronized, stop: Event, parent: int, precision: str) -> None:
    """Make this process one that trains for `parent`, and ends with it."""
    global _done, _stop
    _done, _stop = done, stop
    ignore_endings()
    compute_alike(precision)

    def end_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _train_share(share: Sequence[Run], setting: Setting, checkpoints: Checkpoints | None) -> list[Outcome]:
    def progress(run_updates: int) -> None:
        with _done.get_lock():
            _done.value += run_updates
        if _stop.is_set():
            raise Interrupted

    return train(share, setting, progress, checkpoints)
