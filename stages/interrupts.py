"""Being told to end: by Ctrl-C, by a terminal that is closed, or by SIGTERM, as a scheduler does when time is up."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interrupted(BaseException):
    """This process was told to end, by the signal of its `number`; the usual exit status is 128 more."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, a signal to end raises Interrupted wherever the program is."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    with _handled(end):
        yield


@contextmanager
def deferred() -> Iterator[Callable[[], None]]:
    """Within, a signal to end waits for the next call of what is yielded, which then raises Interrupted."""
    told: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        told.append(number)

    def check() -> None:
        if told:
            raise Interrupted(told[0])

    with _handled(remember):
        yield check


def ignore_endings() -> None:
    """Have this process end by other means: it is a worker, whose parent is told as well and ends it."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals to end by `handler`, but for those that are ignored, as `nohup` has it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are for the main thread alone
        return
    before = {number: signal.getsignal(number) for number in ENDING}
    handled = [number for number, was in before.items() if was not in (signal.SIG_IGN, None)]
    for number in handled:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])
