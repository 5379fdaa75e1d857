"""How long stages took is noted under DVC, and never by a stage that failed."""

import time
from types import SimpleNamespace

import pytest

from stages.durations import note, read_durations
from stages.errors import InputError
from stages.running import run_stage
from tests.synthetic_results import write_params


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    write_params(tmp_path, {"tanh": ("tanh", "standard")})


def fail():
    raise InputError("no")


def test_a_stage_is_noted_by_the_name_that_dvc_gives_it(monkeypatch):
    clock = iter([10.0, 12.34, 20.0, 20.5])
    monkeypatch.setattr(
        "stages.running.time", SimpleNamespace(perf_counter=lambda: next(clock), monotonic=time.monotonic)
    )
    for name in ("dvc.yaml:train@shapeset-tanh", "judge"):
        monkeypatch.setenv("DVC_STAGE", name)
        run_stage(lambda: None)
    assert read_durations() == {"train@shapeset-tanh": 2.3, "judge": 0.5}


def test_the_last_time_counts(monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "judge")
    clock = iter([0.0, 5.0, 0.0, 7.0])
    monkeypatch.setattr(
        "stages.running.time", SimpleNamespace(perf_counter=lambda: next(clock), monotonic=time.monotonic)
    )
    run_stage(lambda: None)
    run_stage(lambda: None)
    assert read_durations() == {"judge": 7.0}


def test_times_at_another_scale_are_not_told(monkeypatch):
    note("judge", "paper", 3600)
    assert read_durations() == {}
    note("judge", "made_up", 2)
    assert read_durations() == {"judge": 2}


def test_a_stage_that_fails_is_not_noted(monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "judge")
    with pytest.raises(SystemExit):
        run_stage(fail)
    assert read_durations() == {}


def test_nothing_is_noted_without_dvc(tmp_path):
    run_stage(lambda: None)
    assert not (tmp_path / "data/durations.csv").exists()
