"""Training that is broken off and taken up again ends with the bits of one that was not."""

import re
from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import pandas as pd
import pytest

from stages.params import Model, Pretraining
from stages.running.errors import InputError
from stages.running.interrupts import Interrupted
from stages.running.resources import check_disk
from stages.training import checkpoints as module
from stages.training import workers
from stages.training.checkpoints import Checkpoints, checkpoints_of
from stages.training.sealed import unseal
from stages.training.state import unpack
from stages.training.training import Outcome, Run, Setting, train
from stages.training.workers import train_on_all_cores
from tests.training import test_training
from tests.training.test_training import CLASSES, SIDE

UPDATES = 633
RUNS = [Run(2, 0.1, 0), Run(2, 0.02, 1), Run(3, 0.1, 0)]
RECIPES = {
    "sgd": Model("tanh", "normalized"),
    "hessian": Model("tanh", "normalized", "hessian"),
    "gradient_variance": Model("softsign", "standard", "gradient_variance"),
    "batch_normalization": Model("tanh", "standard", batch_normalization=True),
    "pretraining": Model(
        "tanh", "normalized", pretraining=Pretraining("linear", "gaussian", 0.3, 0.02, {"smoke": 570})
    ),
    "lsuv": Model("tanh", "lsuv"),
}
setting = test_training.setting


def observe(update, network):
    """Numbers and a table, as of a monitor; the error is lowest at update 7."""
    weights = network.weights[0].flatten()[:5]
    table = pd.DataFrame({"value": weights.double().numpy(), "quantity": "weight"})
    error = abs(update - 7) / UPDATES
    return {"update": update, "norm": weights.norm().item(), "histograms": table, "validation_error": error}


@pytest.fixture
def long_setting(setting, monkeypatch) -> Setting:
    """Training of several draws of images; what is drawn together, before and in training, is little here."""
    monkeypatch.setattr("stages.training.training.DRAWN_UPDATES", 96)
    monkeypatch.setattr("stages.descent.pretraining.DRAWN_UPDATES", 50)
    return replace(setting, schedule=[0, 1, 7, 60, UPDATES], observe=observe, pretraining_updates=570)


def bits(outcomes: list[Outcome]) -> list:
    """All that runs leave behind, in a form that can be compared."""
    return [
        (
            outcome.run,
            outcome.diverged_at,
            [
                (name, array.tobytes())
                for arrays in (outcome.initial, outcome.kept, outcome.final)
                for name, array in arrays.items()
            ],
            [repr({**one, "histograms": one["histograms"].to_dict()}) for one in outcome.observations],
        )
        for outcome in outcomes
    ]


def kept(folder) -> int:
    """The run-updates that are done in the states of a folder."""
    return sum(unpack(unseal(file.read_bytes())).run_updates for file in folder.iterdir())


def breaking_off(after: int):
    """A progress that interrupts after as many blocks of updates."""
    calls = iter(range(after))

    def progress(done: int, restored: int) -> None:
        if done and next(calls, None) is None:
            raise Interrupted

    return progress


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_training_that_is_interrupted_after_every_block_ends_with_the_same_bits(long_setting, tmp_path, recipe):
    setting = replace(long_setting, recipe=RECIPES[recipe])
    told = []
    expected = bits(train(RUNS, setting, lambda done, restored: told.append(done)))
    for _ in told:
        with pytest.raises(Interrupted):
            train(RUNS, setting, breaking_off(0), Checkpoints(tmp_path))
    assert kept(tmp_path) == sum(told)
    assert bits(train(RUNS, setting, lambda done, restored: told.append(done), Checkpoints(tmp_path))) == expected


def test_states_of_different_moments_go_on_together(long_setting, tmp_path):
    """As after a kill between the writing of two of them."""
    expected = bits(train(RUNS, long_setting, lambda done, restored: None))
    for run, after in zip(RUNS, (2, 9, 5), strict=True):
        with pytest.raises(Interrupted):
            train([run], long_setting, breaking_off(after), Checkpoints(tmp_path))
    assert bits(train(RUNS, long_setting, lambda done, restored: None, Checkpoints(tmp_path))) == expected


def test_another_number_of_cores_goes_on_with_the_same_states(long_setting, tmp_path, monkeypatch):
    expected = bits(train(RUNS, long_setting, lambda done, restored: None))
    with pytest.raises(Interrupted):
        train(RUNS, long_setting, breaking_off(11), Checkpoints(tmp_path))
    monkeypatch.setattr(workers.os, "sched_getaffinity", lambda process: range(3), raising=False)
    told = []
    found = train_on_all_cores(RUNS, long_setting, lambda done, restored: told.append(done), Checkpoints(tmp_path))
    assert bits(found) == expected
    assert sum(told) < 3 * UPDATES


def test_a_run_that_has_diverged_stays_so(long_setting, tmp_path):
    runs = [Run(2, 1e30, 0), Run(2, 0.1, 0)]
    expected = bits(train(runs, long_setting, lambda done, restored: None))
    with pytest.raises(Interrupted):
        train(runs, long_setting, breaking_off(9), Checkpoints(tmp_path))
    found = train(runs, long_setting, lambda done, restored: None, Checkpoints(tmp_path))
    assert bits(found) == expected
    assert [outcome.diverged_at is None for outcome in found] == [False, True]


def test_a_state_is_kept_every_so_many_seconds_and_writing_takes_no_more_than_its_share(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    checkpoints = Checkpoints(tmp_path)

    class Slow:
        name = "slow"

        def pack(self):
            now[0] += 30
            return b"all of it"

    assert not checkpoints.due()
    now[0] += module.EVERY_SECONDS
    assert checkpoints.due()
    checkpoints.keep([Slow()])
    now[0] += 30 * module.TIMES_AS_LONG - 1
    assert not checkpoints.due()
    now[0] += 1
    assert checkpoints.due()


def test_training_itself_keeps_its_state_when_it_is_time(long_setting, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EVERY_SECONDS", 0)
    monkeypatch.setattr(module, "TIMES_AS_LONG", 0)
    train(RUNS, long_setting, lambda done, restored: None, Checkpoints(tmp_path))
    assert kept(tmp_path) == 3 * UPDATES
    assert {file.suffix for file in tmp_path.iterdir()} == {".checkpoint"}


def test_damaged_and_unfinished_states_are_thrown_away_and_told(long_setting, tmp_path, capsys):
    expected = bits(train(RUNS, long_setting, lambda done, restored: None))
    with pytest.raises(Interrupted):
        train(RUNS, long_setting, breaking_off(20), Checkpoints(tmp_path))
    first, second, third = sorted(tmp_path.iterdir())
    first.write_bytes(first.read_bytes()[:-1])
    second.rename(tmp_path / f".{second.name}.unfinished")
    resumed = []
    found = train(RUNS, long_setting, lambda done, restored: resumed.append(restored), Checkpoints(tmp_path))
    assert bits(found) == expected
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert any(first.name in line and "not those that were written" in line for line in lines)
    assert any(second.name in line and "not written to its end" in line for line in lines)
    assert 0 < sum(resumed) < UPDATES  # of the third
    assert sorted(tmp_path.iterdir()) == [first, second, third]


def test_training_goes_on_where_no_state_can_be_written(long_setting, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "EVERY_SECONDS", 0)
    (tmp_path / "file").touch()
    found = train(RUNS, long_setting, lambda done, restored: None, Checkpoints(tmp_path / "file" / "folder"))
    assert bits(found) == bits(train(RUNS, long_setting, lambda done, restored: None))
    assert "no checkpoint could be written" in capsys.readouterr().err


def test_a_key_is_of_all_that_determines_the_training(tmp_path, monkeypatch):
    data = tmp_path / "images"
    data.write_bytes(b"images")
    named = partial(checkpoints_of, "train-shapeset-tanh")
    first = named({"rate": 0.1}, [data], "a device").folder
    assert re.fullmatch(r"train-shapeset-tanh-[0-9a-f]{16}", first.name)
    assert named({"rate": 0.1}, [data], "a device").folder == first
    others = {named({"rate": 0.2}, [data], "a device").folder}
    others.add(named({"rate": 0.1}, [data], "another device").folder)
    with monkeypatch.context() as patch:
        patch.setattr(module.importlib.metadata, "version", lambda name: "0.0")
        others.add(named({"rate": 0.1}, [data], "a device").folder)
    with monkeypatch.context() as patch:
        code = tmp_path / "stages" / "network" / "more.py"
        code.parent.mkdir(parents=True)
        code.touch()
        code.with_name("checkpoints.py").touch()
        patch.setattr(module, "__file__", str(code.with_name("checkpoints.py")))
        patch.setitem(module.sys.modules, "more", type(module)("more"))
        module.sys.modules["more"].__file__ = str(code)
        others.add(named({"rate": 0.1}, [data], "a device").folder)
        code.write_text("changed = True\n")
        others.add(named({"rate": 0.1}, [data], "a device").folder)
        code.with_suffix(".c").touch()
        others.add(named({"rate": 0.1}, [data], "a device").folder)
    data.write_bytes(b"other images")
    others.add(named({"rate": 0.1}, [data], "a device").folder)
    assert first not in others
    assert len(others) == 7


def test_states_that_do_not_fit_the_disk_are_refused_before_training(long_setting, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"GiB are free; make room") as caught:
        check_disk(10**18, tmp_path / "not" / "there" / "yet")
    assert "\n" not in str(caught.value)

    def progress(done, restored):
        pytest.fail("training went on")

    monkeypatch.setattr("stages.running.resources.shutil.disk_usage", lambda folder: SimpleNamespace(free=10**6))
    with pytest.raises(InputError, match="checkpoints"):
        train_on_all_cores(RUNS, replace(long_setting, hidden_units=1000), progress, Checkpoints(tmp_path))


def test_the_estimate_of_the_disk_is_what_a_state_takes(long_setting, tmp_path):
    setting = replace(long_setting, hidden_units=600)
    with pytest.raises(Interrupted):
        train([Run(3, 0.1, 0)], setting, breaking_off(1), Checkpoints(tmp_path))
    (file,) = tmp_path.iterdir()
    parameters = sum((below + 1) * above for below, above in pairwise([SIDE**2, 600, 600, 600, CLASSES]))
    assert file.stat().st_size == pytest.approx(3 * 4 * parameters, rel=0.1)  # at first, kept and now
    assert setting.checkpoint_bytes(3) >= 2 * file.stat().st_size
