"""JSON objects that one stage leaves for another."""

import json
from pathlib import Path
from typing import Any

from stages.running.errors import AGAIN, InputError, unreadable


def read_json(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file; raises InputError where it cannot be read or is something else."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(file, error) from error
    if not isinstance(found, dict):
        raise InputError(f"{file}: damaged (no values by their names); {AGAIN}")
    return found
