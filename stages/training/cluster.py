"""Runs spread over a Ray cluster: one share for each GPU, or for each core where the cluster has no GPU.

Ray's object store sends the images to each node once. When a worker is lost, another one trains its share; it resumes
from the checkpoints where it can reach their folder.
"""

import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # send no usage statistics; Ray reads this at import
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # the future default, without Ray's warning

import ray
import torch
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from stages.network.device import available_bytes, compute_alike, device_kind, device_name
from stages.running.errors import InputError, say
from stages.running.interrupts import Interrupted, deferred
from stages.running.resources import check_disk, check_memory
from stages.training.checkpoints import Checkpoints
from stages.training.training import Outcome, Progress, Run, Setting, train
from stages.training.workers import shares_of

LOOK_SECONDS = 0.5  # between two reports of progress
ENDING_SECONDS = 60  # for workers to write their last checkpoints
RETRIES = 5  # of a share, each after a lost worker


class Cluster:
    """The cluster at RAY_ADDRESS, else one that already runs on this machine, else a new one for this process."""

    def __init__(self, make_setting: Callable[[torch.device], Setting], device: str) -> None:
        """Join the cluster and send it `make_setting`; `device` is auto, cpu or cuda.

        Raises InputError where the cluster cannot be joined or has no such device.
        """
        code = {"py_modules": [str(Path(__file__).parents[1])]}
        try:
            with deferred():  # discards the signal handlers that Ray installs
                ray.init(runtime_env=code, include_dashboard=False, logging_level=logging.ERROR)
                there = ray.cluster_resources()
                gpus = int(there.get("GPU", 0)) if device != "cpu" else 0
                self._device = torch.device("cuda" if gpus else "cpu")
                self._needs = {"num_cpus": 1, "num_gpus": 1 if gpus else 0}
                self._nodes = [node for node in ray.nodes() if node["Alive"] and self._can_train(node)]
                names = ray.get([self._task(_names, node).remote(self._device) for node in self._nodes])
                self._make_setting = ray.put(make_setting)
        except (RayError, ConnectionError, RuntimeError, ValueError) as error:
            raise InputError(f"no Ray cluster could be joined ({' '.join(str(error).split())[:300]})") from error
        if device == "cuda" and not gpus:
            raise InputError("params.yaml: device is 'cuda', but the Ray cluster has no GPU; allowed: auto, cpu")
        if not self._nodes:
            raise InputError("the Ray cluster has no core to train on; start its nodes with --num-cpus 1 or more")
        self._workers = gpus or int(there["CPU"])
        self.device, self.kind = (" and ".join(sorted(set(of_nodes))) for of_nodes in zip(*names, strict=True))
        """the names of all nodes' devices, and of their kinds"""

    def train(self, runs: Sequence[Run], progress: Progress, checkpoints: Checkpoints) -> list[Outcome]:
        """Train `runs` as `stages.training.training.train` does; on a CPU the bits are the same.

        Raises InputError where the runs do not fit a worker's memory, where their checkpoints do not fit the disk, or
        where Ray gives up after it lost workers.
        """
        if not runs:
            return []
        shares = (stacks_of if self._device.type == "cuda" else shares_of)(runs, self._workers)
        watch = ray.remote(_Watch).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
        task = ray.remote(_train_share).options(**self._needs, max_retries=RETRIES, scheduling_strategy="SPREAD")
        beside = math.ceil(self._workers / len(self._nodes))
        given = (self._make_setting, self._device, beside, checkpoints, watch)
        pending = tasks = [task.remote(share, *given) for share in shares]
        outcomes: dict[Run, Outcome] = {}
        told = 0, 0
        try:
            with deferred() as check:  # a signal must not interrupt Ray's own code
                while pending:
                    ended, pending = ray.wait(pending, timeout=LOOK_SECONDS)
                    outcomes |= {outcome.run: outcome for share in ray.get(ended) for outcome in share}
                    done, restored, lost = ray.get(watch.look.remote())
                    progress(done - told[0], restored - told[1])
                    told = done, restored
                    for note in lost:
                        say(note)
                    check()
        except RayError as error:
            self._end(watch, tasks)
            cause = error.cause if isinstance(error, RayTaskError) else error
            if not isinstance(cause, RayError):
                raise cause from error
            raise InputError(
                f"the Ray cluster could not recover from losing a worker ({' '.join(str(cause).split())[:300]}); "
                "run `dvc repro` to resume from the checkpoints that it can reach"
            ) from error
        except BaseException:
            self._end(watch, tasks)
            raise
        return [outcomes[run] for run in runs]

    def _can_train(self, node: dict) -> bool:
        return node["Resources"].get("GPU" if self._device.type == "cuda" else "CPU", 0) >= 1

    def _task(self, function: Callable, node: dict) -> ray.remote_function.RemoteFunction:
        """Return `function` as a task for `node`."""
        where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        return ray.remote(function).options(**self._needs, scheduling_strategy=where)

    def _end(self, watch: ray.actor.ActorHandle, tasks: Sequence[ray.ObjectRef]) -> None:
        """Tell the workers to write their checkpoints and stop."""
        watch.end.remote()
        ray.wait(tasks, num_returns=len(tasks), timeout=ENDING_SECONDS)


def stacks_of(runs: Sequence[Run], workers: int) -> list[list[Run]]:
    """Return at most `workers` shares of about equal work. Runs of one depth, which form a stack, stay together.

    The work of a run is about proportional to its depth.
    """
    shares: list[list[Run]] = [[] for _ in range(workers)]
    before, work = 0.0, sum(run.hidden_layers for run in runs)
    for run in sorted(runs, key=lambda run: run.hidden_layers):
        middle = before + run.hidden_layers / 2
        shares[int(workers * middle / work)].append(run)
        before += run.hidden_layers
    return [share for share in shares if share]


class _Watch:
    """Collects the progress of all shares and passes on the order to stop. A share's first run identifies it."""

    def __init__(self) -> None:
        self._before: dict[Run, int] = {}
        self._done: dict[Run, int] = {}
        self._lost: list[str] = []
        self._ending = False

    def begin(self, share: Run, restored: int) -> None:
        """Record that a worker starts on the share with so many run-updates restored."""
        if share in self._before:
            self._lost.append(f"a worker was lost; another one resumes its share after {restored:,} run-updates")
        self._before.setdefault(share, restored)

    def tell(self, share: Run, done: int) -> bool:
        """Record the run-updates done, restored ones included; return whether the share has to stop."""
        self._done[share] = done - self._before.get(share, 0)
        return self._ending

    def look(self) -> tuple[int, int, list[str]]:
        """Return the run-updates trained, those restored at the start, and new notes about lost workers."""
        lost, self._lost = self._lost, []
        return sum(self._done.values()), sum(self._before.values()), lost

    def end(self) -> None:
        """Tell all shares to stop."""
        self._ending = True


def _names(device: torch.device) -> tuple[str, str]:
    return device_name(device), device_kind(device)


def _train_share(
    share: Sequence[Run],
    make_setting: Callable[[torch.device], Setting],
    device: torch.device,
    beside: int,
    checkpoints: Checkpoints,
    watch: ray.actor.ActorHandle,
) -> list[Outcome]:
    """Train a share in a worker, one of `beside` on its node; return nothing where it was told to stop."""
    setting = make_setting(device)
    compute_alike(setting.precision)
    needed = sum(setting.needed_bytes(run.hidden_layers) for run in share)
    check_memory(needed if device.type == "cuda" else beside * needed, available_bytes(device))
    check_disk(beside * sum(setting.checkpoint_bytes(run.hidden_layers) for run in share), checkpoints.folder)
    begun, done, next_word = False, 0, 0.0

    def progress(trained: int, restored: int) -> None:
        nonlocal begun, done, next_word
        if not begun:
            begun = True
            ray.get(watch.begin.remote(share[0], restored))
        done += trained + restored
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
