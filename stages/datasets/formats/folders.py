"""The files in a folder that a user names, some levels deep, and what to say where the right ones are missing."""

import os
from itertools import islice
from pathlib import Path

from stages.running.errors import say

DEEPEST = 3  # folders below the one that is named, such as MNIST/raw/train-images-idx3-ubyte/
MOST = 10_000  # files to look at: somebody may name the whole disk
SHOWN = 8  # names in a message


def files_below(folder: Path) -> list[Path]:
    """Return the files in `folder` and up to `DEEPEST` folders below, the least deep first; no dot files."""
    found = []
    for here, folders, names in os.walk(folder, followlinks=True):
        depth = len(Path(here).relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and depth < DEEPEST)
        found += [(depth, Path(here, name)) for name in names if not name.startswith(".")]
        if len(found) > MOST:
            say(f"{folder} has more than {MOST:,} files; only the first ones are looked at")
            break
    return [file for _, file in sorted(found)]


def holding(folder: Path) -> str:
    """Return what `folder` holds, such as "it holds a, b and 12 more"."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name + "/" * entry.is_dir() for entry in islice(entries, MOST))
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    if not names:
        return "it is empty"
    more = len(names) - SHOWN
    shown = ", ".join(name if name.isprintable() else ascii(name)[1:-1] for name in names[:SHOWN])
    return f"it holds {shown} and {more:,} more" if more > 0 else f"it holds {shown}"
