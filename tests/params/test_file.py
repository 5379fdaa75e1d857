"""params.yaml as it is, and every way in which it can be wrong: one line that names the key and what is allowed."""

import copy
import json
from dataclasses import asdict, replace

import pytest
import yaml

from stages.checking.models import check_models
from stages.params import Model, load_params
from stages.running.errors import InputError
from tests.conftest import REPOSITORY

VALUES = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
PRETRAINING = {
    "decoder": "linear",
    "corruption": "masking",
    "level": 0.2,
    "learning_rate": 0.01,
    "updates": {"smoke": 5, "laptop": 50},
}


def load(tmp_path, values):
    file = tmp_path / "params.yaml"
    file.write_text(values if isinstance(values, str) else yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return load_params(file)


def changed(path: str, value):
    """The shipped values with one key set, or removed where `value` is None; path: keys joined by dots."""
    values = copy.deepcopy(VALUES)
    *blocks, key = path.split(".")
    block = values
    for name in blocks:
        block = block[name]
    if value is None:
        del block[key]
    else:
        block[key] = value
    return values


def test_shipped_file_is_in_order():
    params = load_params(REPOSITORY / "params.yaml")
    check_models(params)
    assert list(params.models)[:5] == ["softsign", "softsign-n", "tanh", "tanh-n", "sigmoid"]
    assert params.models["tanh-n"] == Model(activation="tanh", initialization="normalized")
    assert params.settings is params.scales[params.scale]


@pytest.mark.parametrize("scale", ["smoke", "laptop", "overnight", "paper"])
def test_every_scale_fits_every_data_set(tmp_path, scale):
    values = changed("scale", scale) | {"datasets": ["shapeset", "mnist", "cifar10", "small_imagenet"]}
    check_models(load(tmp_path, values))


def test_pretraining_is_read(tmp_path):
    found = load(tmp_path, changed("models.tanh.pretraining", PRETRAINING)).models["tanh"].pretraining
    assert asdict(found) == PRETRAINING


@pytest.mark.parametrize("number", ["1e-05", "1E-5", "0.00001", "1.0e-5"])
def test_small_numbers_may_be_written_as_dvc_writes_them(tmp_path, number):
    text = yaml.safe_dump(changed("scales.smoke.learning_rates", ["RATE"])).replace("RATE", number)
    assert load(tmp_path, text).scales["smoke"].learning_rates == [1e-5]


def test_a_checksum_that_begins_as_a_small_number_does_is_a_text(tmp_path):
    text = yaml.safe_dump(changed("cifar10.sha256", "CHECKSUM")).replace("CHECKSUM", "4e9" + "D" * 61)
    assert load(tmp_path, text).cifar10.sha256 == "4e9" + "d" * 61


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("device", None, ["device is missing"]),
        ("models.tanh.initialization", None, ["models.tanh.initialization is missing"]),
        ("models.tanh.initialisation", "standard", ["models.tanh", "'initialisation'", "activation, initialization"]),
        ("scales.smoke.updates.mnist", -5, ["scales.smoke.updates.mnist is -5", "whole number from 1"]),
        ("scales.smoke.updates.mnist", "many", ["scales.smoke.updates.mnist is 'many'", "whole number"]),
        ("scales.smoke.updates.mnist", True, ["scales.smoke.updates.mnist is True"]),
        ("scales.smoke.updates", 1000, ["scales.smoke.updates is 1000", "a block"]),
        ("scales.smoke.updates.shapes", 9, ["scales.smoke.updates is 'shapes'", "shapeset, mnist"]),
        ("scales.laptop.updates.shapeset", None, ["the key scales.laptop.updates.shapeset is missing"]),
        ("scales.smoke.learning_rates", [0.1, -0.1], ["learning_rates[1] is -0.1", "above 0"]),
        ("scales.smoke.learning_rates", [float("inf")], ["learning_rates[0] is inf", "above 0"]),
        ("scales.smoke.learning_rates", [], ["learning_rates is []", "at least one"]),
        ("scales.smoke.hidden_layers", [5, 5], ["hidden_layers is [5, 5]", "none of them twice"]),
        ("scales.smoke.hidden_layers", 5, ["hidden_layers is 5", "a list"]),
        ("scale", "huge", ["scale is 'huge'", "smoke, laptop, overnight, paper"]),
        ("device", "tpu", ["device is 'tpu'", "auto, cpu, cuda"]),
        ("datasets", ["shapes"], ["datasets[0] is 'shapes'", "shapeset"]),
        ("models", {}, ["models is {}", "at least one"]),
        ("models", {"Tanh net": {"activation": "tanh", "initialization": "standard"}}, ["'Tanh net'", "small letters"]),
        ("models.tanh.pretraining", {"corruption": "masking"}, ["models.tanh.pretraining.decoder is missing"]),
        (
            "models.tanh.pretraining",
            PRETRAINING | {"decoder": "tanh"},
            ["pretraining.decoder is 'tanh'", "units, linear"],
        ),
        ("models.tanh.pretraining", PRETRAINING | {"share": 0.1}, ["models.tanh.pretraining", "'share'", "updates"]),
        ("models.tanh.pretraining", PRETRAINING | {"updates": 100}, ["pretraining.updates is 100", "a block"]),
        ("models.tanh.pretraining", PRETRAINING | {"updates": {}}, ["pretraining.updates is {}", "at least one"]),
        ("models.tanh.pretraining", PRETRAINING | {"updates": {"laptop": 0}}, ["updates.laptop is 0", "number from 1"]),
        ("models.tanh.pretraining", PRETRAINING | {"updates": {"laptop": 0.5}}, ["updates.laptop is 0.5", "from 1"]),
        ("models.tanh.hidden_units", 1, ["models.tanh.hidden_units is 1", "from 2"]),
        ("models.tanh.hidden_units", [8], ["models.tanh.hidden_units is [8]", "whole number"]),
        ("models.tanh.width_profile", [1, 0], ["models.tanh.width_profile[1] is 0", "above 0"]),
        ("models.tanh.width_profile", 1, ["models.tanh.width_profile is 1", "a list of numbers above 0"]),
        ("models.tanh.hidden_layers", [0], ["models.tanh.hidden_layers[0] is 0", "from 1 to 50"]),
        ("models.tanh.seeds", 0, ["models.tanh.seeds is 0"]),
        ("models.tanh.batch_normalization", 1, ["models.tanh.batch_normalization is 1", "true, false"]),
        ("models.tanh.batch_normalization", "yes", ["models.tanh.batch_normalization is 'yes'", "true, false"]),
        ("models.tanh", "tanh", ["models.tanh is 'tanh'", "activation, initialization"]),
        ("shapeset.seed", 2**40, ["shapeset.seed", "from 0 to"]),
        ("shapeset.input_range", None, ["the key shapeset.input_range is missing"]),
        ("mnist.input_range", "byte", ["mnist.input_range is 'byte'", "signed, unit"]),
        ("cifar10.input_range", [-1, 1], ["cifar10.input_range is [-1, 1]", "signed, unit"]),
        ("mnist.source", "ftp://127.0.0.1/", ["mnist.source is 'ftp://127.0.0.1/'", "http or https URL", "folder"]),
        ("mnist.source", ["a\nb"], ["mnist.source[0] is", "path"]),
        ("mnist.source", [], ["mnist.source is []", "at least one"]),
        ("mnist.sha256.t10k-labels-idx1-ubyte", None, ["t10k-labels-idx1-ubyte is missing", "train-images"]),
        ("mnist.sha256.labels", "0" * 64, ["mnist.sha256 is 'labels'", "t10k-labels-idx1-ubyte"]),
        ("mnist.sha256.t10k-labels-idx1-ubyte", "abc", ["t10k-labels-idx1-ubyte is 'abc'", "64 hexadecimal"]),
        ("cifar10.sha256", 10**63, ["cifar10.sha256 is 1", "in quotes"]),
        ("svm.C", [1, 0], ["svm.C[1] is 0", "above 0"]),
        ("svm.gamma", [], ["svm.gamma is []", "at least one"]),
        ("svm.gamma", None, ["svm.gamma is missing"]),
        ("scales.smoke.svm", None, ["scales.smoke.svm is missing"]),
        ("scales.smoke.svm.updates", 0, ["scales.smoke.svm.updates is 0", "from 1"]),
        ("scales.smoke.svm.examples.mnist", 1, ["svm.examples.mnist is 1", "from 2"]),
        ("scales.smoke.svm.examples.shapes", 9, ["scales.smoke.svm.examples is 'shapes'", "shapeset, mnist"]),
        ("scales.laptop.svm.examples.shapeset", None, ["the key scales.laptop.svm.examples.shapeset is missing"]),
        (
            "scales.laptop.svm.examples.shapeset",
            200_000,
            ["laptop.svm.examples.shapeset is 200000; allowed: at most 100000, the size of shapeset.train"],
        ),
        ("scales.laptop.monitored_examples", 20_000, ["monitored_examples is 20000", "at most 10000", "shapeset.test"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path, path, value, words):
    with pytest.raises(InputError) as caught:
        load(tmp_path, changed(path, value))
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    "text",
    ["", "[]", "scale: [", "\x00", "scale: !!python/object:os.system {}", "[" * 200_000, "scale: &a b\ndevice: &a b"],
)
def test_what_is_no_block_of_yaml_is_one_line(tmp_path, text):
    with pytest.raises(InputError, match=r"params\.yaml") as caught:
        load(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml"):
        load_params(tmp_path / "none.yaml")


def test_a_batch_larger_than_the_training_set_is_named_with_both_numbers(tmp_path):
    values = changed("datasets", ["shapeset", "mnist"])
    values["scales"]["laptop"]["batch_size"] = 30_000
    assert load(tmp_path, values).settings.batch_size == 30_000  # Shapeset is endless, MNIST has 50,000
    values["mnist"]["train"] = 29_999
    with pytest.raises(InputError, match=r"laptop\.batch_size is 30000; allowed: at most 29999, the size of mn"):
        load(tmp_path, values)
    values["datasets"] = ["shapeset"]
    load(tmp_path, values)


def test_the_scale_in_force_needs_updates_for_every_data_set_listed(tmp_path):
    values = changed("scales.laptop.updates.mnist", None)
    load(tmp_path, values)
    values["datasets"] = ["mnist"]
    with pytest.raises(InputError, match=r"scales\.laptop\.updates\.mnist is missing"):
        load(tmp_path, values)


def test_parameters_of_a_training_are_those_that_change_it_and_no_others():
    params = load_params(REPOSITORY / "params.yaml")
    before = params.of_training("shapeset", "tanh")
    assert json.loads(json.dumps(before)) == before
    assert before["updates"] == params.settings.updates["shapeset"]
    others = replace(params, models=params.models | {"mine": Model("relu", "he")}, svm=replace(params.svm, C=[1.0]))
    assert others.of_training("shapeset", "tanh") == before
    slower = replace(params, models=params.models | {"tanh": Model("tanh", "standard", learning_rates=[1e-3])})
    assert slower.of_training("shapeset", "tanh") != before
    for change in ({"input_range": "unit"}, {"seed": 1}):
        changed_block = replace(params, shapeset=replace(params.shapeset, **change))
        assert changed_block.of_training("shapeset", "tanh") != before
    of_mnist = replace(params, mnist=replace(params.mnist, input_range="unit"))
    assert of_mnist.of_training("shapeset", "tanh") == before
    wider = replace(params, models=params.models | {"tanh": Model("tanh", "standard", hidden_units=300)})
    assert wider.of_training("shapeset", "tanh")["hidden_units"] == 300


def test_one_place_is_a_list_of_one(tmp_path):
    assert load(tmp_path, changed("mnist.source", "../mnist")).mnist.source == ["../mnist"]
