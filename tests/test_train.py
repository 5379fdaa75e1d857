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
from stages.handover.tables import read_table
from stages.network.inputs import to_inputs
from stages.network.perceptron import from_parameters, initialize, parameters, predict
from stages.params import Model, Params, Pretraining, load_params
from stages.params.arguments import Arguments
from stages.running.errors import InputError
from stages.shapeset.stream import draw_images
from stages.training.checkpoints import Checkpoints
from stages.training.executors import Executor, open_executor
from stages.training.training import Outcome, Run, Setting
from tests.conftest import REPOSITORY

SHAPESET = find_dataset("shapeset").about
CPU = torch.device("cpu")
UPDATES = (0, 4, 9)  # at which the made-up runs are observed, the last two with error rates


def made_up(run: Run, validation_error: float, test_error: float, diverged_at: int | None = None) -> Outcome:
    """A run on images of 2×2 pixels that keeps a network with these errors; one that diverges has them before it does.

    The kept network is that of update 4. After the last update the errors are 0.05 higher.
    """
    sizes = [4, *[3] * run.hidden_layers, 9]
    number = round(1000 * run.learning_rate) + run.seed
    observations = [
        {
            "update": update,
            "layers": [
                {"layer": layer, "activation_mean": number + update + layer / 8} for layer in range(1, len(sizes))
            ],
            "histograms": pd.DataFrame({"layer": 1, "left": [0, 1], "right": [1, 2], "density": [number, update]}),
        }
        for update in UPDATES
    ]
    for seen, worse in zip(observations, (0, 0, 0.05), strict=True):
        if diverged_at or seen["update"]:
            seen |= {"validation_error": validation_error + worse, "test_error": test_error + worse}
    return Outcome(
        run,
        initial=parameters(initialize(sizes, Model("tanh", "normalized"), seed=number)),
        kept=parameters(initialize(sizes, Model("tanh", "normalized"), seed=20_000 + number)),
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


def test_every_depth_and_rate_is_tried_and_then_each_depth_at_its_best_rate_with_the_other_seeds():
    errors = {(1, 0.1): (0.5, 0.1), (1, 0.2): (0.4, 0.2), (2, 0.1): (0.3, 0.6), (2, 0.2): (0.35, 0.05)}
    params = params_with(hidden_layers=[1, 2], learning_rates=[0.1, 0.2], seeds=3)
    phases, found = searched(params, lambda run: made_up(run, *errors[run.hidden_layers, run.learning_rate]))
    assert phases[0] == [Run(1, 0.1, 0), Run(1, 0.2, 0), Run(2, 0.1, 0), Run(2, 0.2, 0)]
    # the lowest validation error, where the test error is the highest
    assert phases[1:] == [[Run(1, 0.2, 1), Run(1, 0.2, 2), Run(2, 0.1, 1), Run(2, 0.1, 2)]]
    assert [outcome.run for outcome in found] == phases[0] + phases[1]


def test_a_rate_is_chosen_by_the_kept_network_and_not_by_the_last():
    def outcome_of(run):
        outcome = made_up(run, 0.3 + run.learning_rate, 0.5)
        if run.learning_rate == 0.1:
            outcome.observations[-1]["validation_error"] = 0.9  # the others end with 0.55
        return outcome

    params = params_with(hidden_layers=[2], learning_rates=[0.2, 0.1], seeds=2)
    phases, found = searched(params, outcome_of)
    assert phases[1] == [Run(2, 0.1, 1)]
    assert train.chosen_of(found).run.learning_rate == 0.1


def test_a_depth_whose_runs_all_diverge_has_no_other_seeds():
    params = params_with(hidden_layers=[1, 2, 3], learning_rates=[0.1, 0.2], seeds=2)
    phases, found = searched(
        params, lambda run: made_up(run, 0.3, 0.3, diverged_at=5 if run.hidden_layers == 2 else None)
    )
    assert phases[1] == [Run(1, 0.2, 1), Run(3, 0.2, 1)]
    assert len(found) == 8


def test_the_progress_bar_counts_the_updates_of_both_phases(monkeypatch):
    """Pre-training too: of each hidden layer, as many as params.yaml has for the scale."""
    bars = []

    class Bar:
        def __init__(self, title, total):
            self.total = total
            bars.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *raised):
            self.end = self.total

    monkeypatch.setattr(train, "progress_bar", Bar)
    params = params_with(hidden_layers=[1, 3], learning_rates=[0.1, 0.2], seeds=3)
    pretraining = Pretraining("linear", "masking", 0.1, 0.1, {params.scale: 7, "elsewhere": 1000})
    for recipe, of_layer in ((Model("tanh", "standard"), 0), (Model("tanh", "standard", pretraining=pretraining), 7)):
        searched(replace(params, models={"tanh": recipe}), lambda run: made_up(run, 0.5, 0.5))
        # two rates and two more seeds at each depth, of 9 updates each
        assert bars[-1].end == 4 * (9 + of_layer) + 4 * (9 + 3 * of_layer)


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
    """The folder with the tables and networks of four made-up runs, and their outcomes; the second is chosen."""
    outcomes = [
        made_up(Run(1, 0.1, 0), 0.4, 0.1),
        made_up(Run(2, 0.1, 0), 0.3, 0.5),
        made_up(Run(2, 0.4, 0), 0.1, 0.1, diverged_at=6),
        made_up(Run(2, 0.1, 1), 0.35, 0.2),
    ]
    train.write_runs(tmp_path, outcomes)
    train.write_networks(tmp_path, outcomes[1])
    arguments = Arguments(params_with(), "shapeset", "tanh")
    answers = partial(train.answers_of, arguments, splits["test"], CPU)
    train.write_answers(tmp_path, outcomes, splits["test"], answers)
    return tmp_path, outcomes


def test_runs_are_written_with_how_they_ended(written):
    """The errors of the kept network, and those after the last update."""
    folder, _ = written
    runs = pd.read_parquet(folder / "runs.parquet")
    expected = {
        "hidden_layers": [1, 2, 2, 2],
        "learning_rate": [0.1, 0.1, 0.4, 0.1],
        "seed": [0, 0, 0, 1],
        "chosen": [False, True, False, False],
        "diverged_at": pd.array([None, None, 6, None], dtype="Int64"),
        "kept_at": pd.array([4, 4, None, 4], dtype="Int64"),
        "validation_error": [0.4, 0.3, np.nan, 0.35],
        "test_error": [0.1, 0.5, np.nan, 0.2],
        "last_validation_error": [0.45, 0.35, np.nan, 0.4],
        "last_test_error": [0.15, 0.55, np.nan, 0.25],
    }
    pd.testing.assert_frame_equal(runs, pd.DataFrame(expected))


def test_curves_and_monitored_layers_are_those_observed(written):
    folder, outcomes = written
    curves = pd.read_parquet(folder / "curves.parquet")
    found = [tuple(row) for row in curves.itertuples(index=False)]
    assert list(curves) == ["hidden_layers", "learning_rate", "seed", "update", "validation_error", "test_error"]
    assert found == [
        (1, 0.1, 0, 4, 0.4, 0.1),
        (1, 0.1, 0, 9, pytest.approx(0.45), pytest.approx(0.15)),
        (2, 0.1, 0, 4, 0.3, 0.5),
        (2, 0.1, 0, 9, pytest.approx(0.35), pytest.approx(0.55)),
        (2, 0.4, 0, 0, 0.1, 0.1),
        (2, 0.4, 0, 4, 0.1, 0.1),
        (2, 0.1, 1, 4, 0.35, 0.2),
        (2, 0.1, 1, 9, pytest.approx(0.4), pytest.approx(0.25)),
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
        "left": [0, 1] * 3,
        "right": [1, 2] * 3,
        "density": [number, 0, number, 4, number, 9],
        "update": [0, 0, 4, 4, 9, 9],
    }


def test_parameters_are_the_chosen_runs(written):
    folder, outcomes = written
    for moment in ("initial", "kept", "final"):
        arrays, expected = load_file(folder / f"{moment}.safetensors"), getattr(outcomes[1], moment)
        assert arrays.keys() == expected.keys()
        assert all(np.array_equal(arrays[name], expected[name]) for name in expected)


def answers_by_numpy(arrays: dict[str, np.ndarray], images: np.ndarray, lowest: int) -> np.ndarray:
    """The answers of a tanh network to images whose inputs go from `lowest` to 1."""
    z = images.reshape(len(images), -1) / 255 * (1 - lowest) + lowest
    layers = len(arrays) // 2
    for layer in range(1, layers):
        z = np.tanh(z @ arrays[f"weight_{layer}"] + arrays[f"bias_{layer}"])
    return (z @ arrays[f"weight_{layers}"] + arrays[f"bias_{layers}"]).argmax(1)


def test_predictions_are_those_of_the_kept_network_of_every_run_that_did_not_diverge(written, splits):
    folder, outcomes = written
    test = splits["test"]
    table = read_table(folder / "predictions.parquet")
    assert list(table) == ["hidden_layers", "learning_rate", "seed", "index", "label", "prediction"]
    found = {Run(*run): rows for run, rows in table.groupby(["hidden_layers", "learning_rate", "seed"])}
    assert list(found) == [Run(1, 0.1, 0), Run(2, 0.1, 0), Run(2, 0.1, 1)]
    for outcome in outcomes:
        if outcome.diverged_at is None:
            rows = found[outcome.run]
            assert list(rows["index"]) == list(range(50))
            assert np.array_equal(rows["label"], test.labels)
            answers = answers_by_numpy(outcome.kept, test.images, -1)
            assert np.array_equal(rows["prediction"], answers)
            assert not np.array_equal(answers_by_numpy(outcome.final, test.images, -1), answers)
            assert len(set(answers)) > 1


@pytest.mark.parametrize("input_range", ["signed", "unit"])
def test_inputs_have_the_range_of_the_data_set(splits, input_range):
    """Those of training, monitoring and the answers."""
    params = params_with(batch_size=10)
    params = replace(params, mnist=replace(params.mnist, input_range=input_range))
    arguments = Arguments(params, "mnist", "tanh")
    setting = train.training_setting(arguments, find_dataset("mnist").about, splits, CPU)
    assert (setting.input_range, setting.observe.input_range) == (input_range, input_range)
    outcome = made_up(Run(2, 0.1, 0), 0.5, 0.5)
    signed, unit = (answers_by_numpy(outcome.kept, splits["test"].images, lowest) for lowest in (-1, 0))
    assert not np.array_equal(signed, unit)
    expected = signed if input_range == "signed" else unit
    assert np.array_equal(train.answers_of(arguments, splits["test"], CPU, outcome), expected)


def setting_of(params: Params, model: str, splits: dict[str, Split]) -> Setting:
    """What runs of a model on Shapeset share."""
    return train.training_setting(Arguments(params, "shapeset", model), SHAPESET, splits, CPU)


def test_each_split_is_used_for_what_it_is(splits):
    validation, test = splits["validation"], splits["test"]
    setting = setting_of(params_with(monitored_updates=5), "tanh-n", splits)
    monitored = {"validation": validation, "test": test}
    assert setting.observe.splits.keys() == monitored.keys()
    for name, split in monitored.items():
        assert [part.tolist() for part in setting.observe.splits[name]] == [
            split.images.tolist(),
            split.labels.tolist(),
        ]
    assert (setting.recipe, setting.inputs) == (Model("tanh", "normalized"), 4)


@pytest.mark.parametrize("points", range(2, 12))
def test_errors_are_observed_from_the_start_on_and_at_every_late_monitored_update(splits, points):
    """So that each run has a network to keep, and the last one's errors."""
    setting = setting_of(params_with(monitored_updates=points), "tanh", splits)
    assert setting.schedule[-1] == 9
    assert {0, *(update for update in setting.schedule if update >= 4.5)} <= setting.observe.error_updates
    assert setting.observe.error_updates <= {*setting.schedule}


def test_pretraining_has_the_updates_of_the_scale(splits):
    params = params_with()
    pretraining = Pretraining("linear", "masking", 0.1, 0.1, {params.scale: 7, "elsewhere": 1000})
    params = replace(
        params, models={"tanh": Model("tanh", "standard"), "mine": Model("tanh", "standard", pretraining=pretraining)}
    )
    assert setting_of(params, "mine", splits).pretraining_updates == 7
    assert setting_of(params, "tanh", splits).pretraining_updates == 0


def test_a_models_own_width_stands_in_for_the_scales(splits):
    params = replace(params_with(hidden_units=6), models={"mine": Model("tanh", "standard", hidden_units=5)})
    assert setting_of(params, "mine", splits).sizes(2) == [4, 5, 5, 9]


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
    for part, of_training in zip(setting.observe.splits["train"], (training.images, training.labels), strict=True):
        assert part.tolist() == of_training[: len(splits["test"].labels)].tolist()


def test_a_batch_normalized_model_is_trained_and_written_as_an_ordinary_network(tmp_path, splits):
    """Searched, chosen and written; that of the files answers as the predictions beside it say."""
    params = params_with(hidden_units=6, hidden_layers=[2], learning_rates=[0.1, 0.2], seeds=2)
    params = replace(params, models={"mine": Model("tanh", "standard", batch_normalization=True)})
    arguments = Arguments(params, "mnist", "mine")
    executor = open_executor(partial(train.training_setting, arguments, find_dataset("mnist").about, splits), "cpu")
    outcomes = train.search(arguments, executor, Checkpoints(tmp_path / "checkpoints"))
    train.write_runs(tmp_path, outcomes)
    train.write_networks(tmp_path, chosen := train.chosen_of(outcomes))
    answers_of = partial(train.answers_of, arguments, splits["test"], CPU)
    train.write_answers(tmp_path, outcomes, splits["test"], answers_of)
    runs = pd.read_parquet(tmp_path / "runs.parquet")
    assert len(runs) == 3
    assert runs["diverged_at"].isna().all()
    arrays = load_file(tmp_path / "kept.safetensors")
    assert sorted(arrays) == [f"{kind}_{layer}" for kind in ("bias", "weight") for layer in (1, 2, 3)]
    inputs = to_inputs(torch.from_numpy(splits["test"].images), "signed")
    answers = predict(from_parameters(arrays, "tanh", CPU), inputs)
    table = pd.read_parquet(tmp_path / "predictions.parquet")
    of_chosen = (table[list(vars(chosen.run))] == list(vars(chosen.run).values())).all(axis="columns")
    assert answers.tolist() == table.loc[of_chosen, "prediction"].tolist()
    error = runs.loc[runs["chosen"], "test_error"].item()
    assert error == pytest.approx((answers.numpy() != splits["test"].labels).mean(), abs=1e-6)


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
