"""The SVM and the network that read the same fixed set: what they answer, how they are chosen, and what they see."""

import shutil
import sys
from dataclasses import replace
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
from stages.handover.prepared import write_about
from stages.params import FixedSet, load_params
from stages.running.errors import InputError
from stages.training.checkpoints import Checkpoints
from stages.training.executors import Executor
from stages.training.training import Outcome, Run
from tests.conftest import REPOSITORY
from tests.tiny_project import edit, run

FILES = ("search.parquet", "network.parquet", "answers.parquet")


def test_the_network_is_the_one_that_the_claims_know():
    assert (svm.NETWORK, svm.HIDDEN_LAYERS) == (TANH_N, PAPER_LAYERS)


def params_with(examples: int, learning_rates=(0.1,)):
    """The shipped parameters with a fixed set of so many images."""
    shipped = load_params(REPOSITORY / "params.yaml")
    fixed = FixedSet({"shapeset": examples, "mnist": examples}, updates=20)
    scale = replace(shipped.settings, svm=fixed, learning_rates=list(learning_rates))
    return replace(shipped, device="cpu", scales={shipped.scale: scale})


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


@pytest.mark.parametrize("dataset", ["shapeset", "mnist"])
def test_both_models_read_the_first_images_and_no_others(prepared, dataset):
    params = params_with(20)
    splits = svm.fixed_set(params, dataset, prepared)
    arrays = {name: load_file(prepared / f"{name}.safetensors") for name in splits}
    counts = {"train": 20, "validation": 20, "test": 40}
    for name, count in counts.items():
        assert np.array_equal(splits[name].images, arrays[name]["images"][:count])
        assert np.array_equal(splits[name].labels, arrays[name]["labels"][:count])
    of_svm = svm.svm_examples(splits["train"])
    assert of_svm.inputs == pytest.approx(arrays["train"]["images"][:20].reshape(20, -1) / 127.5 - 1, abs=1e-6)
    setting = svm.network_setting(params, dataset, splits, 9, torch.device("cpu"))
    for epoch in (0, 1):
        images, labels = setting.draw(0, 20 * epoch, 20)
        drawn = sorted(zip(images.flatten(1).tolist(), labels.tolist(), strict=True))
        first = zip(arrays["train"]["images"][:20].reshape(20, -1).tolist(), arrays["train"]["labels"], strict=False)
        assert drawn == sorted((image, int(label)) for image, label in first)
    assert torch.equal(setting.observe.args[1], torch.from_numpy(arrays["validation"]["labels"][:20]))


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


def outcome(rate: float, error: float, diverged_at: int | None = None) -> Outcome:
    """A run without parameters."""
    return Outcome(Run(5, rate, 0), {}, {}, diverged_at, [{"update": 20, "validation_error": error}])


def test_the_networks_table_has_a_row_for_each_learning_rate():
    found = svm.network_table([outcome(0.1, 0.3), outcome(0.2, 0.2), outcome(0.4, 0.1, diverged_at=7)])
    expected = {
        "learning_rate": [0.1, 0.2, 0.4],
        "diverged_at": pd.array([None, None, 7], dtype="Int64"),
        "validation_error": [0.3, 0.2, np.nan],
        "chosen": [False, True, False],
    }
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected))


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
    for _, rows in table.groupby("model"):
        assert list(rows["index"]) == list(range(500))
        assert np.array_equal(rows["label"], labels)
    assert set(table["model"]) == {"svm", "network"}
    params = load_params(project / "params.yaml")
    search = pd.read_parquet(folder / "search.parquet")
    assert list(search) == ["C", "gamma", "validation_error", "support_vectors", "chosen"]
    assert set(zip(search["C"], search["gamma"], strict=True)) == {
        (C, gamma) for C in params.svm.C for gamma in params.svm.gamma
    }
    network = pd.read_parquet(folder / "network.parquet")
    assert list(network["learning_rate"]) == params.settings.learning_rates
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
