"""The SVM and the network that read the same fixed set: what they answer, how they are chosen, and what they see."""

import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file, save_file

from stages import svm
from stages.baselines.svm import best_of, fit, try_pairs
from stages.claims.measurements import PAPER_LAYERS, TANH_N
from stages.datasets.dataset import find_dataset
from stages.handover.prepared import Split, write_about
from stages.network.perceptron import initialize, parameters
from stages.params import FixedSet, load_params
from stages.running.errors import InputError
from stages.running.progress import progress_bar
from stages.training.checkpoints import Checkpoints
from stages.training.executors import Executor
from stages.training.training import Outcome, Run
from tests.conftest import REPOSITORY
from tests.test_train import answers_by_numpy
from tests.tiny_project import edit, run

FILES = ("search.parquet", "network.parquet", "answers.parquet")


def test_the_network_is_the_one_that_the_claims_know():
    assert (svm.NETWORK, svm.HIDDEN_LAYERS) == (TANH_N, PAPER_LAYERS)


def params_with(examples: int, learning_rates=(0.1,), seeds: int = 1, input_range: str = "signed"):
    """The shipped parameters with a fixed set of so many images."""
    shipped = load_params(REPOSITORY / "params.yaml")
    fixed = FixedSet({"shapeset": examples, "mnist": examples}, updates=20)
    own = {"learning_rates": list(learning_rates), "seeds": seeds, "monitored_updates": 8, "hidden_units": 6}
    blocks = {name: replace(getattr(shipped, name), input_range=input_range) for name in ("shapeset", "mnist")}
    return replace(shipped, device="cpu", scales={shipped.scale: replace(shipped.settings, svm=fixed, **own)}, **blocks)


@pytest.fixture
def dataset() -> str:
    return "shapeset"


@pytest.fixture
def prepared(tmp_path, dataset) -> Path:
    """A folder with the three splits of a small data set, whose first three training images are of a class."""
    random = np.random.default_rng(3)
    for name, count in (("train", 50), ("validation", 30), ("test", 40)):
        labels = random.integers(0, 9, count)
        labels[:4] = (5, 5, 5, 6)
        images = random.integers(0, 256, (count, *find_dataset(dataset).image_shape), dtype=np.uint8)
        save_file({"images": images, "labels": labels}, tmp_path / f"{name}.safetensors")
    write_about(tmp_path, find_dataset(dataset).about)
    return tmp_path


@pytest.mark.parametrize(("dataset", "input_range"), [("shapeset", "signed"), ("mnist", "unit")])
def test_both_models_read_the_first_images_and_no_others(prepared, dataset, input_range):
    params = params_with(20, input_range=input_range)
    splits = svm.fixed_set(params, dataset, prepared)
    arrays = {name: load_file(prepared / f"{name}.safetensors") for name in splits}
    counts = {"train": 20, "validation": 20, "test": 40}
    for name, count in counts.items():
        assert np.array_equal(splits[name].images, arrays[name]["images"][:count])
        assert np.array_equal(splits[name].labels, arrays[name]["labels"][:count])
    of_svm = svm.svm_examples(input_range, splits["train"])
    grey = arrays["train"]["images"][:20].reshape(20, -1) / 255
    assert of_svm.inputs == pytest.approx(grey * 2 - 1 if input_range == "signed" else grey, abs=1e-6)
    setting = svm.network_setting(params, dataset, splits, 9, torch.device("cpu"))
    for epoch in (0, 1):
        images, labels = setting.draw(0, 20 * epoch, 20)
        drawn = sorted(zip(images.flatten(1).tolist(), labels.tolist(), strict=True))
        first = zip(arrays["train"]["images"][:20].reshape(20, -1).tolist(), arrays["train"]["labels"], strict=False)
        assert drawn == sorted((image, int(label)) for image, label in first)
    assert setting.input_range == input_range
    network = initialize(setting.sizes(2), svm.NETWORK, 0)
    images, labels = (arrays["validation"][name][:20] for name in ("images", "labels"))
    error = (answers_by_numpy(parameters(network), images, -1 if input_range == "signed" else 0) != labels).mean()
    assert setting.observe(7, network) == {"update": 7, "validation_error": pytest.approx(error, abs=1e-6)}
    # 20 updates are monitored at 0, 1, 2, 5, 8, 13 and 20, the cubes: every fourth, and all from the half on
    assert setting.schedule == [0, 8, 13, 20]


def test_a_small_validation_set_is_used_whole(prepared):
    assert len(svm.fixed_set(params_with(45), "shapeset", prepared)["validation"].labels) == 30


def test_images_of_one_class_are_an_error_that_names_the_key(prepared):
    assert len(svm.fixed_set(params_with(4), "shapeset", prepared)["train"].labels) == 4
    with pytest.raises(InputError, match=r"svm\.examples\.shapeset is 3, but the first 3 .* of one class; allowed"):
        svm.fixed_set(params_with(3), "shapeset", prepared)


def test_what_was_tried_before_a_kill_is_not_tried_again(prepared, tmp_path, monkeypatch):
    params = params_with(20)
    splits = svm.fixed_set(params, "shapeset", prepared)
    trials, of_svm = svm.svm_answers(params, "shapeset", splits, Checkpoints(tmp_path / "undisturbed"))
    asked, fitted = [], []

    def killed_at_the_third_at_first(training, validation, pairs):
        asked.append(pairs)
        yield from try_pairs(training, validation, pairs[3:1:-1] if len(asked) == 1 else pairs)
        if len(asked) == 1:
            raise KeyboardInterrupt

    def fit_and_tell(training, penalty, gamma):
        fitted.append((penalty, gamma))
        return fit(training, penalty, gamma)

    monkeypatch.setattr(svm, "try_pairs", killed_at_the_third_at_first)
    monkeypatch.setattr(svm, "fit", fit_and_tell)
    with pytest.raises(KeyboardInterrupt):
        svm.svm_answers(params, "shapeset", splits, Checkpoints(tmp_path / "killed"))
    for _ in range(2):  # the second time as if the network's training had been killed
        found, of_svm_found = svm.svm_answers(params, "shapeset", splits, Checkpoints(tmp_path / "killed"))
        assert found == trials
        assert np.array_equal(of_svm_found, of_svm)
    pairs = asked[0]
    assert asked[1:] == [pairs[:2] + pairs[4:], []]
    assert fitted == [(best_of(trials).C, best_of(trials).gamma)]


def outcome(rate: float, error: float, diverged_at: int | None = None, seed: int = 0) -> Outcome:
    """A run of two layers on images of 2×2 pixels whose kept network has this error, and whose last one is worse."""
    kept, final = (
        parameters(initialize([4, 3, 3, 9], svm.NETWORK, 1000 * moment + round(100 * rate) + seed)) for moment in (1, 2)
    )
    errors = {0: 0.9, 8: error, 20: error + 0.05}
    observations = [{"update": update, "validation_error": error} for update, error in errors.items()]
    return Outcome(Run(5, rate, seed), {}, kept, final, diverged_at, observations)


OUTCOMES = [
    outcome(0.1, 0.3),
    outcome(0.2, 0.2),
    outcome(0.4, 0.1, diverged_at=7),
    outcome(0.2, 0.25, seed=1),
    outcome(0.2, 0.1, diverged_at=9, seed=2),
    outcome(0.2, 0.15, seed=3),
]


def test_the_networks_table_has_a_row_for_each_run():
    found = svm.network_table(OUTCOMES)
    expected = {
        "learning_rate": [0.1, 0.2, 0.4, 0.2, 0.2, 0.2],
        "seed": [0, 0, 0, 1, 2, 3],
        "diverged_at": pd.array([None, None, 7, None, 9, None], dtype="Int64"),
        "validation_error": [0.3, 0.2, np.nan, 0.25, np.nan, 0.15],
        "chosen": [False] * 5 + [True],
    }
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected))


@pytest.mark.parametrize("input_range", ["signed", "unit"])
def test_answers_are_of_the_svm_and_of_the_kept_networks_of_the_best_rate(input_range):
    random = np.random.default_rng(4)
    test = Split(random.integers(0, 256, (50, 2, 2), dtype=np.uint8), random.integers(0, 9, 50))
    of_svm = random.integers(0, 9, 50)
    answers_of = partial(svm.network_answers, test, input_range, torch.device("cpu"))
    table = svm.answers_table(test, of_svm, OUTCOMES, answers_of)
    assert list(table) == ["model", "seed", "index", "label", "prediction"]
    found = dict(iter(table.groupby(["model", "seed"], sort=False)))
    assert list(found) == [("svm", 0), ("network", 0), ("network", 1), ("network", 3)]
    for rows in found.values():
        assert list(rows["index"]) == list(range(50))
        assert np.array_equal(rows["label"], test.labels)
    assert np.array_equal(found["svm", 0]["prediction"], of_svm)
    lowest = {"signed": -1, "unit": 0}[input_range]
    for one in (OUTCOMES[1], OUTCOMES[3], OUTCOMES[5]):
        given = found["network", one.run.seed]["prediction"]
        assert np.array_equal(given, answers_by_numpy(one.kept, test.images, lowest))
        assert not np.array_equal(given, answers_by_numpy(one.final, test.images, lowest))
        assert not np.array_equal(given, answers_by_numpy(one.kept, test.images, -1 - lowest))


def test_the_other_seeds_train_with_the_best_rate_of_the_first(monkeypatch):
    phases, totals = [], []

    def train(runs, progress, checkpoints):
        phases.append(runs)
        errors = {0.1: 0.4, 0.2: 0.3, 0.3: 0.35}
        return [outcome(run.learning_rate, errors[run.learning_rate], seed=run.seed) for run in runs]

    def bar(title, total, unit=" updates"):
        totals.append(total)
        return progress_bar(title, total)

    monkeypatch.setattr(svm, "progress_bar", bar)
    executor, checkpoints = Executor("a device", "its kind", torch.device("cpu"), train), Checkpoints(Path("nowhere"))
    found = svm.search(params_with(20, (0.1, 0.2, 0.3), seeds=3), "shapeset", executor, checkpoints)
    assert phases == [[Run(5, rate, 0) for rate in (0.1, 0.2, 0.3)], [Run(5, 0.2, 1), Run(5, 0.2, 2)]]
    assert [one.run for one in found] == phases[0] + phases[1]
    assert totals == [5 * 20]


def test_where_all_runs_diverge_the_rates_are_named():
    def train(runs, progress, checkpoints):
        return [outcome(run.learning_rate, 1, 7) for run in runs]

    executor, checkpoints = (
        Executor("a device", "its kind", torch.device("cpu"), train),
        Checkpoints(Path("no/such/folder")),
    )
    with pytest.raises(InputError, match=r"shapeset diverged, the last at update 7; .*learning_rates \(1, 2\) need"):
        svm.search(params_with(20, (1.0, 2.0)), "shapeset", executor, checkpoints)


def contents(project: Path) -> list[bytes]:
    return [(project / "data/svm/shapeset" / name).read_bytes() for name in FILES]


def test_images_beyond_the_fixed_set_change_nothing_and_those_in_it_do(project):
    before = contents(project)
    file = project / "data/prepared/shapeset/train.safetensors"
    arrays = load_file(file)
    examples = load_params(project / "params.yaml").settings.svm.examples["shapeset"]
    for permuted, same in ((slice(examples, None), True), (slice(examples), False)):
        changed = {name: array.copy() for name, array in arrays.items()}
        changed["labels"][permuted] = changed["labels"][permuted][::-1]
        file.unlink()
        save_file(changed, file)
        shutil.rmtree(project / "data/svm/shapeset")
        run(project, "python", "-m", "stages.svm", "shapeset")
        assert (contents(project) == before) is same


def test_its_tables_are_of_the_test_images_and_the_chosen(project):
    folder = project / "data/svm/shapeset"
    assert not [*(project / "data/checkpoints").glob("svm-*")]  # what is finished leaves none
    table = pd.read_parquet(folder / "answers.parquet")
    labels = load_file(project / "data/prepared/shapeset/test.safetensors")["labels"]
    for _, rows in table.groupby(["model", "seed"]):
        assert list(rows["index"]) == list(range(500))
        assert np.array_equal(rows["label"], labels)
    assert set(zip(table["model"], table["seed"], strict=True)) == {("svm", 0), ("network", 0), ("network", 1)}
    params = load_params(project / "params.yaml")
    search = pd.read_parquet(folder / "search.parquet")
    assert list(search) == ["C", "gamma", "validation_error", "support_vectors", "chosen"]
    assert set(zip(search["C"], search["gamma"], strict=True)) == {
        (C, gamma) for C in params.svm.C for gamma in params.svm.gamma
    }
    network = pd.read_parquet(folder / "network.parquet")
    first = network["seed"] == 0
    assert list(network.loc[first, "learning_rate"]) == params.settings.learning_rates
    best = network.loc[network[first]["validation_error"].idxmin(), "learning_rate"]
    assert network.loc[~first, ["learning_rate", "seed"]].values.tolist() == [[best, 1]]
    for tried in (search, network):
        assert tried["chosen"].sum() == 1
        assert tried.loc[tried["chosen"], "validation_error"].item() == tried["validation_error"].min()


def test_pairs_are_found_again_by_the_images_that_they_read_and_not_by_what_the_network_takes(project, monkeypatch):
    folders = []

    def stop(params, dataset, splits, checkpoints):
        folders.append(checkpoints.folder)
        raise KeyboardInterrupt

    monkeypatch.setattr(svm, "svm_answers", stop)
    monkeypatch.setattr(sys, "argv", ["stages/svm.py", "shapeset"])
    monkeypatch.chdir(project)
    for change in (
        lambda values: None,
        lambda values: values["scales"]["smoke"].update(learning_rates=[0.2]),
        lambda values: values["scales"]["smoke"]["svm"]["examples"].update(shapeset=150),
    ):
        edit(project, change)
        with pytest.raises(KeyboardInterrupt):
            svm.main(load_params())
    assert folders[0] == folders[1] != folders[2]


@pytest.mark.parametrize(
    ("change", "dataset", "line"),
    [
        (lambda values: None, "mnist", "datasets has no 'mnist'; it has: shapeset"),
        (
            lambda values: values["scales"]["smoke"]["svm"]["examples"].update(shapeset=601),
            "shapeset",
            "scales.smoke.svm.examples.shapeset is 601; allowed: at most 600, the size of shapeset.train",
        ),
        (
            lambda values: values["scales"]["smoke"].update(learning_rates=[1e30]),
            "shapeset",
            "every run of the network beside the SVM on shapeset diverged",
        ),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(project, change, dataset, line):
    edit(project, change)
    before = contents(project)
    done = run(project, "python", "-m", "stages.svm", dataset, succeeds=False)
    assert done.returncode != 0
    assert line in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert contents(project) == before
    assert [one.name for one in (project / "data/svm").iterdir() if one.name != ".gitignore"] == ["shapeset"]
