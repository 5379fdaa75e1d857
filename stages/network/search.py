"""What every search among runs has in common: its progress bar, and which run is chosen."""

from collections.abc import Sequence

from tqdm import tqdm

from stages.network.training import Outcome

tqdm.monitor_interval = 0  # its thread would be alive when the workers are forked


def progress_bar(description: str, updates: int) -> tqdm:
    """Return a bar that goes to so many run-updates, with their rate and the time left."""
    return tqdm(total=updates, desc=description, unit=" updates", unit_scale=True, mininterval=1, smoothing=0.05)


def chosen_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the run with the lowest validation error at the end; runs that diverged are not chosen.

    Of several with the same error the one with the highest learning rate: where nothing was learned at any rate, as by
    the sigmoid, it is the one that has moved the farthest.
    """
    finite = [outcome for outcome in outcomes if outcome.diverged_at is None]
    return min(finite, key=lambda one: (one.observations[-1]["validation_error"], -one.run.learning_rate))
