"""Which run a search chooses."""

from collections.abc import Sequence

from stages.training.training import Outcome


def chosen_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the run with the lowest validation error at the end; runs that diverged are not chosen.

    Of several with the same error the one with the highest learning rate: where nothing was learned at any rate, as by
    the sigmoid, it is the one that has moved the farthest.
    """
    finite = [outcome for outcome in outcomes if outcome.diverged_at is None]
    return min(finite, key=lambda one: (one.observations[-1]["validation_error"], -one.run.learning_rate))
