"""Which of a model's runs is chosen."""


def preference(validation_error: float, learning_rate: float) -> tuple[float, float]:
    """Return a sort key for runs that did not diverge; the run with the smallest key is chosen.

    The lowest validation error, that of the run's kept network, comes first. Of runs with equal errors, the highest
    learning rate does: if no rate learned anything, as often with the sigmoid, that run has moved farthest.
    """
    return validation_error, -learning_rate
