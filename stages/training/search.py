"""What every search among runs has in common: its progress bar, and which run is chosen."""

import io
import sys
from collections.abc import Sequence

from tqdm import tqdm

from stages.running.errors import say
from stages.training.checkpoints import Checkpoints
from stages.training.training import Outcome

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


def advance(bar: tqdm, checkpoints: Checkpoints, run_updates: int) -> None:
    """Take the run-updates done into the bar, and those that were done before and have been restored, at no speed."""
    restored = checkpoints.restored - bar.initial
    if restored:
        say(f"{bar.desc} goes on from its checkpoints: {checkpoints.restored:,} run-updates are done")
        bar.initial += restored
        bar.n += restored
    bar.update(run_updates)


def chosen_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the run with the lowest validation error at the end; runs that diverged are not chosen.

    Of several with the same error the one with the highest learning rate: where nothing was learned at any rate, as by
    the sigmoid, it is the one that has moved the farthest.
    """
    finite = [outcome for outcome in outcomes if outcome.diverged_at is None]
    return min(finite, key=lambda one: (one.observations[-1]["validation_error"], -one.run.learning_rate))
