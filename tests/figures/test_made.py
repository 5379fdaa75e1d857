"""The page lists the parameters of this run and the versions of its libraries."""

import dataclasses

import pytest
import yaml

from stages.figures import made
from stages.params import Model, Pretraining, load_params
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def params():
    return load_params(REPOSITORY / "params.yaml")


def test_every_used_block_is_listed_as_in_params_yaml(params):
    listed = yaml.safe_load(made.parameters(params))
    given = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    assert listed["scales"] == {given["scale"]: given["scales"][given["scale"]]}
    used = ["scale", "device", "precision", "datasets", "models", *given["datasets"], "svm", "surfaces"]
    assert {key: listed[key] for key in used} == {key: given[key] for key in used}
    assert set(listed) == {*used, "scales"}


def test_a_used_data_set_has_its_seed_sizes_and_source(params):
    listed = yaml.safe_load(made.parameters(dataclasses.replace(params, datasets=["shapeset", "mnist"])))
    assert listed["mnist"].keys() == {"seed", "input_range", "train", "validation", "test", "source", "sha256"}
    assert "cifar10" not in listed


def test_a_models_defaults_are_left_out():
    pretraining = Pretraining("linear", "masking", 0.1, 0.01, updates={"smoke": 100})
    listed = made.entry_of(Model("tanh", "standard", seeds=1, pretraining=pretraining))
    assert listed == {
        "activation": "tanh",
        "initialization": "standard",
        "pretraining": dataclasses.asdict(pretraining),
        "seeds": 1,
    }


def test_every_library_has_a_version():
    assert made.versions().keys() == {"Python", *made.LIBRARIES}
    assert all(version[0].isdigit() for version in made.versions().values())
