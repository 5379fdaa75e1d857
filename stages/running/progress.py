"""The progress bar of long work: drawn over itself in a terminal, lines in a log."""

import io
import sys

from tqdm import tqdm

from stages.running.errors import say

tqdm.monitor_interval = 0  # its thread would be alive when the workers are forked
LINE_SECONDS = 30  # between two lines where the output is no terminal


class Lines(io.TextIOBase):
    """Standard error where it is no terminal, as in a log: each state of a bar becomes a line."""

    def write(self, text: str) -> int:
        if text.strip():
            print(text.strip(), file=sys.stderr, flush=True)
        return len(text)


def progress_bar(description: str, total: int, unit: str = " updates") -> tqdm:
    """Return a bar that goes to so many units, by default run-updates, with their rate and the time left."""
    terminal = sys.stderr.isatty()
    how = (
        {"mininterval": 1} if terminal else {"file": Lines(), "mininterval": LINE_SECONDS, "miniters": 1, "ncols": 100}
    )
    return tqdm(total=total, desc=description, unit=unit, unit_scale=True, smoothing=0.05, **how)


def advance(bar: tqdm, done: int, restored: int) -> None:
    """Add to the bar what was done and what was restored from checkpoints, which does not count towards the rate."""
    if restored:
        bar.initial += restored
        bar.n += restored
        say(f"{bar.desc} resumes from its checkpoints: {bar.initial:,} of {bar.total:,}{bar.unit} are done")
    bar.update(done)
