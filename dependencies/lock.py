"""The packages that requirements.lock pins."""

import re
from pathlib import Path

LOCK = Path("requirements.lock")


def pinned(text: str) -> dict[str, str]:
    """Return package → version from the `text` of a lock, in its order, for every Python version."""
    return dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", text))
