"""Runs spread over the cores of a CPU, one single-threaded process each; a GPU trains them all in one program."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from ctypes import Array, c_bool, c_longlong

from stages.descent.cpu_compiler import compiled
from stages.network.device import available_bytes, compute_alike
from stages.running.errors import InputError
from stages.running.interrupts import Interrupted, become_worker, deferred
from stages.running.resources import check_disk, check_memory
from stages.training.checkpoints import Checkpoints
from stages.training.training import Outcome, Progress, Run, Setting, train

LOOK_SECONDS = 0.2  # between two readings of the workers' progress
ORPHAN_SECONDS = 0.2  # between a worker's checks that its parent is alive

_done: Array  # the run-updates that each share's worker has trained
_restored: Array  # the run-updates that each share's worker has restored
_stop: c_bool  # whether the workers have to stop


def train_on_all_cores(
    runs: Sequence[Run],
    setting: Setting,
    progress: Progress,
    checkpoints: Checkpoints | None = None,
) -> list[Outcome]:
    """Train `runs` as `stages.training.training.train` does, with the same bits on any number of CPU cores.

    Raises InputError where the runs do not fit the memory, where their checkpoints do not fit the disk, or where a
    worker was killed.
    """
    if not runs:
        return []
    check_memory(sum(setting.needed_bytes(run.hidden_layers) for run in runs), available_bytes(setting.device))
    if checkpoints:
        check_disk(sum(setting.checkpoint_bytes(run.hidden_layers) for run in runs), checkpoints.folder)
    # a signal takes effect between two readings of the progress, on a GPU between two blocks of updates
    with deferred() as check:
        if setting.device.type == "cpu":
            return _train_in_workers(runs, setting, progress, checkpoints, check)

        def check_and_tell(done: int, restored: int) -> None:
            check()
            progress(done, restored)

        return train(runs, setting, check_and_tell, checkpoints)


def _train_in_workers(
    runs: Sequence[Run],
    setting: Setting,
    progress: Progress,
    checkpoints: Checkpoints | None,
    check: Callable[[], None],
) -> list[Outcome]:
    """Train every share of `runs` in its own process; `check` raises Interrupted when the user ends the stage."""
    shares = shares_of(runs, len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    # no locks, which a killed worker would hold forever: each share writes to its own places
    done, restored = (context.RawArray(c_longlong, len(shares)) for _ in range(2))
    compiled(setting.recipe.activation, setting.recipe.cost, setting.batch_size)  # once for all workers
    stop, told = context.RawValue(c_bool, False), (0, 0)
    begin = (done, restored, stop, os.getpid(), setting.precision)
    with ProcessPoolExecutor(len(shares), context, _become_worker, begin) as executor:
        try:
            numbered = enumerate(shares)
            pending = futures = [executor.submit(_train_share, *one, setting, checkpoints) for one in numbered]
            while pending:
                ended, pending = wait(pending, LOOK_SECONDS, FIRST_EXCEPTION)
                check()
                now = sum(done), sum(restored)
                progress(now[0] - told[0], now[1] - told[1])
                told = now
                for future in ended:
                    future.result()
        except BrokenProcessPool as error:
            stop.value = True
            check()
            raise InputError(
                "a training process was killed, perhaps because the machine ran out of memory; "
                "run `dvc repro` to resume from the last checkpoint"
            ) from error
        except BaseException:
            stop.value = True
            raise
    outcomes = {outcome.run: outcome for future in futures for outcome in future.result()}
    return [outcomes[run] for run in runs]


def shares_of(runs: Sequence[Run], cores: int) -> list[list[Run]]:
    """Return at most `cores` shares of about equal work; the work of a run is about proportional to its depth."""
    shares: list[list[Run]] = [[] for _ in range(min(cores, len(runs)))]
    for run in sorted(runs, key=lambda run: -run.hidden_layers):
        min(shares, key=lambda share: sum(one.hidden_layers for one in share)).append(run)
    return shares


def _become_worker(done: Array, restored: Array, stop: c_bool, parent: int, precision: str) -> None:
    """Make this process a worker of `parent` that ends with it."""
    global _done, _restored, _stop
    _done, _restored, _stop = done, restored, stop
    become_worker()
    compute_alike(precision)

    def end_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _train_share(number: int, share: Sequence[Run], setting: Setting, checkpoints: Checkpoints | None) -> list[Outcome]:
    """Train the share of this number; when told to stop, write a checkpoint and end the process."""
    try:
        with deferred() as check:

            def progress(done: int, restored: int) -> None:
                _done[number] += done
                _restored[number] += restored
                check()
                if _stop.value:
                    raise Interrupted

            return train(share, setting, progress, checkpoints)
    except Interrupted:
        os._exit(1)  # a pool that lost one process may leave the others waiting forever
