"""Recipes against the registries, and each pair of options that does not go together, in one line."""

from dataclasses import replace

import pytest

from stages.checking.models import check_models
from stages.params import Model, Pretraining, load_params
from stages.running.errors import InputError
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Model("thanh", "standard"), "models.mine.activation is 'thanh'; allowed: sigmoid, tanh, softsign"),
        (Model("tanh", "xavier"), "models.mine.initialization is 'xavier'; allowed: standard, normalized"),
        (Model("tanh", "standard", cost="cubic"), "models.mine.cost is 'cubic'; allowed: cross_entropy, quadratic"),
        (
            Model("tanh", "standard", pretraining=Pretraining("salt", 0.2, 0.1, 0.1)),
            "corruption is 'salt'; allowed: masking",
        ),
        (
            Model("tanh", "standard", pretraining=Pretraining("masking", 1.5, 0.1, 0.1)),
            "models.mine.pretraining.level is 1.5; allowed: with masking, a number above 0 and below 1",
        ),
        (
            Model("relu", "standard", pretraining=Pretraining("masking", 0.2, 0.1, 0.1)),
            "needs bounded units, but activation",
        ),
        (Model("tanh", "standard", gain=2.0), "models.mine.gain is 2.0, but models.mine.initialization is 'standard'"),
        (Model("tanh", "constant_variance"), "the key models.mine.gain is missing; constant_variance needs it"),
        (
            Model("tanh", "sparse", connections=300),
            "connections is 300; allowed: a whole number from 1 to 256",
        ),
        (
            Model("tanh", "standard", "hessian", batch_normalization=True),
            "models.mine.update_rule is 'hessian', but models.mine.batch_normalization is true; allowed: only sgd",
        ),
        (
            Model("tanh", "standard", pretraining=Pretraining("masking", 0.2, 0.1, 0.1), batch_normalization=True),
            "models.mine has pretraining, but models.mine.batch_normalization is true; allowed: one of the two",
        ),
        (Model("tanh", "standard", width_profile=[1, 2]), "models.mine.width_profile has 2 numbers; allowed: one for"),
        (
            Model("tanh", "standard", width_profile=[1] * 5, hidden_layers=[5, 4]),
            "has 5 numbers; allowed: one for each of the 4 hidden layers",
        ),
    ],
)
def test_recipes_are_checked_against_the_registries(model, words):
    with pytest.raises(InputError) as caught:
        check_models(replace(load_params(REPOSITORY / "params.yaml"), models={"mine": model}))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("special", "words"),
    [
        ({"batch_normalization": True}, r"batch_size is 1, but models\.mine\.batch_normalization is true; all"),
        ({"update_rule": "gradient_variance"}, r"batch_size is 1, but models\.mine\.update_rule is gradient_var"),
    ],
)
def test_a_variance_needs_more_than_one_example_in_a_mini_batch(special, words):
    params = load_params(REPOSITORY / "params.yaml")
    params = replace(params, models={"mine": Model("tanh", "standard", **special)})
    for batch_size in (1, 2):
        scales = {params.scale: replace(params.settings, batch_size=batch_size)}
        if batch_size > 1:
            check_models(replace(params, scales=scales))
        else:
            with pytest.raises(InputError, match=words):
                check_models(replace(params, scales=scales))
