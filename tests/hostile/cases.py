"""How many cases a test runs: all of them in `make test-all`, a share of them in `make test`."""

import os

from hypothesis import settings

SHARE = float(os.environ.get("HOSTILE_SHARE", "1"))


def cases(count: int) -> settings:
    """Have a test run SHARE of `count` cases, and one at least."""
    return settings(max_examples=max(1, round(SHARE * count)))
