"""The name of the processor."""

import os
import platform
from pathlib import Path


def processor() -> str:
    """Return the processor's name and the number of its cores, in words."""
    return f"{processor_kind()}, {os.cpu_count()} cores"


def processor_kind() -> str:
    """Return the processor's name."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
