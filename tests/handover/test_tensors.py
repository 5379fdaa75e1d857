"""Tensors that are missing or damaged are refused in one line."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from stages.handover.tensors import read_tensors
from stages.running.errors import InputError


@pytest.mark.parametrize("content", [None, b"", bytes(range(256)) * 20], ids=["missing", "empty", "binary"])
def test_what_cannot_be_read_is_named(tmp_path, content):
    file = tmp_path / "final.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=r"final\.safetensors: missing or damaged [^\n]*dvc repro[^\n]*$"):
        read_tensors(file)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="missing or damaged"):
        read_tensors(tmp_path)


def test_tensors_cut_short_are_damaged(tmp_path):
    file = tmp_path / "final.safetensors"
    save_file({"weight_1": np.ones((4, 3), np.float32)}, file)
    assert np.array_equal(read_tensors(file)["weight_1"], np.ones((4, 3)))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"final\.safetensors: missing or damaged"):
        read_tensors(file)
