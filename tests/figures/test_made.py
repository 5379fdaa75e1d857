"""What the page says of its making is what is in force, and names the machine and the libraries."""

import dataclasses

import pytest
import yaml

from stages.figures import made
from stages.params import Model, Pretraining, load_params
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def params():
    return load_params(REPOSITORY / "params.yaml")


def test_every_block_in_force_is_told_as_params_yaml_has_it(params):
    told = yaml.safe_load(made.parameters(params))
    given = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    assert told["scales"] == {given["scale"]: given["scales"][given["scale"]]}
    in_force = ["scale", "device", "precision", "datasets", "models", *given["datasets"], "svm", "surfaces"]
    assert {key: told[key] for key in in_force} == {key: given[key] for key in in_force}
    assert set(told) == {*in_force, "scales"}


def test_a_data_set_in_force_has_its_seed_sizes_and_source(params):
    told = yaml.safe_load(made.parameters(dataclasses.replace(params, datasets=["shapeset", "mnist"])))
    assert told["mnist"].keys() == {"seed", "train", "validation", "test", "source", "sha256"}
    assert "cifar10" not in told


def test_only_what_a_model_sets_is_told():
    pretraining = Pretraining("masking", 0.1, 0.01, 0.1)
    told = made.set_of(Model("tanh", "standard", seeds=1, pretraining=pretraining))
    assert told == {
        "activation": "tanh",
        "initialization": "standard",
        "pretraining": dataclasses.asdict(pretraining),
        "seeds": 1,
    }


def test_versions_are_told():
    assert made.versions().keys() == {"Python", *made.LIBRARIES}
    assert all(version[0].isdigit() for version in made.versions().values())
