"""Errors that a person can mend: one line that names the key, file or value, and what is allowed."""

import signal
import sys
from collections.abc import Callable


class InputError(Exception):
    """A parameter, file or argument that cannot be used; its text is the one line that the user reads."""


def report_input_errors(main: Callable[[], None]) -> None:
    """Run a stage's `main`; what a person can mend, or did, becomes one line on stderr and an exit status."""
    try:
        main()
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
