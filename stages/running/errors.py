"""Errors that a user can fix: one line that names the key, file or value, and what is allowed."""

import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from stages.running.interrupts import Interrupted, interruptible

AGAIN = "run `dvc repro` to rebuild it"  # ends the message about a damaged output of a stage


class InputError(Exception):
    """An invalid parameter, file or argument; the message is one line for the user."""


def unreadable(file: Path, error: Exception) -> InputError:
    """Return the error for a file of an earlier stage that is missing or damaged."""
    return InputError(f"{file}: missing or damaged ({' '.join(str(error).split())}); {AGAIN}")


def report_input_errors(main: Callable[[], None]) -> None:
    """Run a stage's `main`; turn an input error or an interrupt into one line on stderr and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8")  # the locale C has no × and ±
    try:
        with interruptible():
            main()
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
    except Interrupted as interrupted:
        with suppress(OSError):  # the terminal may be closed
            print("\ninterrupted", file=sys.stderr)
        sys.exit(128 + interrupted.number)


def say(text: str) -> None:
    """Print a one-line note to the user on stderr."""
    print(f"note: {text}", file=sys.stderr, flush=True)
