"""How the train stage searches, chooses and writes, with made-up outcomes; and the stream that each run reads."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

from stages import train
from stages.datasets.dataset import find_dataset
from stages.handover.prepared import Split
from stages.network.inputs import to_inputs
from stages.network.perceptron import from_parameters, initialize, parameters, predict
from stages.params import Model, Params, load_params
from stages.params.arguments import Arguments
from stages.running.errors import InputError
from stages.shapeset.stream import draw_images
from stages.training.checkpoints import Checkpoints
from stages.training.executors import Executor, open_executor
from stages.training.training import Outcome, Run, Setting
from tests.conftest import REPOSITORY

SHAPESET = find_dataset("shapeset").about
CPU = torch.device("cpu")
UPDATES = (0, 4, 9)  # at which the made-up runs are observed, the last with error rates


def made_up(run: Run, validation_error: float, test_error: float, diverged_at: int | None = None) -> Outcome:
    """A run on images of 2×2 pixels that ends with these errors; one that diverges has them before it does."""
    sizes = [4, *[3] * run.hidden_layers, 9]
    number = round(1000 * run.learning_rate) + run.seed
    observations = [
        {
            "update": update,
            "layers": [
                {"layer": layer, "activation_mean": number + update + layer / 10} for layer in range(1, len(sizes))
            ],
            "histograms": pd.DataFrame({"layer": [1, 1], "density": [number, update]}),
        }
        for update in UPDATES
    ]
    for seen in observations if diverged_at else observations[-1:]:
        seen |= {"validation_error": validation_error, "test_error": test_error}
    return Outcome(
        run,
        initial=parameters(initialize(sizes, Model("tanh", "normalized"), seed=number)),
        final=parameters(initialize(sizes, Model("tanh", "normalized"), seed=10_000 + number)),
        diverged_at=diverged_at,
        observations=observations[:-1] if diverged_at else observations,
    )


def params_with(**changes):
    """The shipped parameters with a small search of their own."""
    shipped = load_params(REPOSITORY / "params.yaml")
    return replace(
        shipped,
        device="cpu",
        scales={shipped.scale: replace(shipped.settings, updates={"shapeset": 9, "mnist": 9}, **changes)},
    )


def searched(params, outcome_of) -> tuple[list[list[Run]], list[Outcome]]:
    """Search with made-up outcomes; return the runs of every phase, and what was found."""
    phases = []

    def made_up_training(runs, progress, checkpoints):
        phases.append(list(runs))
        return [outcome_of(run) for run in runs]

    executor, checkpoints = Executor("a device", "its kind", CPU, made_up_training), Checkpoints(Path("no/such/folder"))
    return phases, train.search(Arguments(params, "shapeset", "tanh"), executor, checkpoints)


def test_every_depth_and_rate_is_tried_and_then_the_best_one_with_the_other_seeds():
    errors = {(1, 0.1): (0.5, 0.1), (1, 0.2): (0.4, 0.2), (2, 0.1): (0.3, 0.6), (2, 0.2): (0.35, 0.05)}
    params = params_with(hidden_layers=[1, 2], learning_rates=[0.1, 0.2], seeds=4)
    phases, found = searched(params, lambda run: made_up(run, *errors[run.hidden_layers, run.learning_rate]))
    assert phases[0] == [Run(1, 0.1, 0), Run(1, 0.2, 0), Run(2, 0.1, 0), Run(2, 0.2, 0)]
    # the lowest validation error, where the test error is the highest
    assert phases[1:] == [[Run(2, 0.1, 1), Run(2, 0.1, 2), Run(2, 0.1, 3)]]
    assert [outcome.run for outcome in found] == phases[0] + phases[1]


def test_a_model_may_set_its_own_depths_rates_and_seeds():
    params = params_with(hidden_layers=[1, 2], learning_rates=[0.1, 0.2], seeds=4)
    params = replace(
        params, models={"tanh": Model("tanh", "standard", hidden_layers=[4], learning_rates=[0.3], seeds=2)}
    )
    phases, _ = searched(params, lambda run: made_up(run, 0.5, 0.5))
    assert phases == [[Run(4, 0.3, 0)], [Run(4, 0.3, 1)]]


def test_the_chosen_run_may_be_of_any_seed():
    outcomes = [made_up(Run(2, 0.1, seed), *errors) for seed, errors in enumerate([(0.3, 0.2), (0.2, 0.4), (0.4, 0.1)])]
    assert train.chosen_of(outcomes).run == Run(2, 0.1, 1)


@pytest.mark.parametrize("rates", [[0.1, 0.4, 0.2], [0.4, 0.2, 0.1], [0.1, 0.2, 0.4]])
def test_of_equal_runs_the_one_with_the_highest_rate_is_chosen(rates):
    params = params_with(hidden_layers=[3], learning_rates=rates, seeds=2)
    phases, found = searched(params, lambda run: made_up(run, 0.8, run.learning_rate))
    assert phases[1] == [Run(3, 0.4, 1)]
    assert train.chosen_of(found).run.learning_rate == 0.4


def test_a_diverged_run_is_never_chosen():
    """Nor is a rate where it was better than all others before it diverged."""

    def outcome_of(run):
        wild = run.learning_rate > 0.1 or run.seed == 1
        return made_up(run, 0.01, 0.01, diverged_at=7) if wild else made_up(run, 0.5 + run.seed / 10, 0.5)

    params = params_with(hidden_layers=[2], learning_rates=[0.2, 0.1, 0.3], seeds=3)
    phases, found = searched(params, outcome_of)
    assert phases[1] == [Run(2, 0.1, 1), Run(2, 0.1, 2)]
    assert train.chosen_of(found).run == Run(2, 0.1, 0)


def test_where_all_runs_diverge_the_model_and_its_rates_are_named():
    params = params_with(hidden_layers=[2], learning_rates=[0.5, 2.0], seeds=3)
    with pytest.raises(InputError) as raised:
        searched(params, lambda run: made_up(run, 0.1, 0.1, diverged_at=round(10 * run.learning_rate)))
    line = str(raised.value)
    assert "\n" not in line
    for text in ("models.tanh", "shapeset", "at update 20", f"scales.{params.scale}.learning_rates (0.5, 2)"):
        assert text in line


def test_one_seed_is_no_second_phase():
    params = params_with(hidden_layers=[2], learning_rates=[0.1], seeds=1)
    phases, found = searched(params, lambda run: made_up(run, 0.5, 0.5))
    assert [run for phase in phases for run in phase] == [Run(2, 0.1, 0)]
    assert len(found) == 1


@pytest.fixture
def splits() -> dict[str, Split]:
    """Images of 2×2 pixels, different in every split."""
    random = np.random.default_rng(3)
    return {
        name: Split(random.integers(0, 256, (count, 2, 2), dtype=np.uint8), random.integers(0, 9, count))
        for name, count in (("train", 40), ("validation", 30), ("test", 50))
    }


@pytest.fixture
def written(tmp_path, splits):
    """The folder that is written of four made-up runs, and their outcomes; the second is the one to choose."""
    outcomes = [
        made_up(Run(1, 0.1, 0), 0.4, 0.1),
        made_up(Run(2, 0.1, 0), 0.3, 0.5),
        made_up(Run(2, 0.4, 0), 0.1, 0.1, diverged_at=6),
        made_up(Run(2, 0.1, 1), 0.35, 0.2),
    ]
    train.write_runs(tmp_path, outcomes, Model("tanh", "normalized"), splits["test"], CPU)
    return tmp_path, outcomes


def test_runs_are_written_with_what_became_of_them(written):
    folder, _ = written
    runs = pd.read_parquet(folder / "runs.parquet")
    expected = {
        "hidden_layers": [1, 2, 2, 2],
        "learning_rate": [0.1, 0.1, 0.4, 0.1],
        "seed": [0, 0, 0, 1],
        "chosen": [False, True, False, False],
        "diverged_at": pd.array([None, None, 6, None], dtype="Int64"),
        "validation_error": [0.4, 0.3, np.nan, 0.35],
        "test_error": [0.1, 0.5, np.nan, 0.2],
    }
    pd.testing.assert_frame_equal(runs, pd.DataFrame(expected))


def test_curves_and_monitored_layers_are_those_observed(written):
    folder, outcomes = written
    curves = pd.read_parquet(folder / "curves.parquet")
    found = [tuple(row) for row in curves.itertuples(index=False)]
    assert list(curves) == ["hidden_layers", "learning_rate", "seed", "update", "validation_error", "test_error"]
    assert found == [
        (1, 0.1, 0, 9, 0.4, 0.1),
        (2, 0.1, 0, 9, 0.3, 0.5),
        (2, 0.4, 0, 0, 0.1, 0.1),
        (2, 0.4, 0, 4, 0.1, 0.1),
        (2, 0.1, 1, 9, 0.35, 0.2),
    ]
    monitored = pd.read_parquet(folder / "monitored.parquet")
    assert list(monitored) == ["hidden_layers", "learning_rate", "seed", "update", "layer", "activation_mean"]
    assert len(monitored) == 2 * 3 + 3 * 3 + 3 * 2 + 3 * 3  # layers (the output's too) × updates observed
    for row in monitored.to_dict("records"):
        (outcome,) = [
            one for one in outcomes if one.run == Run(row["hidden_layers"], row["learning_rate"], row["seed"])
        ]
        (seen,) = [seen for seen in outcome.observations if seen["update"] == row["update"]]
        assert {"layer": row["layer"], "activation_mean": row["activation_mean"]} in seen["layers"]


def test_histograms_are_the_chosen_runs(written):
    """All updates at which it was observed, in their order."""
    folder, outcomes = written
    number = 1000 * outcomes[1].run.learning_rate + outcomes[1].run.seed
    table = pd.read_parquet(folder / "histograms.parquet")
    assert table.to_dict("list") == {
        "layer": [1] * 6,
        "density": [number, 0, number, 4, number, 9],
        "update": [0, 0, 4, 4, 9, 9],
    }


def test_parameters_and_predictions_are_the_chosen_runs(written, splits):
    folder, outcomes = written
    for moment in ("initial", "final"):
        arrays, expected = load_file(folder / f"{moment}.safetensors"), getattr(outcomes[1], moment)
        assert arrays.keys() == expected.keys()
        assert all(np.array_equal(arrays[name], expected[name]) for name in expected)
    test = splits["test"]
    z = test.images.reshape(50, 4) / 255 * 2 - 1
    for layer in (1, 2):
        z = np.tanh(z @ outcomes[1].final[f"weight_{layer}"] + outcomes[1].final[f"bias_{layer}"])
    answers = (z @ outcomes[1].final["weight_3"] + outcomes[1].final["bias_3"]).argmax(1)
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert list(predictions["index"]) == list(range(50))
    assert np.array_equal(predictions["label"], test.labels)
    assert np.array_equal(predictions["prediction"], answers)
    assert len(set(answers)) > 1


def setting_of(params: Params, model: str, splits: dict[str, Split]) -> Setting:
    """What runs of a model on Shapeset share."""
    return train.training_setting(Arguments(params, "shapeset", model), SHAPESET, splits, CPU)


def test_each_split_is_used_for_what_it_is(splits):
    validation, test = splits["validation"], splits["test"]
    setting = setting_of(params_with(monitored_updates=5), "tanh-n", splits)
    monitor = setting.observe
    assert np.array_equal(monitor.validation_images, validation.images)
    assert np.array_equal(monitor.validation_labels, validation.labels)
    assert np.array_equal(monitor.test_images, test.images)
    assert np.array_equal(monitor.test_labels, test.labels)
    assert (setting.recipe, setting.inputs) == (Model("tanh", "normalized"), 4)


@pytest.mark.parametrize("points", range(2, 12))
def test_the_choice_is_made_at_the_end_of_training(splits, points):
    setting = setting_of(params_with(monitored_updates=points), "tanh", splits)
    assert setting.schedule[-1] == 9
    assert 9 in setting.observe.error_updates


def test_a_finite_set_is_trained_on_its_training_split_epoch_by_epoch(splits):
    params = params_with(batch_size=10)
    setting = train.training_setting(Arguments(params, "mnist", "tanh"), find_dataset("mnist").about, splits, CPU)
    assert setting.classes == 10
    training = splits["train"]
    by_pixels = {image.tobytes(): label for image, label in zip(training.images, training.labels, strict=True)}
    drawn = [setting.draw(run_seed, 0, 80) for run_seed in (0, 1)]
    for images, labels in drawn:
        for epoch in images.split(40):
            assert {image.numpy().tobytes() for image in epoch} == by_pixels.keys()
        assert [by_pixels[image.numpy().tobytes()] for image in images] == labels.tolist()
    assert not torch.equal(drawn[0][0], drawn[1][0])


def test_a_batch_normalized_model_is_trained_and_written_as_an_ordinary_network(tmp_path, splits):
    """Searched, chosen and written; that of the files answers as the predictions beside it say."""
    params = params_with(hidden_units=6, hidden_layers=[2], learning_rates=[0.1, 0.2], seeds=2)
    params = replace(params, models={"mine": Model("tanh", "standard", batch_normalization=True)})
    arguments = Arguments(params, "mnist", "mine")
    executor = open_executor(partial(train.training_setting, arguments, find_dataset("mnist").about, splits), "cpu")
    outcomes = train.search(arguments, executor, Checkpoints(tmp_path / "checkpoints"))
    train.write_runs(tmp_path, outcomes, params.models["mine"], splits["test"], CPU)
    runs = pd.read_parquet(tmp_path / "runs.parquet")
    assert len(runs) == 3
    assert runs["diverged_at"].isna().all()
    arrays = load_file(tmp_path / "final.safetensors")
    assert sorted(arrays) == [f"{kind}_{layer}" for kind in ("bias", "weight") for layer in (1, 2, 3)]
    inputs = to_inputs(torch.from_numpy(splits["test"].images))
    answers = predict(from_parameters(arrays, "tanh", CPU), inputs)
    assert answers.tolist() == pd.read_parquet(tmp_path / "predictions.parquet")["prediction"].tolist()


def test_every_run_seed_reads_a_training_stream_of_its_own():
    drawn = [train.draw_online(2010, CPU, run_seed, 5, 20) for run_seed in range(3)]
    for run_seed, (images, labels) in enumerate(drawn):
        expected_images, expected_labels = draw_images(2010 + run_seed, "train", 0, 25, CPU)
        assert torch.equal(images, expected_images[5:])
        assert torch.equal(labels, expected_labels[5:])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        same = (drawn[one][0] == drawn[other][0]).flatten(1).all(1)
        assert not same.any()
    assert not torch.equal(drawn[0][0], draw_images(2010, "test", 5, 20, CPU)[0])
