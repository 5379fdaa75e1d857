"""Recipes against the registries, and each pair of options that does not go together, in one line."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from stages.checking.models import check_models
from stages.params import Model, Pretraining, load_params
from stages.running.errors import InputError
from tests.conftest import REPOSITORY


def pretraining(
    decoder="units", corruption="masking", level=0.2, updates=MappingProxyType({"laptop": 5})
) -> Pretraining:
    return Pretraining(decoder, corruption, level, learning_rate=0.1, updates=dict(updates))


@pytest.mark.parametrize(
    "model",
    [
        Model("tanh", "standard", pretraining=pretraining(corruption="gaussian", level=1.5)),
        Model("relu", "standard", pretraining=pretraining("linear")),
        Model("relu", "standard", pretraining=pretraining("linear", "gaussian", level=2)),
        Model("sigmoid", "standard", pretraining=pretraining("units", "blackening", level=0.99)),
        Model("softsign", "standard", pretraining=pretraining("linear", "blackening")),
    ],
)
def test_pretraining_that_fits_the_units_is_allowed(model):
    params = load_params(REPOSITORY / "params.yaml")
    check_models(replace(params, models={"mine": model}))


def test_pretraining_needs_updates_for_the_scale_in_use_only():
    params = load_params(REPOSITORY / "params.yaml")
    params = replace(params, models={"mine": Model("tanh", "standard", pretraining=pretraining())})
    check_models(params)
    with pytest.raises(
        InputError, match=r"^params\.yaml: the key models\.mine\.pretraining\.updates\.paper is missing$"
    ):
        check_models(replace(params, scale="paper"))


def test_a_models_own_width_bounds_its_connections():
    """The width of the layer below is the model's, not the scale's 256."""
    params = load_params(REPOSITORY / "params.yaml")
    sparse = Model("tanh", "sparse", connections=300, hidden_units=300)
    check_models(replace(params, models={"mine": sparse}))
    with pytest.raises(InputError, match="connections is 300; allowed: a whole number from 1 to 299"):
        check_models(replace(params, models={"mine": replace(sparse, hidden_units=299)}))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Model("thanh", "standard"), "models.mine.activation is 'thanh'; allowed: sigmoid, tanh, softsign"),
        (Model("tanh", "xavier"), "models.mine.initialization is 'xavier'; allowed: standard, normalized"),
        (Model("tanh", "standard", cost="cubic"), "models.mine.cost is 'cubic'; allowed: cross_entropy, quadratic"),
        (
            Model("tanh", "standard", pretraining=pretraining(corruption="salt")),
            "corruption is 'salt'; allowed: masking, blackening, gaussian",
        ),
        (
            Model("tanh", "standard", pretraining=pretraining(level=1.5)),
            "models.mine.pretraining.level is 1.5; allowed: with masking, a number above 0 and below 1",
        ),
        (
            Model("relu", "standard", pretraining=pretraining("linear", "blackening", level=1)),
            "models.mine.pretraining.level is 1.0; allowed: with blackening, a number above 0 and below 1",
        ),
        (
            Model("relu", "standard", pretraining=pretraining("units")),
            "models.mine.pretraining.decoder is 'units', which needs bounded units, but models.mine.activation is "
            "'relu'; allowed: sigmoid, tanh, softsign",
        ),
        (
            Model("gelu", "standard", pretraining=pretraining("linear", "blackening")),
            "models.mine.pretraining.corruption is 'blackening', which needs bounded units, but models.mine.activation "
            "is 'gelu'",
        ),
        (
            Model("tanh", "standard", pretraining=pretraining(updates={"smoke": 5, "elsewhere": 5})),
            "the key models.mine.pretraining.updates.laptop is missing",
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
            Model("tanh", "standard", pretraining=pretraining(), batch_normalization=True),
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
