"""What requirements.lock pins."""

import re
from pathlib import Path

LOCK = Path("requirements.lock")


def pinned(text: str) -> dict[str, str]:
    """The version of each package in the `text` of a lock, in its order, on whichever Python each is installed."""
    return dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", text))
