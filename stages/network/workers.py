"""Runs spread over the cores of a CPU, one process of one thread for each; a GPU takes them all in one program."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from typing import Any

import torch

from stages.network.training import Outcome, Run, Setting, train

LOOK_SECONDS = 0.2  # between two looks at the workers' progress


def train_on_all_cores(runs: Sequence[Run], setting: Setting, progress: Callable[[int], object]) -> list[Outcome]:
    """Do what `stages.network.training.train` does, with the same bits on any number of CPU cores."""
    if setting.device.type != "cpu":
        return train(runs, setting, progress)
    if not runs:
        return []
    shares = _shares(runs, len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    done = context.Value("q", 0)
    told = 0
    with ProcessPoolExecutor(len(shares), context, _be_one_core, (done,)) as executor:
        pending = futures = [executor.submit(_train_share, share, setting) for share in shares]
        while pending:
            failed_or_done, pending = wait(pending, LOOK_SECONDS, FIRST_EXCEPTION)
            progress(done.value - told)
            told = done.value
            for future in failed_or_done:
                future.result()
    outcomes = {outcome.run: outcome for future in futures for outcome in future.result()}
    return [outcomes[run] for run in runs]


def _shares(runs: Sequence[Run], cores: int) -> list[list[Run]]:
    """Return at most `cores` shares of about equal work, which is about proportional to depth."""
    shares: list[list[Run]] = [[] for _ in range(min(cores, len(runs)))]
    for run in sorted(runs, key=lambda run: -run.hidden_layers):
        min(shares, key=lambda share: sum(one.hidden_layers for one in share)).append(run)
    return shares


def _be_one_core(done: Any) -> None:
    """Make this process a worker: one thread, and numbers too small to be normal count as 0, since they are slow."""
    global _done
    _done = done
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _train_share(share: Sequence[Run], setting: Setting) -> list[Outcome]:
    def progress(run_updates: int) -> None:
        with _done.get_lock():
            _done.value += run_updates

    return train(share, setting, progress)
