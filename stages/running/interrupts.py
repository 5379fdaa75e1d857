"""Signals that end a process: Ctrl-C, a closed terminal, or SIGTERM, which schedulers send when time is up."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """This process received a signal to end; `number` is the signal's, and the usual exit status is 128 + number."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside the block, a signal to end raises Interrupted at once."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Interrupted(number)

    with _handled(end):
        yield


@contextmanager
def deferred() -> Iterator[Callable[[], None]]:
    """Inside the block, delay a signal to end: the yielded function raises Interrupted, and so does the block's end."""
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)

    def check() -> None:
        if received:
            raise Interrupted(received[0])

    with _handled(remember):
        yield check
    check()


def become_worker() -> None:
    """Ignore the terminal's signals, which the parent receives too; SIGTERM ends this process as usual."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals to end with `handler`, except ignored ones, such as SIGHUP under `nohup`."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread receives signals
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
