"""Runs spread over a Ray cluster: a share for each GPU, as one program, or where there is none for each core.

What a share reads goes through Ray's object store, once to each node. A share whose worker is lost is trained again by
another one, which goes on from its checkpoints where their folder can be reached from there.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told of its users; Ray reads it when imported
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what Ray will do anyway, or else warns of

import ray
import torch
from ray.exceptions import RayError, RayTaskError

from stages.errors import InputError, say
from stages.interrupts import Interrupted, deferred
from stages.network.checkpoints import Checkpoints
from stages.network.device import compute_alike, device_name
from stages.network.resources import check_disk, check_memory
from stages.network.training import Outcome, Run, Setting, train
from stages.network.workers import shares_of

LOOK_SECONDS = 0.5  # between two looks at the progress, and between two words of a worker
ENDING_SECONDS = 60  # for workers that are told to end to keep their states
RETRIES = 5  # of a share whose worker is lost


class Cluster:
    """The cluster that RAY_ADDRESS names, or one that runs on this machine, or else one that is started for now."""

    def __init__(self, make_setting: Callable[[torch.device], Setting], device: str) -> None:
        """Join the cluster and hand it `make_setting`; raises InputError where it cannot be joined or has no `device`.

        `device` is auto, cpu or cuda.
        """
        code = {"py_modules": [str(Path(__file__).parents[1])]}
        try:
            ray.init(runtime_env=code, include_dashboard=False, logging_level=logging.ERROR)
        except (RayError, ConnectionError, RuntimeError, ValueError) as error:
            raise InputError(f"no Ray cluster can be joined ({' '.join(str(error).split())[:300]})") from error
        there = ray.cluster_resources()
        gpus = int(there.get("GPU", 0)) if device != "cpu" else 0
        if device == "cuda" and not gpus:
            raise InputError("params.yaml: device is 'cuda', but the Ray cluster has no GPU; allowed: auto, cpu")
        self._workers = gpus or int(there["CPU"])
        self._needs = {"num_cpus": 1, "num_gpus": 1 if gpus else 0}
        self._device = "cuda" if gpus else "cpu"
        self._make_setting = ray.put(make_setting)
        name = ray.remote(_device_name).options(**self._needs, scheduling_strategy="SPREAD")
        names = ray.get([name.remote(self._device) for _ in range(self._workers)])
        self.device = " and ".join(sorted(set(names)))
        """what the devices call themselves"""

    def train(self, runs: Sequence[Run], progress: Callable[[int], object], checkpoints: Checkpoints) -> list[Outcome]:
        """Do what `stages.network.training.train` does, on a CPU with the same bits.

        Raises InputError where the runs do not fit a worker's memory, or their checkpoints the disk, or where a share
        lost more workers than RETRIES.
        """
        if not runs:
            return []
        shares = (stacks_of if self._device == "cuda" else shares_of)(runs, self._workers)
        watch = ray.remote(_Watch).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
        task = ray.remote(_train_share).options(**self._needs, max_retries=RETRIES, scheduling_strategy="SPREAD")
        tasks = [task.remote(share, self._make_setting, self._device, checkpoints, watch) for share in shares]
        pending, told = tasks, 0
        try:
            with deferred() as check:  # a signal must not break into Ray's own code
                while pending:
                    ended, pending = ray.wait(pending, timeout=LOOK_SECONDS)
                    ray.get(ended)
                    done, lost = ray.get(watch.look.remote())
                    progress(done - told)
                    told = done
                    for note in lost:
                        say(note)
                    check()
        except RayTaskError as error:
            self._end(watch, tasks)
            raise error.cause from error
        except RayError as error:
            self._end(watch, tasks)
            raise InputError(
                f"the Ray cluster lost a worker and could not do without ({' '.join(str(error).split())[:300]}); "
                "the next `dvc repro` goes on from the checkpoints that can be reached"
            ) from error
        except BaseException:
            self._end(watch, tasks)
            raise
        outcomes = {outcome.run: outcome for share in ray.get(tasks) for outcome in share}
        return [outcomes[run] for run in runs]

    def _end(self, watch: ray.actor.ActorHandle, tasks: Sequence[ray.ObjectRef]) -> None:
        """Have the workers keep their states and end."""
        watch.end.remote()
        ray.wait(tasks, num_returns=len(tasks), timeout=ENDING_SECONDS)


def stacks_of(runs: Sequence[Run], workers: int) -> list[list[Run]]:
    """Return at most `workers` shares of about equal work in which runs of one depth, which are one stack, stay close.

    Work is about proportional to depth.
    """
    shares: list[list[Run]] = [[] for _ in range(workers)]
    before, work = 0.0, sum(run.hidden_layers for run in runs)
    for run in sorted(runs, key=lambda run: run.hidden_layers):
        middle = before + run.hidden_layers / 2
        shares[int(workers * middle / work)].append(run)
        before += run.hidden_layers
    return [share for share in shares if share]


class _Watch:
    """What all shares tell of their progress, and whether they are to end. A share is told by its first run."""

    def __init__(self) -> None:
        self._before: dict[Run, int] = {}
        self._done: dict[Run, int] = {}
        self._lost: list[str] = []
        self._ending = False

    def begin(self, share: Run, restored: int) -> None:
        """Note that a worker takes the share, with so many run-updates restored."""
        if share in self._before:
            self._lost.append(f"a worker was lost; another one goes on after {restored:,} run-updates of its share")
        self._before.setdefault(share, restored)

    def tell(self, share: Run, done: int) -> bool:
        """Note the run-updates that are done, those restored among them; return whether the share is to end."""
        self._done[share] = done - self._before.get(share, 0)
        return self._ending

    def look(self) -> tuple[int, list[str]]:
        """Return the run-updates that were done here, each counted once, and what is new of lost workers."""
        lost, self._lost = self._lost, []
        return sum(self._done.values()), lost

    def end(self) -> None:
        """Have the shares end."""
        self._ending = True


def _device_name(device: str) -> str:
    return device_name(torch.device(device))


def _train_share(
    share: Sequence[Run],
    make_setting: Callable[[torch.device], Setting],
    device: str,
    checkpoints: Checkpoints,
    watch: ray.actor.ActorHandle,
) -> list[Outcome]:
    """Train a share in a worker; return nothing where it is told to end."""
    setting = make_setting(torch.device(device))
    compute_alike(setting.precision)
    check_memory(sum(setting.needed_bytes(run.hidden_layers) for run in share), setting.device)
    check_disk(sum(setting.checkpoint_bytes(run.hidden_layers) for run in share), checkpoints.folder)
    done, next_word = 0, 0.0

    def progress(run_updates: int) -> None:
        nonlocal done, next_word
        if not done:
            done = checkpoints.restored
            ray.get(watch.begin.remote(share[0], done))
        done += run_updates
        if time.monotonic() >= next_word:
            if ray.get(watch.tell.remote(share[0], done)):
                raise Interrupted
            next_word = time.monotonic() + LOOK_SECONDS

    try:
        outcomes = train(share, setting, progress, checkpoints)
    except Interrupted:
        return []
    ray.get(watch.tell.remote(share[0], done))
    return outcomes
