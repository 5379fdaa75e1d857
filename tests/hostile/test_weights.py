"""Damaged weights: the reader and `measure` refuse them in a line, or measure finite numbers."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages import measure
from stages.handover.schemas import SCHEMAS
from stages.handover.tables import read_table
from stages.handover.tensors import read_parameters
from stages.network.perceptron import initialize, parameters
from stages.params import Model
from tests.hostile.cases import cases
from tests.hostile.damage import (
    ARRAYS,
    BYTES,
    damage,
    damage_arrays,
    damage_bytes,
    ending,
    ends_well,
    refused,
    restored,
)
from tests.synthetic_results import write_params, write_results

MODELS = {"tanh": ("tanh", "standard")}
SIZES = [1024, 7, 6, 5, 9]
WEIGHTS = ["initial", "final"]
MEASURED = ("data/measured",)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with test images and the weights of one small network, measured."""
    from safetensors.numpy import save_file

    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        write_params(folder, MODELS)
        write_results(folder, "shapeset", MODELS)
        for seed, moment in enumerate(WEIGHTS):
            save_file(parameters(initialize(SIZES, Model("tanh", "standard"), seed)), place(moment))
        assert ending(measure.main, "shapeset", "tanh") == ""
        yield folder


def place(moment: str) -> Path:
    return Path(f"data/runs/shapeset/tanh/{moment}.safetensors")


def assert_measured() -> None:
    """Check that all tables are as they have to be, which says of every number that it is finite."""
    for file in Path("data/measured/shapeset/tanh").iterdir():
        assert file.stem in SCHEMAS
        read_table(file)


@cases(200)
@given(moment=st.sampled_from(WEIGHTS), how=ARRAYS)
def test_damaged_parameters_are_refused_or_fit_together(project, moment, how):
    file = place(moment)
    with restored(file):
        damage_arrays(file, how)
        line = refused(read_parameters, file, 1024, 9)
        if line:
            assert str(file) in line
            return
        arrays, below = read_parameters(file, 1024, 9), 1024
        for layer in range(1, len(arrays) // 2 + 1):
            weight, bias = arrays[f"weight_{layer}"], arrays[f"bias_{layer}"]
            assert weight.shape == (below, *bias.shape)
            assert weight.dtype == bias.dtype == np.float32
            assert np.isfinite(weight).all()
            below = len(bias)
        assert below == 9


@cases(100)
@given(moment=st.sampled_from(WEIGHTS), how=BYTES)
def test_damaged_bytes_of_parameters_are_refused_or_are_parameters(project, moment, how):
    file = place(moment)
    with restored(file):
        damage_bytes(file, how)
        line = refused(read_parameters, file, 1024, 9)
        assert not line or str(file) in line


@cases(50)
@given(moment=st.sampled_from(WEIGHTS), how=ARRAYS)
@example(moment="final", how=("all", 0.0, 1e30))
@example(moment="final", how=("all", 0.9, 1e30))
@example(moment="initial", how=("all", 0.9, 0))
def test_measure_refuses_damaged_parameters_or_finds_finite_numbers(project, moment, how):
    file = place(moment)
    with restored(file):
        damage_arrays(file, how)
        if ends_well(measure.main, "shapeset", "tanh", outputs=MEASURED, named=str(file)):
            assert_measured()


@cases(20)
@given(moment=st.sampled_from(WEIGHTS), how=BYTES)
def test_measure_refuses_damaged_bytes_or_finds_finite_numbers(project, moment, how):
    file = place(moment)
    with restored(file):
        damage_bytes(file, how)
        if ends_well(measure.main, "shapeset", "tanh", outputs=MEASURED, named=str(file)):
            assert_measured()


@cases(40)
@given(how=ARRAYS | BYTES)
def test_measure_refuses_damaged_images_or_finds_finite_numbers(project, how):
    file = Path("data/prepared/shapeset/test.safetensors")
    with restored(file):
        damage(file, how)
        if ends_well(measure.main, "shapeset", "tanh", outputs=MEASURED, named=str(file)):
            assert_measured()
