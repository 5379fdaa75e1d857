"""The monitored updates: dense at first, when saturation sets in, then ever sparser."""

from collections.abc import Sequence

EARLY_ERRORS_EVERY = 4  # monitored updates: error rates need whole splits, the layers' statistics only a few examples


def monitoring_schedule(updates: int, points: int) -> list[int]:
    """Return increasing update numbers from 0 to `updates`, about `points` of them, spaced as the cubes."""
    return sorted({round(updates * (point / points) ** 3) for point in range(points + 1)})


def error_updates(schedule: Sequence[int]) -> list[int]:
    """Return the updates of `schedule` at which the error rates are evaluated too.

    They are all in the second half of training, where the network that is kept is likely to be, and some before.
    """
    late = [update for update in schedule if update >= schedule[-1] / 2]
    return sorted({*schedule[::EARLY_ERRORS_EVERY], *late})
