"""Being told to end: by Ctrl-C, by a terminal that is closed, or by SIGTERM, as a scheduler does when time is up."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    """Within, a signal to end waits for the next call of what is yielded, or the end, which raises Interrupted."""
    told: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        told.append(number)

    def check() -> None:
        if told:
            raise Interrupted(told[0])

    with _handled(remember):
        yield check
    check()


def become_worker() -> None:
    """Leave it to the parent, who is told as well, what a terminal says; SIGTERM ends this process as usual."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


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
