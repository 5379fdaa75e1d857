"""How much memory a function needs, whatever else the tests' process is doing."""

import gc
import multiprocessing
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


def peak_bytes(work: Callable[..., object], *arguments: object) -> int:
    """Return the most bytes that Python holds at once for `work(*arguments)`, both such that they can be pickled.

    Measured in a process of its own, since tracemalloc counts what any thread allocates.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_traced, work, *arguments).result()


def _traced(work: Callable[..., object], *arguments: object) -> int:
    gc.freeze()  # or what the imports made would put off the collection of the work's own garbage
    tracemalloc.start()
    work(*arguments)
    return tracemalloc.get_traced_memory()[1]
