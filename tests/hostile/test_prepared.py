"""Damaged prepared images and facts: the readers, `validate`, `train` and `svm` refuse them or do their work."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages import prepare, surfaces, svm, train, validate
from stages.handover.prepared import SPLITS, read_split, read_valid_split
from stages.handover.tables import read_runs, read_table
from tests.conftest import REPOSITORY
from tests.hostile.cases import cases
from tests.hostile.damage import (
    ARRAYS,
    BYTES,
    ROWS,
    damage,
    ending,
    ends_well,
    refused,
    restored,
    snapshot,
)
from tests.tiny_project import tiny

PREPARED = Path("data/prepared/shapeset")
GATE = Path("data/validated/shapeset.json")
RUNS, SVM, SURFACES = "data/runs", "data/svm", "data/surfaces"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with small prepared splits, validated, in the current folder."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    tiny(values)
    values["scales"]["smoke"] |= {"updates": {"shapeset": 20}, "learning_rates": [0.05], "hidden_layers": [2]}
    values["models"] = {"tanh": values["models"]["tanh"] | {"seeds": 1}}
    values["surfaces"]["points"] = 5
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        for stage in (prepare, validate):
            assert ending(stage.main, "shapeset") == ""
        yield folder


@cases(150)
@given(split=st.sampled_from(SPLITS), how=ARRAYS | BYTES)
def test_a_damaged_split_is_refused_or_is_a_split(project, split, how):
    file = PREPARED / f"{split}.safetensors"
    with restored(file):
        damage(file, how)
        line = refused(read_valid_split, PREPARED, split)
        if line:
            assert str(file) in line
            return
        found = read_split(PREPARED, split)
        assert found.images.shape == (len(found.labels), 32, 32)
        assert 0 <= found.labels.min() <= found.labels.max() <= 8


@cases(120)
@given(how=ROWS | BYTES)
def test_damaged_facts_are_refused_or_have_a_row_an_image(project, how):
    file = PREPARED / "facts.parquet"
    with restored(file):
        damage(file, how)
        line = refused(validate.read_prepared, "shapeset", PREPARED)
        if line:
            assert str(file) in line
        else:
            assert len(validate.read_prepared("shapeset", PREPARED).facts) == 1500


@cases(8)
@given(split=st.sampled_from(SPLITS), of_split=ARRAYS | BYTES, of_facts=ROWS, facts=st.booleans())
def test_validate_opens_the_gate_only_for_what_it_has_checked(project, split, of_split, of_facts, facts):
    """A failed expectation is a table below its first line; whatever else is wrong is one line."""
    file = PREPARED / ("facts.parquet" if facts else f"{split}.safetensors")
    with restored(file):
        damage(file, of_facts if facts else of_split)
        line = ending(validate.main, "shapeset", table_after=f"error: {PREPARED} does not meet ")
        assert GATE.exists() == (not line)
        assert str(PREPARED) in line or not line
        assert not list(Path().rglob("*.unfinished"))


@cases(15)
@given(split=st.sampled_from(SPLITS), how=ARRAYS | BYTES)
def test_train_refuses_damaged_images_or_trains(project, split, how):
    file = PREPARED / f"{split}.safetensors"
    with restored(file):
        GATE.write_text("{}")
        damage(file, how)
        if ends_well(train.main, "shapeset", "tanh", outputs=(RUNS,), named=str(file)):
            assert len(read_runs(Path(RUNS) / "shapeset/tanh/runs.parquet")) == 1


@cases(10)
@given(split=st.sampled_from(SPLITS), how=ARRAYS | BYTES)
def test_svm_refuses_damaged_images_or_is_fitted(project, split, how):
    file = PREPARED / f"{split}.safetensors"
    with restored(file):
        GATE.write_text("{}")
        damage(file, how)
        if ends_well(svm.main, "shapeset", outputs=(SVM,), named=str(file)):
            read_table(Path(SVM) / "shapeset/answers.parquet")


@cases(25)
@given(seed=st.integers(0, 2**31), draws=st.integers(1, 3), points=st.integers(3, 9), reach=st.integers(1, 1000))
def test_surfaces_of_any_settings_in_range_are_finite(project, seed, draws, points, reach):
    with restored(Path("params.yaml")):
        values = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
        values["surfaces"] = {"seed": seed, "draws": draws, "points": points, "range": reach}
        Path("params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        assert ends_well(surfaces.main, outputs=(SURFACES,), named="")
        assert len(read_table(Path(SURFACES) / "surfaces.parquet")) == 2 * points**2
        assert len(read_table(Path(SURFACES) / "plateaus.parquet")) == 2 * draws
        assert len(snapshot(SURFACES)) == 2
