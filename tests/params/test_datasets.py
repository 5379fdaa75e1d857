"""The data sets have one list of names, and a block and a folder each."""

from typing import get_args

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from stages.params import DATASETS, MNIST_FILES, Mnist, load_params
from stages.params.datasets import DRAWN, Dataset
from stages.running.errors import InputError
from tests.conftest import REPOSITORY


def test_every_data_set_has_its_folder_and_its_block():
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    folders = {file.parent.name for file in (REPOSITORY / "stages/datasets").glob("*/__init__.py")} - {"formats"}
    assert set(DATASETS) == folders <= values.keys()
    assert get_args(Dataset) == DATASETS


def test_the_endless_one_is_the_one_without_a_source():
    params = load_params(REPOSITORY / "params.yaml")
    assert [dataset for dataset in DATASETS if getattr(params, dataset).source == "none"] == [DRAWN]


def test_mnist_has_a_checksum_for_each_file_and_no_other():
    sizes = {"seed": 0, "input_range": "unit", "train": 1, "validation": 1, "test": 1, "source": "mnist"}
    types = TypeAdapter(Mnist)
    sums = dict.fromkeys(MNIST_FILES, "A" * 64)
    assert types.validate_python(sizes | {"sha256": sums}).sha256 == dict.fromkeys(MNIST_FILES, "a" * 64)
    for wrong in (sums | {"labels": "0" * 64}, dict(list(sums.items())[1:])):
        with pytest.raises(ValidationError):
            types.validate_python(sizes | {"sha256": wrong})


@pytest.mark.parametrize("dataset", ["mnist", "cifar10", "small_imagenet"])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/a b", "/home/me/a b"),
        ("file:///data/a%20b", "/data/a b"),
        ("file://localhost/a#1?", "/a#1?"),
        ("data/raw", "data/raw"),
    ],
)
def test_a_local_source_may_be_written_in_every_way_for_every_data_set(monkeypatch, tmp_path, dataset, written, meant):
    monkeypatch.setenv("HOME", "/home/me")
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    values[dataset]["source"] = written
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    source = getattr(load_params(tmp_path / "params.yaml"), dataset).source
    assert source == (meant if dataset == "small_imagenet" else [meant])


@pytest.mark.parametrize("source", ["https://image-net.org/ILSVRC2012_img_train.tar", "HTTP://x"])
def test_imagenet_is_not_taken_from_a_url(tmp_path, source):
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    values["small_imagenet"]["source"] = source
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_params(tmp_path / "params.yaml")
    assert str(caught.value) == (
        f"params.yaml: small_imagenet.source is {source!r}; allowed: the path of a file or folder on this machine"
    )


def test_every_block_has_what_fetch_depends_on():
    """DVC refuses a parameter that params.yaml lacks."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    assert [dataset for dataset in DATASETS if not {"source", "sha256"} <= values[dataset].keys()] == []
