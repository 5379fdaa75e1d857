"""The chosen run has the lowest validation error; of equal ones, the highest learning rate."""

from itertools import permutations

from stages.handover.choice import preference


def test_the_lowest_error_is_preferred_and_of_equal_ones_the_highest_rate():
    best, slower, worse = (0.2, 0.5), (0.2, 0.1), (0.3, 0.9)
    for runs in permutations([best, slower, worse]):
        assert sorted(runs, key=lambda run: preference(*run)) == [best, slower, worse]
