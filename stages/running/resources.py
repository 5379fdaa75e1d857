"""The memory and disk that this machine has available, and the refusal of work that does not fit."""

import math
import os
import re
import shutil
from pathlib import Path

from stages.running.errors import InputError

GIBIBYTE = 2**30


def available_memory() -> int:
    """Return the bytes of main memory that this process can still use."""
    file = Path("/proc/meminfo")
    available = re.search(r"MemAvailable:\s+(\d+) kB", file.read_text()) if file.is_file() else None
    there = 1024 * int(available[1]) if available else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(there, _allowed_bytes())


def _allowed_bytes() -> float:
    """Return how many bytes more this container or job may use, by Linux' control groups."""
    limit, used = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    text = limit.read_text().strip() if limit.is_file() and used.is_file() else "max"
    return math.inf if text == "max" else int(text) - int(used.read_text())


def check_memory(needed: int, available: int) -> None:
    """Raise InputError where fewer than `needed` bytes of memory are available."""
    if needed > available:
        raise InputError(
            f"params.yaml: training all runs of a model at once takes about {needed / GIBIBYTE:,.1f} GiB, but "
            f"only {available / GIBIBYTE:,.1f} GiB are available; lower hidden_units, hidden_layers, "
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
