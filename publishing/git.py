"""Run one git command; return its output or raise a one-line error."""

import os
import subprocess
from pathlib import Path

from stages.running.errors import InputError


def git(*arguments: str, folder: Path = Path(), **environment: str) -> str:
    """Return the output of a git command; raises InputError with its last error line, without hints, if it fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reasons = [line for line in done.stderr.strip().splitlines() if not line.startswith("hint:")]
        raise InputError(f"git {arguments[0]}: {reasons[-1] if reasons else f'exit status {done.returncode}'}")
    return done.stdout.rstrip("\n")


def has(revision: str) -> bool:
    """Whether this repository knows `revision`."""
    done = subprocess.run(["git", "rev-parse", "--quiet", "--verify", revision], capture_output=True, check=False)
    return done.returncode == 0
