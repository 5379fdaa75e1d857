"""Runs side by side: each is the run it would be alone, bit for bit on a CPU, over any number of processes."""

import math
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stages.descent.per_parameter import ESTIMATED_EVERY
from stages.descent.update_rules import UPDATE_RULES, UpdateRule
from stages.network.inputs import to_inputs
from stages.network.perceptron import forward, from_parameters, initialize, parameters, predict
from stages.params import Model
from stages.training import training, workers
from stages.training.training import BLOCK_UPDATES, Run, Setting, train
from stages.training.workers import train_on_all_cores
from tests.descent.test_sgd import plain_training

SIDE, CLASSES, BATCH = 4, 3, 10


def draw(seed: int, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A stream whose image i depends on (seed, i) alone; the class is the brightest of the first three pixels."""
    index = np.arange(start, start + count)
    pixels = (index[:, None] * 2_654_435_761 + np.arange(SIDE**2) * 40_503 + seed * 97) // 7 % 256
    images = torch.from_numpy(pixels.astype(np.uint8)).reshape(count, SIDE, SIDE)
    return images, images.flatten(1)[:, :CLASSES].argmax(1)


def observe(update, network):
    """The error is lowest at update 7."""
    return {"update": update, "norm": network.weights[0].norm().item(), "validation_error": abs(update - 7) / 200}


@pytest.fixture
def setting() -> Setting:
    return Setting(
        recipe=Model("tanh", "normalized"),
        inputs=SIDE**2,
        hidden_units=8,
        classes=CLASSES,
        batch_size=BATCH,
        schedule=[0, 1, 7, 120],
        device=torch.device("cpu"),
        draw=draw,
        observe=observe,
    )


RUNS = [Run(2, 0.1, 0), Run(2, 0.02, 0), Run(3, 0.1, 0), Run(2, 0.1, 1)]
MIXED = [Run(2, 0.1, 0), Run(2, 0.02, 1), Run(3, 0.1, 0), Run(2, 0.3, 0), Run(2, 1e30, 0), Run(3, 1e38, 2)]
DIVERGING = 1e10  # far above every rate that does not


def same(one, other) -> bool:
    return (one.run, one.diverged_at, one.observations) == (other.run, other.diverged_at, other.observations) and all(
        np.array_equal(getattr(one, moment)[name], getattr(other, moment)[name])
        for moment in ("initial", "kept", "final")
        for name in one.final
    )


def test_runs_in_a_stack_equal_runs_alone(setting):
    together = train(RUNS, setting, progress=lambda done, restored: None)
    assert [outcome.run for outcome in together] == RUNS
    for outcome in together:
        (alone,) = train([outcome.run], setting, progress=lambda done, restored: None)
        assert same(outcome, alone)
    assert len({outcome.observations[-1]["norm"] for outcome in together}) == len(RUNS)


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_runs_over_processes_equal_runs_in_one(setting, monkeypatch, cores):
    monkeypatch.setattr(workers.os, "sched_getaffinity", lambda process: range(cores), raising=False)
    updates = []
    spread = train_on_all_cores(RUNS, setting, lambda done, restored: updates.append(done))
    assert sum(updates) == len(RUNS) * setting.schedule[-1]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        expected = train(RUNS, setting, progress=lambda done, restored: None)
    finally:
        torch.set_num_threads(threads)
    assert all(same(one, other) for one, other in zip(spread, expected, strict=True))


@pytest.mark.parametrize("input_range", ["signed", "unit"])
def test_training_is_plain_gradient_descent_on_the_stream(setting, input_range):
    """From the stream's images to the last weights, against torch.optim.SGD."""
    setting = replace(setting, input_range=input_range)
    (outcome,) = train([Run(2, 0.1, 5)], setting, progress=lambda done, restored: None)
    updates = setting.schedule[-1]
    images, labels = draw(5, 0, updates * BATCH)
    network = initialize([SIDE**2, 8, 8, CLASSES], Model("tanh", "normalized"), seed=5)
    grey = images.flatten(1) / 255
    inputs = (grey * 2 - 1 if input_range == "signed" else grey).unflatten(0, (updates, BATCH))
    plain, _ = plain_training(network, 0.1, inputs, labels.unflatten(0, (updates, BATCH)))
    for layer, linear in enumerate(plain[::2], start=1):
        np.testing.assert_allclose(outcome.final[f"weight_{layer}"].T, linear.weight.detach().numpy(), atol=1e-5)
    for name, array in parameters(network).items():
        assert np.array_equal(outcome.initial[name], array)
    inputs = inputs.flatten(0, 1)
    assert torch.equal(predict(from_parameters(outcome.final, "tanh", setting.device), inputs), plain(inputs).argmax(1))


def test_observed_on_schedule(setting):
    (outcome,) = train([Run(2, 0.1, 5)], setting, progress=lambda done, restored: None)
    assert [seen["update"] for seen in outcome.observations] == [0, 1, 7, 120]
    assert outcome.observations[0]["norm"] == pytest.approx(np.linalg.norm(outcome.initial["weight_1"]), rel=1e-6)
    assert outcome.observations[-1]["norm"] == pytest.approx(np.linalg.norm(outcome.final["weight_1"]), rel=1e-6)


def observe_with(errors: dict[int, float], update, network):
    """The made-up error of an update; some have none."""
    return {"update": update, "validation_error": errors[update]} if update in errors else {"update": update}


@pytest.mark.parametrize(
    ("errors", "kept_at"),
    [
        ({0: 0.9, 1: 0.5, 7: 0.4, 120: 0.3}, 120),
        ({0: 0.9, 1: 0.5, 7: 0.2, 120: 0.3}, 7),
        ({0: 0.9, 1: 0.2, 7: 0.2, 120: 0.3}, 7),  # the last of equals
        ({0: 0.8, 1: 0.8, 7: 0.8, 120: 0.8}, 120),
        ({0: 0.1, 1: 0.5, 7: 0.4, 120: 0.3}, 0),
        ({0: 0.9, 1: 0.5}, 1),  # no error rates afterwards
        ({0: 0.9, 120: 0.9}, 120),
    ],
)
def test_a_run_keeps_its_network_with_the_lowest_validation_error(setting, errors, kept_at):
    """Its parameters are the last ones of a training that ends there."""
    (outcome,) = train([Run(2, 0.1, 5)], replace(setting, observe=partial(observe_with, errors)), silent)
    assert outcome.best == {"update": kept_at, "validation_error": errors[kept_at]}
    until = {1: [0, 1], 7: [0, 1, 7], 120: [0, 120]}
    if kept_at == 0:
        expected = outcome.initial
    else:
        (alone,) = train([Run(2, 0.1, 5)], replace(setting, schedule=until[kept_at]), silent)
        expected = alone.final
    assert all(np.array_equal(outcome.kept[name], array) for name, array in expected.items())
    assert (kept_at == 120) == np.array_equal(outcome.kept["weight_1"], outcome.final["weight_1"])


def test_each_run_of_a_stack_keeps_its_own_network(setting, stacked):
    """The weights' norm tells the updates apart: the fast run keeps the network of update 7, the slow one the last."""
    setting = replace(setting, schedule=[0, 7, 40, 120])
    runs = [Run(2, 0.3, 0), Run(2, 0.02, 0), Run(2, 0.1, 1)]
    norms = {outcome.run: [seen["norm"] for seen in outcome.observations] for outcome in train(runs, setting, silent)}
    wanted = {run: norms[run][index] for run, index in zip(runs, (1, 3, 0), strict=True)}

    def far_from_wanted(update, network):
        norm = network.weights[0].norm().item()
        return {"update": update, "norm": norm, "validation_error": min(abs(norm - one) for one in wanted.values())}

    for outcome in train(runs, replace(setting, observe=far_from_wanted), silent):
        assert outcome.best["update"] == {0.3: 7, 0.02: 120, 0.1: 0}[outcome.run.learning_rate]
        assert np.linalg.norm(outcome.kept["weight_1"]) == pytest.approx(wanted[outcome.run], rel=1e-6)
    assert stacked == [3, 3]


def test_a_run_that_diverges_keeps_the_best_network_before(setting):
    draw_poisoned = partial(poisoned, 60)
    setting = replace(setting, draw=draw_poisoned, observe=partial(observe_with, {0: 0.9, 1: 0.1, 7: 0.3, 120: 0.0}))
    (outcome,) = train([Run(2, 0.1, 0)], setting, silent)
    assert outcome.diverged_at == 60
    assert outcome.best["update"] == 1
    (alone,) = train([Run(2, 0.1, 0)], replace(setting, schedule=[0, 1]), silent)
    assert all(np.array_equal(outcome.kept[name], array) for name, array in alone.final.items())


@pytest.mark.parametrize("rule", UPDATE_RULES)
def test_schedule_and_blocks_do_not_change_a_run(setting, rule):
    setting, runs = replace(setting, recipe=Model("tanh", "normalized", rule)), [Run(2, 0.01, 0)]
    (once,) = train(runs, replace(setting, schedule=[0, 120]), progress=lambda done, restored: None)
    (often,) = train(runs, replace(setting, schedule=list(range(121))), progress=lambda done, restored: None)
    assert all(np.array_equal(once.final[name], often.final[name]) for name in once.final)


@pytest.mark.parametrize("schedule", [[0, 4100], [0, 1, 7, 50, 120, 2010, 4100]])
def test_whole_blocks_begin_where_estimates_are_taken(setting, monkeypatch, schedule):
    """Only these are captured, to be replayed whatever comes between them; with the others they are the stream."""
    calls = []

    def noted(networks, rates, batch_size, cost):
        def update(inputs, targets, outputs):
            calls.append(inputs[0])
            outputs.zero_()

        return SimpleNamespace(update=update)

    monkeypatch.setitem(UPDATE_RULES, "noted", UpdateRule(noted))
    setting = replace(setting, recipe=Model("tanh", "standard", "noted"), schedule=schedule)
    train([Run(2, 0.1, 5)], setting, progress=lambda done, restored: None)
    updates = np.array([len(inputs) // BATCH for inputs in calls])
    first = np.cumsum(updates) - updates
    whole = first[updates == BLOCK_UPDATES]
    assert len(whole) > 4100 // BLOCK_UPDATES - len(schedule)
    assert {*(whole % ESTIMATED_EVERY), BLOCK_UPDATES % ESTIMATED_EVERY} == {0}
    assert torch.equal(torch.cat(calls), to_inputs(draw(5, 0, 4100 * BATCH)[0], "signed"))


def poisoned(update: int, seed: int, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The stream, with images that are not finite from mini-batch `update` on."""
    images, labels = draw(seed, start, count)
    images = images.double()
    images[max(0, (update - 1) * BATCH - start) :] = math.nan
    return images, labels


@pytest.mark.parametrize("update", [1, 2, 60, 120])
def test_divergence_is_noted_with_its_update(setting, update):
    """The output, and with it the cost, is not finite at exactly that update; observation ends there."""
    (outcome,) = train([Run(2, 0.1, 0)], replace(setting, draw=partial(poisoned, update)), lambda done, restored: None)
    assert outcome.diverged_at == update
    assert [seen["update"] for seen in outcome.observations] == [one for one in setting.schedule if one < update]


def test_a_huge_learning_rate_diverges_and_leaves_its_neighbours_alone(setting):
    calm, wild = Run(2, 0.1, 0), Run(2, 1e38, 0)
    together = train([calm, wild], setting, progress=lambda done, restored: None)
    (alone,) = train([calm], setting, progress=lambda done, restored: None)
    assert together[1].diverged_at is not None
    assert same(together[0], alone)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize(("rule", "slower"), [("sgd", 1), ("hessian", 100), ("gradient_variance", 1000)])
def test_gpu_stack_follows_the_cpu(setting, rule, slower):
    """Captured blocks among others; rates for each parameter are large, and would make rounding large too."""

    def draw_on_gpu(seed, start, count):
        return tuple(tensor.cuda() for tensor in draw(seed, start, count))

    setting = replace(setting, recipe=Model("tanh", "normalized", rule), schedule=[0, 1, 7, 240])
    runs = [replace(run, learning_rate=run.learning_rate / slower) for run in RUNS]
    on_gpu = train(runs, replace(setting, device=torch.device("cuda"), draw=draw_on_gpu), lambda done, restored: None)
    for found, expected in zip(on_gpu, train(runs, setting, lambda done, restored: None), strict=True):
        for name, array in expected.final.items():
            np.testing.assert_allclose(found.final[name], array, rtol=1e-3, atol=1e-4)


def test_a_width_profile_shapes_the_hidden_layers(setting):
    setting = replace(setting, recipe=Model("tanh", "normalized", width_profile=[0.5, 1, 2.25]), hidden_units=8)
    assert setting.sizes(3) == [SIDE**2, 4, 8, 18, CLASSES]
    (outcome,) = train([Run(3, 0.1, 0)], setting, progress=lambda done, restored: None)
    assert [outcome.final[f"weight_{layer}"].shape for layer in (1, 2, 3, 4)] == [
        (SIDE**2, 4),
        (4, 8),
        (8, 18),
        (18, CLASSES),
    ]


@pytest.mark.parametrize("input_range", ["signed", "unit"])
def test_an_initialization_from_data_sees_the_first_images_of_the_run(setting, input_range):
    """LSUV: every layer's pre-activations of these images have variance 1 before training."""
    setting = replace(setting, recipe=Model("tanh", "lsuv"), input_range=input_range)
    (outcome,) = train([Run(2, 0.1, 4)], setting, progress=lambda done, restored: None)
    network = from_parameters(outcome.initial, "tanh", torch.device("cpu"))
    pre_activations, _ = forward(network, to_inputs(draw(4, 0, 300)[0], input_range))
    for s in pre_activations:
        assert abs(s.std() - 1) < 0.01


def silent(done: int, restored: int) -> None:
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
    together = train(MIXED, setting, silent)
    assert stacked == [4, 2]
    stacked.clear()
    for run, found in zip(MIXED, together, strict=True):
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
    assert stacked == [1] * len(MIXED)


def test_progress_counts_every_run_of_a_stack(setting, stacked):
    updates = []
    train(MIXED, setting, lambda done, restored: updates.append(done))
    assert sum(updates) == len(MIXED) * setting.schedule[-1]


@pytest.mark.parametrize("rate", [1e300, math.inf])
@pytest.mark.parametrize("last", [1, 2, 7])
def test_a_run_whose_last_update_overflows_has_diverged_there(setting, stacked, rate, last):
    """Its costs are finite, but its parameters are not: it is not observed again, alone or in a stack."""

    def observe(update, network):
        tensors = [*network.weights, *network.biases]
        assert all(tensor.isfinite().all() for tensor in tensors)
        return {"update": update, "validation_error": 0.5}

    wild, calm = Run(2, rate, 0), Run(2, 0.1, 0)
    setting = replace(setting, schedule=[0, last], observe=observe)
    for outcome in (train([wild], setting, silent)[0], train([calm, wild], setting, silent)[1]):
        assert outcome.diverged_at == min(last, 2)  # the cost of a second update, if any, is not finite
        assert [seen["update"] for seen in outcome.observations] == [0]
        assert all(np.array_equal(outcome.kept[name], array) for name, array in outcome.initial.items())
    assert stacked == [1, 2]
