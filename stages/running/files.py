"""Files that appear whole or not at all: written beside their place, then renamed into it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.running.errors import say

UNFINISHED = ".unfinished"  # how what is being written is called at its end


class NotWritten(OSError):
    """A file or folder cannot be written, for want of room or of permission; the text names it."""


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder` that takes its place when the block ends without an error."""
    folder = Path(folder)
    unfinished = beside(folder)
    if unfinished.exists():
        say(f"{unfinished} was left by a run that was broken off; it is removed")
        shutil.rmtree(unfinished)
    with _naming(folder):
        unfinished.mkdir(parents=True)
        try:
            yield unfinished
            if folder.exists():
                shutil.rmtree(folder)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def write_whole(file: Path, text: str) -> None:
    """Write `text` as UTF-8 to `file`, replacing what was there in one step."""
    write_bytes(file, text.encode("utf-8"))


def write_bytes(file: Path, content: bytes) -> None:
    """Write `content` to `file`, replacing what was there in one step, also where the machine stops meanwhile."""
    file = Path(file)
    unfinished = beside(file)
    with _naming(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("wb") as writing:
                writing.write(content)
                writing.flush()
                os.fsync(writing.fileno())
            os.replace(unfinished, file)
        finally:
            unfinished.unlink(missing_ok=True)


@contextmanager
def _naming(place: Path) -> Iterator[None]:
    """Name `place` in any write error: a full disk's error names no file."""
    try:
        yield
    except OSError as error:
        why = error.__cause__ if isinstance(error, NotWritten) else error  # of a file in the folder `place`
        raise NotWritten(f"{place}: cannot be written ({' '.join(str(why).split())})") from why


def beside(path: Path) -> Path:
    """Return where what is to take the place of `path` is written."""
    return path.with_name(f".{path.name}{UNFINISHED}")
