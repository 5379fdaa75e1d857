"""When training is looked at."""

from itertools import pairwise

import pytest

from stages.training.schedule import monitoring_schedule


@pytest.mark.parametrize(("updates", "points"), [(1, 2), (60_000, 48), (5_000_000, 100), (10, 100)])
def test_from_the_start_to_the_end_and_dense_early(updates, points):
    schedule = monitoring_schedule(updates, points)
    gaps = [after - before for before, after in pairwise(schedule)]
    assert (schedule[0], schedule[-1]) == (0, updates)
    assert min(gaps) >= 1
    assert len(schedule) <= points + 1
    assert all(later >= earlier - 1 for earlier, later in pairwise(gaps))
