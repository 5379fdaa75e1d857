"""Which entries of a column are marked: the best, and what McNemar's test cannot tell from it."""

import pytest

from stages.claims.marks import Mark, marks
from stages.running.errors import InputError
from tests.claims.made_up import predictions


def test_the_best_and_what_cannot_be_told_from_it_are_marked():
    # beside the best, 8 more errors have p = 2/2⁸ = 0.0078, and 9 more 2/2⁹ = 0.0039
    found = marks({"far": predictions(50), "best": predictions(10), "nine": predictions(19), "eight": predictions(18)})
    assert found == {
        "far": Mark(pytest.approx(2 / 2**40), False),
        "best": Mark(1.0, True),
        "nine": Mark(pytest.approx(2 / 2**9), False),
        "eight": Mark(pytest.approx(2 / 2**8), True),
    }


def test_images_may_lie_in_another_order():
    table = predictions(30)
    assert marks({"one": table, "same": table.sample(frac=1, random_state=1)})["same"] == Mark(1.0, True)


def test_other_test_images_are_one_line():
    other = predictions(10).assign(label=1)
    with pytest.raises(InputError, match="of one and two are of different test images"):
        marks({"one": predictions(10), "two": other})
