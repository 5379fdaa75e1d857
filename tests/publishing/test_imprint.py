"""The imprint of a published page."""

import pytest

from publishing.commit import Commit
from publishing.imprint import UNPUBLISHED, duration, durations, imprinted
from stages.running.errors import InputError

COMMIT = Commit("0123456789abcdef", "2026-01-02T03:04:05+00:00", "Compare a < b & c")


def test_the_page_names_its_commit_and_stays_html():
    page = imprinted(f"<main>{UNPUBLISHED}</main>", COMMIT, {"a & b": 'x"y.csv'}, {})
    assert page.startswith('<main><p id="edition">Drawn from commit <code>0123456789</code> of 2026-01-02: ')
    assert "Compare a &lt; b &amp; c." in page
    assert '<a href="x&quot;y.csv">a &amp; b</a>' in page


def test_a_page_without_a_place_for_the_imprint_is_refused_in_one_line():
    with pytest.raises(InputError, match="no place for the commit"):
        imprinted("<main></main>", COMMIT, {}, {})


def test_stages_of_many_models_are_summed_and_the_longest_comes_first():
    sentence = durations({"judge": 3.2, "train@shapeset-tanh": 200.0, "train@shapeset-sigmoid": 160.4})
    assert sentence == "Durations of the last runs: train 6 min (2 times), judge 3 s."


def test_missing_durations_are_explained():
    assert "not measured here" in durations({})


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (110, "2 min"), (7200, "2.0 h")])
def test_durations_are_given_in_a_readable_unit(seconds, text):
    assert duration(seconds) == text
