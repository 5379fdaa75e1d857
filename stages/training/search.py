"""The choice among the runs of a search."""

from collections.abc import Sequence

from stages.handover.choice import preference
from stages.training.training import Outcome


def chosen_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the run whose kept network has the lowest validation error, among those that did not diverge.

    Ties go to the highest learning rate: where no rate learned anything, as for the sigmoid, that run moved farthest.
    """
    finite = [outcome for outcome in outcomes if outcome.diverged_at is None]
    return min(finite, key=lambda one: preference(one.best["validation_error"], one.run.learning_rate))
