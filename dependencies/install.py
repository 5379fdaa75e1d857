"""The pinned packages, with the build of torch that fits this machine: `python -m dependencies.install`.

The variable TORCH overrules the choice. It needs only the standard library, since it runs before anything is installed.
"""

import os
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from dependencies.lock import LOCK
from stages.running.errors import InputError, report_input_errors, say

# torch 2.13.0 is 2.13.0+cpu there: `==2.13.0` allows both, and pip takes the +cpu, which sorts higher
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
DRIVER = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"))  # where NVIDIA's is loaded
TIMEOUT = 20  # seconds


def main() -> None:
    """Install the lock, with pip's exit status."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    if takes_cpu_build(os.environ.get("TORCH", "")):
        command += cpu_index()
    sys.exit(subprocess.run([*command, "--requirement", str(LOCK)], check=False).returncode)


def takes_cpu_build(asked: str) -> bool:
    """Return whether torch's build without CUDA is `asked` for or, where nothing is, fits this machine.

    Off Linux there is no choice: the default index has the only build. Raises InputError for another build.
    """
    if asked not in ("", "cuda", "cpu"):
        raise InputError(f"TORCH is {asked!r}; allowed: cuda, cpu, or nothing for the one that fits this machine")
    if asked:
        return asked == "cpu"
    return sys.platform == "linux" and not has_gpu()


def has_gpu() -> bool:
    """Return whether NVIDIA's driver is loaded, or its tool finds a GPU."""
    if any(sign.exists() for sign in DRIVER):
        return True
    try:
        return subprocess.run(["nvidia-smi"], capture_output=True, timeout=TIMEOUT, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def cpu_index() -> list[str]:
    """Return pip's option for the index of CPU builds, beside those that are set; none where it cannot be reached.

    Without the check pip would try for minutes, and then download CUDA without a word.
    """
    try:
        urlopen(f"{CPU_INDEX}/torch/", timeout=TIMEOUT).close()
    except (OSError, HTTPException) as error:
        say(
            f"{CPU_INDEX} could not be reached ({' '.join(str(error).split())}), so torch comes from the default "
            "index and may bring 3 GB of CUDA libraries; everything works with them; to try again: `make clean setup`"
        )
        return []
    say("torch comes in its CPU build (200 MB); for CUDA (3 GB) run `make clean setup TORCH=cuda`")
    return ["--extra-index-url", CPU_INDEX]


if __name__ == "__main__":
    report_input_errors(main)
