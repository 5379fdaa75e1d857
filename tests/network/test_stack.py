"""Stacks of several runs, as trained on a GPU, here on the CPU; and runs that diverge in their last update."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.params import Model
from stages.training import training
from stages.training.training import Run, train
from tests.training import test_training

setting = test_training.setting
RUNS = [Run(2, 0.1, 0), Run(2, 0.02, 1), Run(3, 0.1, 0), Run(2, 0.3, 0), Run(2, 1e30, 0), Run(3, 1e38, 2)]
DIVERGING = 1e10  # far above every rate that does not diverge


def silent(run_updates: int) -> None:
    """Report no progress."""


@pytest.fixture
def stacked(monkeypatch) -> list[int]:
    """Stack the runs of one depth, as on a GPU; return the list of the stacks' sizes."""
    alike, sizes = training._alike, []

    def as_on_gpu(runs, device):
        groups = alike(runs, torch.device("cuda"))
        sizes.extend(len(group) for group in groups)
        return groups

    monkeypatch.setattr(training, "_alike", as_on_gpu)
    return sizes


@pytest.mark.parametrize("activation", ["tanh", "softsign", "sigmoid"])
def test_runs_in_a_stack_equal_runs_alone_up_to_rounding(setting, stacked, activation):
    setting = replace(setting, recipe=Model(activation, "normalized"))
    together = train(RUNS, setting, silent)
    assert stacked == [4, 2]
    stacked.clear()
    for run, found in zip(RUNS, together, strict=True):
        (alone,) = train([run], setting, silent)
        assert found.run == run
        assert found.diverged_at == alone.diverged_at
        assert (found.diverged_at is not None) == (run.learning_rate > DIVERGING)
        assert [seen["update"] for seen in found.observations] == [seen["update"] for seen in alone.observations]
        for name, array in alone.initial.items():
            assert np.array_equal(found.initial[name], array)
        if found.diverged_at is None:
            for name, array in alone.final.items():
                np.testing.assert_allclose(found.final[name], array, rtol=1e-3, atol=1e-5)
            assert np.abs(alone.final["weight_1"] - alone.initial["weight_1"]).max() > 1e-3
    assert stacked == [1] * len(RUNS)


def test_progress_counts_every_run_of_a_stack(setting, stacked):
    run_updates = []
    train(RUNS, setting, run_updates.append)
    assert sum(run_updates) == len(RUNS) * setting.schedule[-1]


@pytest.mark.parametrize("rate", [1e300, math.inf])
@pytest.mark.parametrize("last", [1, 2, 7])
def test_a_run_whose_last_update_overflows_has_diverged_there(setting, stacked, rate, last):
    """Its costs are finite, but its parameters are not: it is not observed again, alone or in a stack."""

    def observe(update, network):
        tensors = [*network.weights, *network.biases]
        assert all(tensor.isfinite().all() for tensor in tensors)
        return {"update": update}

    wild, calm = Run(2, rate, 0), Run(2, 0.1, 0)
    setting = replace(setting, schedule=[0, last], observe=observe)
    for outcome in (train([wild], setting, silent)[0], train([calm, wild], setting, silent)[1]):
        assert outcome.diverged_at == min(last, 2)  # the cost of a second update, if any, is not finite
        assert [seen["update"] for seen in outcome.observations] == [0]
    assert stacked == [1, 2]
