"""Errors that a person can mend: one line that names the key, file or value, and what is allowed."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from stages.running.interrupts import Interrupted, interruptible

AGAIN = "`dvc repro` makes it anew"  # what a stage made and is damaged


class InputError(Exception):
    """A parameter, file or argument that cannot be used; its text is the one line that the user reads."""


def unreadable(file: Path, error: Exception) -> InputError:
    """Return the error for a file of an earlier stage that is missing or damaged."""
    return InputError(f"{file}: missing or damaged ({' '.join(str(error).split())}); {AGAIN}")


def report_input_errors(main: Callable[[], None]) -> None:
    """Run a stage's `main`; what a person can mend, or did, becomes one line on stderr and an exit status."""
    try:
        with interruptible():
            main()
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
    except Interrupted as interrupted:
        with suppress(OSError):  # where the terminal is gone
            print("\ninterrupted", file=sys.stderr)
        sys.exit(128 + interrupted.number)


def say(text: str) -> None:
    """Tell the user in one line what happened that is no error."""
    print(f"note: {text}", file=sys.stderr, flush=True)
