"""A recipe changes what it sets itself, and nothing else."""

from dataclasses import asdict, replace

from stages.params import Model, Pretraining, load_params
from tests.conftest import REPOSITORY


def test_what_a_model_sets_stands_in_for_the_scales():
    scale = load_params(REPOSITORY / "params.yaml").scales["paper"]
    assert Model("tanh", "standard").at(scale) == scale
    own = {"hidden_units": 300, "hidden_layers": [4], "learning_rates": [0.5], "seeds": 1}
    changed = asdict(Model("tanh", "standard", **own).at(scale))
    assert {key: value for key, value in changed.items() if value != asdict(scale)[key]} == own


def test_what_a_model_set_can_be_taken_away():
    model = Model("tanh", "standard", seeds=1, pretraining=Pretraining("units", "masking", 0.1, 0.1, {"paper": 9}))
    assert replace(model, seeds=None, pretraining=None) == Model("tanh", "standard")
