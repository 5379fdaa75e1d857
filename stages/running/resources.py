"""The memory and disk that this machine has available, and the refusal of work that does not fit."""

from __future__ import annotations

import math
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from stages.running.errors import InputError

if TYPE_CHECKING:
    import torch

GIBIBYTE = 2**30


def available_bytes(device: torch.device) -> int:
    """Return the bytes of memory available on `device`."""
    if device.type == "cuda":
        import torch

        kept_by_torch = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept_by_torch
    told = Path("/proc/meminfo")
    available = re.search(r"MemAvailable:\s+(\d+) kB", told.read_text()) if told.is_file() else None
    there = 1024 * int(available[1]) if available else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(there, _allowed_bytes())


def _allowed_bytes() -> float:
    """Return how many bytes more this container or job may use, by Linux' control groups."""
    most, taken = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    told = most.read_text().strip() if most.is_file() and taken.is_file() else "max"
    return math.inf if told == "max" else int(told) - int(taken.read_text())


def check_memory(needed: int, device: torch.device) -> None:
    """Raise InputError where `device` has fewer than `needed` bytes available."""
    available = available_bytes(device)
    if needed > available:
        raise InputError(
            f"params.yaml: training all runs of a model at once takes about {needed / GIBIBYTE:,.1f} GiB, but "
            f"{device} has only {available / GIBIBYTE:,.1f} GiB available; lower hidden_units, hidden_layers, "
            "batch_size, or the number of learning_rates or seeds"
        )


def check_disk(needed: int, folder: Path) -> None:
    """Raise InputError where `needed` bytes do not fit into `folder` and the free space of its disk."""
    has = sum(file.stat().st_size for file in folder.glob("*"))
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if needed > free + has:
        raise InputError(
            f"{folder}: the checkpoints of all runs of a model take about {needed / GIBIBYTE:,.2f} GiB, and "
            f"{free / GIBIBYTE:,.2f} GiB are free; make room (`make clean-checkpoints` removes unfinished training), "
            "or lower hidden_units, hidden_layers, or the number of learning_rates or seeds"
        )
