"""When training is looked at."""

from itertools import pairwise

import pytest

from stages.training.schedule import error_updates, monitoring_schedule


@pytest.mark.parametrize(("updates", "points"), [(1, 2), (60_000, 48), (5_000_000, 100), (10, 100)])
def test_from_the_start_to_the_end_and_dense_early(updates, points):
    schedule = monitoring_schedule(updates, points)
    gaps = [after - before for before, after in pairwise(schedule)]
    assert (schedule[0], schedule[-1]) == (0, updates)
    assert min(gaps) >= 1
    assert len(schedule) <= points + 1
    assert all(later >= earlier - 1 for earlier, later in pairwise(gaps))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ([0, 1, 2, 5, 9, 20, 30, 49, 50, 70, 100], [0, 9, 50, 70, 100]),  # every fourth, and all from the half on
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 100], [0, 4, 8, 100]),
        ([0, 1, 2], [0, 1, 2]),
        ([0, 3], [0, 3]),
        (range(10), [0, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_errors_are_evaluated_now_and_then_and_at_every_late_update(schedule, expected):
    assert error_updates(schedule) == expected


def test_most_error_rates_are_evaluated_where_the_kept_network_is_likely_to_be():
    """Of 48 points after the start, the 39th is the first in the second half of training."""
    schedule = monitoring_schedule(60_000, 48)
    found = error_updates(schedule)
    assert sum(update >= 30_000 for update in found) == sum(update >= 30_000 for update in schedule) == 10
    assert sum(update < 30_000 for update in found) == 10
