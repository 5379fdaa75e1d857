"""How much memory and disk training takes, and whether it is there."""

import math
import os
import re
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch

from stages.descent.sgd import FOLDED_UPDATES
from stages.running.errors import InputError

FLOAT = 4  # bytes
COPIES = 4  # of a run's parameters: in training, the initial ones, and both while they are handed over
OBSERVED_BYTES = 4 * 2**20  # of what is observed of a run, at the most: about 50 times the histograms of six layers
GIBIBYTE = 2**30


def parameter_bytes(sizes: Sequence[int]) -> int:
    """Return the bytes of the parameters of a network with layers of `sizes`: inputs, hidden layers…, classes."""
    return FLOAT * sum((below + 1) * above for below, above in pairwise(sizes))


def needed_bytes(sizes: Sequence[int], batch_size: int, block_updates: int, kept_copies: int = 0) -> int:
    """Return about how many bytes of memory it takes to train one run with layers of `sizes`.

    `kept_copies` are those of the parameters that are kept in training beside the network's own.
    """
    rows = 3 * FOLDED_UPDATES * batch_size * sum(sizes)
    block = block_updates * batch_size * (sizes[0] + 2 * sizes[-1])
    return (COPIES + kept_copies) * parameter_bytes(sizes) + FLOAT * (rows + block)


def checkpoint_bytes(sizes: Sequence[int], kept_copies: int = 0) -> int:
    """Return about how many bytes of disk the state of one run takes, at times beside an older one of it."""
    return 2 * ((2 + kept_copies) * parameter_bytes(sizes) + OBSERVED_BYTES)


def available_bytes(device: torch.device) -> int:
    """Return how many bytes could be had on `device`."""
    if device.type == "cuda":
        kept_by_torch = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept_by_torch
    told = Path("/proc/meminfo")
    available = re.search(r"MemAvailable:\s+(\d+) kB", told.read_text()) if told.is_file() else None
    there = 1024 * int(available[1]) if available else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(there, _allowed_bytes())


def _allowed_bytes() -> float:
    """Return how many bytes more a container or a scheduler's job may take, as Linux' control groups have it."""
    most, taken = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    told = most.read_text().strip() if most.is_file() and taken.is_file() else "max"
    return math.inf if told == "max" else int(told) - int(taken.read_text())


def check_memory(needed: int, device: torch.device) -> None:
    """Raise InputError where `needed` bytes are more than `device` has."""
    available = available_bytes(device)
    if needed > available:
        raise InputError(
            f"params.yaml: training all runs of a model at once takes about {needed / GIBIBYTE:,.1f} GiB, of which "
            f"{device} has {available / GIBIBYTE:,.1f} GiB; lower hidden_units, hidden_layers, batch_size, or the "
            "number of learning_rates or seeds"
        )


def check_disk(needed: int, folder: Path) -> None:
    """Raise InputError where `needed` bytes are more than `folder` has, or could have on its disk."""
    has = sum(file.stat().st_size for file in folder.glob("*"))
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if needed > free + has:
        raise InputError(
            f"{folder}: the checkpoints of all runs of a model take about {needed / GIBIBYTE:,.2f} GiB, and "
            f"{free / GIBIBYTE:,.2f} GiB are free; make room (`make clean-checkpoints` removes unfinished training), "
            "or lower hidden_units, hidden_layers, or the number of learning_rates or seeds"
        )
