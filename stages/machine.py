"""What the processor calls itself."""

import os
import platform
from pathlib import Path


def processor() -> str:
    """Return the processor's name and the number of its cores, in words."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
