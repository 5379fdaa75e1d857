"""The words of a claim's numbers are found by their keys."""

import pytest

from stages.claims.claim import phrase

WORDS = {
    "difference_percent": "difference of {number} points",
    "{}_depth_{}_percent": "{} with {} hidden layers: {number} %",
    "{}_percent": "{}: {number} %",
    "share_{}": "{share} of {}",
}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("difference_percent", "difference of 0.5 points"),  # the first key that fits
        ("tanh_depth_4_percent", "tanh with 4 hidden layers: 0.5 %"),
        ("my_tanh_percent", "my tanh: 0.5 %"),
        ("share_closed", "50 % of closed"),
        ("{number}_percent", "{number}: 0.5 %"),
        ("percent", "percent: 0.5"),
        ("older_{number}", "older {number}: 0.5"),
    ],
)
def test_a_number_has_the_first_phrase_that_fits_its_key_or_the_key_itself(key, words):
    assert phrase(WORDS, key, "0.5", "50 %") == words
