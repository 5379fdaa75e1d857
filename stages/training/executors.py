"""Where a stage trains its runs: on this machine or on a Ray cluster.

The environment variable DIFFICULTY_EXECUTOR chooses. It is no parameter, because the results are the same.
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
"""make_setting(device): what the runs share, on the device that trains them"""
Train = Callable[[Sequence[Run], Progress, Checkpoints], list[Outcome]]
"""train(runs, progress, checkpoints): as `stages.training.training.train`"""


class Executor(NamedTuple):
    """Trains the runs of a stage."""

    device: str
    """the names of the devices"""
    kind: str
    """the kind of device, which the bits of results depend on"""
    here: torch.device
    """the device of this process"""
    train: Train


def open_executor(make_setting: MakeSetting, device: str) -> Executor:
    """Return the executor that the environment names; `device` is auto, cpu or cuda, as in params.yaml.

    Raises InputError for an unknown executor, and where Ray or the device is missing.
    """
    name = os.environ.get(VARIABLE, "local")
    if name not in EXECUTORS:
        raise InputError(f"the environment variable {VARIABLE} is {name!r}; allowed: {', '.join(EXECUTORS)}")
    return EXECUTORS[name](make_setting, device)


def local(make_setting: MakeSetting, device: str) -> Executor:
    """Return the executor for this machine's own device."""
    here = resolve_device(device)
    setting = make_setting(here)

    def train(runs: Sequence[Run], progress: Progress, checkpoints: Checkpoints) -> list[Outcome]:
        return train_on_all_cores(runs, setting, progress, checkpoints)

    return Executor(device_name(here), device_kind(here), here, train)


def ray(make_setting: MakeSetting, device: str) -> Executor:
    """Return the executor for a Ray cluster; nothing else imports Ray."""
    try:
        from stages.training.cluster import Cluster
    except ModuleNotFoundError as error:
        raise InputError(
            f"the environment variable {VARIABLE} is 'ray', but Ray cannot be imported ({error}); "
            "install it with `python -m pip install .[cluster]`"
        ) from error
    cluster = Cluster(make_setting, device)
    return Executor(cluster.device, cluster.kind, torch.device("cpu"), cluster.train)


EXECUTORS = {"local": local, "ray": ray}
