"""The data sets have one list of names, and a block and a folder each."""

from typing import get_args

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from stages.params import DATASETS, MNIST_FILES, Mnist, load_params
from stages.params.datasets import DRAWN, Dataset
from tests.conftest import REPOSITORY


def test_every_data_set_has_its_folder_and_its_block():
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    folders = {file.parent.name for file in (REPOSITORY / "stages/datasets").glob("*/__init__.py")} - {"formats"}
    assert set(DATASETS) == folders <= values.keys()
    assert get_args(Dataset) == DATASETS


def test_the_endless_one_is_the_one_without_a_source():
    params = load_params(REPOSITORY / "params.yaml")
    assert [dataset for dataset in DATASETS if not hasattr(getattr(params, dataset), "source")] == [DRAWN]


def test_mnist_has_a_checksum_for_each_file_and_no_other():
    sizes = {"seed": 0, "input_range": "unit", "train": 1, "validation": 1, "test": 1, "source": "mnist"}
    types = TypeAdapter(Mnist)
    sums = dict.fromkeys(MNIST_FILES, "A" * 64)
    assert types.validate_python(sizes | {"sha256": sums}).sha256 == dict.fromkeys(MNIST_FILES, "a" * 64)
    for wrong in (sums | {"labels": "0" * 64}, dict(list(sums.items())[1:])):
        with pytest.raises(ValidationError):
            types.validate_python(sizes | {"sha256": wrong})
