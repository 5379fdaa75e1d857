"""Where the runs of a stage are trained: on this machine, or on a Ray cluster.

The environment variable DIFFICULTY_EXECUTOR says which, and not params.yaml, since the results are the same.
"""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from stages.network.device import device_kind, device_name, resolve_device
from stages.running.errors import InputError
from stages.training.checkpoints import Checkpoints
from stages.training.training import Outcome, Progress, Run, Setting
from stages.training.workers import train_on_all_cores

VARIABLE = "DIFFICULTY_EXECUTOR"
MakeSetting = Callable[[torch.device], Setting]
"""makes what the runs share on the device that trains them"""
Train = Callable[[Sequence[Run], Progress, Checkpoints], list[Outcome]]
"""does what `stages.training.training.train` does with runs, progress and checkpoints"""


class Executor(NamedTuple):
    """What trains the runs of a stage."""

    device: str
    """what the devices call themselves, in words"""
    kind: str
    """of device, on which the bits of results depend"""
    here: torch.device
    """the device of this process"""
    train: Train


def open_executor(make_setting: MakeSetting, device: str) -> Executor:
    """Return what the environment asks for; `device` is auto, cpu or cuda, as in params.yaml.

    Raises InputError where it asks for something else, or where it or the device is not there.
    """
    name = os.environ.get(VARIABLE, "local")
    if name not in EXECUTORS:
        raise InputError(f"the environment variable {VARIABLE} is {name!r}; allowed: {', '.join(EXECUTORS)}")
    return EXECUTORS[name](make_setting, device)


def local(make_setting: MakeSetting, device: str) -> Executor:
    """Return what trains on this machine's own device."""
    here = resolve_device(device)
    setting = make_setting(here)

    def train(runs: Sequence[Run], progress: Progress, checkpoints: Checkpoints) -> list[Outcome]:
        return train_on_all_cores(runs, setting, progress, checkpoints)

    return Executor(device_name(here), device_kind(here), here, train)


def ray(make_setting: MakeSetting, device: str) -> Executor:
    """Return what trains on a Ray cluster; Ray is imported here only."""
    try:
        from stages.training.cluster import Cluster
    except ModuleNotFoundError as error:
        raise InputError(
            f"the environment variable {VARIABLE} is 'ray', but Ray cannot be imported ({error}); "
            "`python -m pip install .[cluster]` installs it"
        ) from error
    cluster = Cluster(make_setting, device)
    return Executor(cluster.device, cluster.kind, torch.device("cpu"), cluster.train)


EXECUTORS = {"local": local, "ray": ray}
