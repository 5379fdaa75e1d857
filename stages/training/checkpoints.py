"""Checkpoints of unfinished work, kept outside the outputs, which DVC deletes before it restarts a stage.

A checkpoint's key is a digest of everything that determines the result, and of nothing else. A resumed training ends
with the same bits as one that was never stopped.
"""

import hashlib
import importlib.metadata
import json
import platform
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from stages.running.errors import say
from stages.running.files import beside, write_bytes
from stages.training.sealed import seal, unseal

FOLDER = Path("data/checkpoints")
EXEMPT = ("checking", "running", "params/datasets.py")  # code that changes no result
LIBRARIES = ("torch", "numpy", "pandas", "pyarrow", "safetensors")
EVERY_SECONDS = 60
TIMES_AS_LONG = 50  # the shortest pause, in times of the last writing: at most 2 % of the time goes into it


class Resumable(Protocol):
    """Work that can be stopped and resumed."""

    name: str
    """which no other work of the same stage has"""

    def pack(self) -> bytes:
        """Return all that is needed to resume from here."""

    def resume(self, packed: bytes) -> int:
        """Resume where work of the same name was packed; return how much of it was done, in run-updates or trials."""


class Checkpoints:
    """A stage's checkpoints, a file for each piece of work, in a folder that nothing else writes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()  # a cluster's workers run in other folders
        self._every_seconds, self._times_as_long = EVERY_SECONDS, TIMES_AS_LONG
        self._next: float | None = None

    def due(self) -> bool:
        """Return whether it is time for the next checkpoint; the clock starts at the first call."""
        now = time.monotonic()
        if self._next is None:
            self._next = now + self._every_seconds
        return now >= self._next

    def keep(self, work: Iterable[Resumable]) -> None:
        """Write a checkpoint of all `work`. Where the disk refuses, print a note: training can go on."""
        start = time.monotonic()
        try:
            for one in work:
                write_bytes(self._file(one.name), seal(one.pack()))
        except OSError as error:
            say(f"no checkpoint could be written ({error})")
        end = time.monotonic()
        self._next = end + max(self._every_seconds, self._times_as_long * (end - start))

    def resume(self, work: Iterable[Resumable]) -> int:
        """Resume all `work` that has a checkpoint; return how much of it was done, in run-updates or trials.

        A checkpoint that is damaged or half-written is removed with a note.
        """
        done = 0
        for one in work:
            file = self._file(one.name)
            if beside(file).exists():
                say(f"the checkpoint {beside(file)} is removed: it was not written to its end")
                beside(file).unlink()
            if not file.exists():
                continue
            try:
                packed = unseal(file.read_bytes())
            except ValueError as error:
                say(f"the checkpoint {file} is removed: {error}")
                file.unlink()
            else:
                done += one.resume(packed)
        return done

    def remove(self) -> None:
        """Remove all checkpoints: the work is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.checkpoint"


def checkpoints_of(name: str, parameters: dict[str, Any], data: Sequence[Path], device: str) -> Checkpoints:
    """Return the checkpoints of work that depends on these parameters, files and device; the folder starts with `name`.

    Their key also holds the versions of Python and of LIBRARIES, and the code: all files, in C as well, of every room
    that this process has imported from, except EXEMPT ones. (Which modules of a room are imported depends on the
    executor.)
    """
    modules = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    root = Path(__file__).parent.parent
    imported = {Path(file) for file in modules if file and Path(file).is_relative_to(root)}
    folders = {file.parent for file in imported} - {root}
    beside = imported.union(*(folder.glob(name) for folder in folders for name in ("*.py", "*.c")))
    code = {file for file in beside if not any(file.is_relative_to(root / exempt) for exempt in EXEMPT)}
    key = {
        "parameters": parameters,
        "data": {file.as_posix(): _digest(file) for file in data},
        "code": {file.relative_to(root).as_posix(): _digest(file) for file in code},
        "device": device,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "python": platform.python_version(),
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return Checkpoints(FOLDER / f"{name}-{digest[:16]}")


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
