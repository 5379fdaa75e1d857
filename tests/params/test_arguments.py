"""The command line of a stage against what params.yaml lists."""

from dataclasses import replace

import pytest

from stages.params import Model, load_params
from stages.params.arguments import read_arguments
from stages.running.errors import InputError
from tests.conftest import REPOSITORY

PARAMS = load_params(REPOSITORY / "params.yaml")
SHALLOW = Model("sigmoid", "standard", hidden_layers=[4], learning_rates=[0.1, 0.3], seeds=1)


def test_a_listed_data_set_and_model_are_read(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train", "shapeset", "sigmoid-4"])
    arguments = read_arguments(replace(PARAMS, models=PARAMS.models | {"sigmoid-4": SHALLOW}), "")
    assert (arguments.dataset, arguments.model) == ("shapeset", "sigmoid-4")
    assert arguments.recipe == SHALLOW
    found = arguments.settings
    assert (found.hidden_layers, found.learning_rates, found.seeds) == ([4], [0.1, 0.3], 1)
    assert found.hidden_units == PARAMS.settings.hidden_units


@pytest.mark.parametrize(
    ("dataset", "model", "message"),
    [("mnist", "tanh", "datasets has no 'mnist'; it has: shapeset"), ("shapeset", "tanh-x", "models has no 'tanh-x'")],
)
def test_what_is_not_listed_is_refused(monkeypatch, dataset, model, message):
    monkeypatch.setattr("sys.argv", ["train", dataset, model])
    with pytest.raises(InputError, match=f"^params.yaml: {message}"):
        read_arguments(PARAMS, "")
