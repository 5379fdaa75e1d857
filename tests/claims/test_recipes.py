"""A recipe in words: its units, its initialization and everything else that is special."""

import pytest

from stages.claims.recipes import in_words
from stages.params import Model
from tests.claims.made_up import PRETRAINING


@pytest.mark.parametrize(
    ("special", "said"),
    [
        ({}, "tanh units, lecun initialization"),
        ({"update_rule": "hessian"}, "tanh units, lecun initialization, learning rates from the Hessian"),
        ({"cost": "quadratic", "gain": 1.5}, "tanh units, lecun initialization with gain 1.5, quadratic cost"),
        ({"width_profile": [0.5, 1]}, "tanh units, lecun initialization, widths × 0.5, 1"),
        ({"pretraining": PRETRAINING}, "tanh units, lecun initialization, pre-trained"),
        ({"batch_normalization": True}, "tanh units, lecun initialization, batch normalization"),
    ],
)
def test_what_is_special_about_a_recipe_is_said(special, said):
    assert in_words(Model("tanh", "lecun", **special)) == said
