"""Errors that a person can mend: one line that names the key, file or value, and what is allowed."""

import sys
from collections.abc import Callable


class InputError(Exception):
    """A parameter, file or argument that cannot be used; its text is the one line that the user reads."""


def report_input_errors(main: Callable[[], None]) -> None:
    """Run a stage's `main`; an `InputError` becomes one line on stderr and exit status 1."""
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
