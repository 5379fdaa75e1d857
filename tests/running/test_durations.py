"""DVC runs record each stage's duration; a stage that fails records none."""

import time
from types import SimpleNamespace

import pytest

from stages.params import load_params
from stages.running.durations import note, read_durations
from stages.running.errors import InputError
from stages.running.stage import run_stage
from tests.synthetic_results import write_params


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    write_params(tmp_path, {"tanh": ("tanh", "standard")})


def fail(params):
    raise InputError("no")


def test_durations_are_recorded_under_dvcs_stage_names(monkeypatch):
    clock = iter([10.0, 12.34, 20.0, 20.5])
    monkeypatch.setattr(
        "stages.running.stage.time", SimpleNamespace(perf_counter=lambda: next(clock), monotonic=time.monotonic)
    )
    for name in ("dvc.yaml:train@shapeset-tanh", "judge"):
        monkeypatch.setenv("DVC_STAGE", name)
        run_stage(lambda params: None, load_params)
    assert read_durations("made_up") == {"train@shapeset-tanh": 2.3, "judge": 0.5}


def test_the_last_duration_replaces_earlier_ones(monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "judge")
    clock = iter([0.0, 5.0, 0.0, 7.0])
    monkeypatch.setattr(
        "stages.running.stage.time", SimpleNamespace(perf_counter=lambda: next(clock), monotonic=time.monotonic)
    )
    run_stage(lambda params: None, load_params)
    run_stage(lambda params: None, load_params)
    assert read_durations("made_up") == {"judge": 7.0}


def test_durations_at_other_scales_are_left_out(monkeypatch):
    note("judge", "paper", 3600)
    assert read_durations("made_up") == {}
    note("judge", "made_up", 2)
    assert read_durations("made_up") == {"judge": 2}


def test_a_stage_that_fails_records_no_duration(monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "judge")
    with pytest.raises(SystemExit):
        run_stage(fail, load_params)
    assert read_durations("made_up") == {}


def test_nothing_is_recorded_without_dvc(tmp_path):
    run_stage(lambda params: None, load_params)
    assert not (tmp_path / "data/durations.csv").exists()
