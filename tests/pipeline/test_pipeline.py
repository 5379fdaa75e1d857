"""The pipeline as people use it: DVC's own commands on a copy of this repository, at a scale of seconds."""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import load_file, save_file

from tests.datasets.raw_files import idx
from tests.expectations.synthetic_finite import prepared_finite
from tests.tiny_project import TINY, copy_whole, edit, run

ALL = {"fetch", "prepare", "surfaces", "validate", "train", "measure", "svm", "judge", "render"}


def stages_run(done: subprocess.CompletedProcess) -> set[str]:
    """The names of the stages that a `dvc repro` ran, but for `check`, which every edit of params.yaml runs."""
    return set(re.findall(r"Running stage '([^']+)'", done.stdout)) - {"check"}


def state(folder: Path) -> dict[str, bytes]:
    """What git would see: every file's content."""
    names = run(folder, "git", "ls-files", "-co", "--exclude-standard").stdout.splitlines()
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def test_everything_is_written_and_nothing_stays_untracked(project):
    for file in (
        "metrics.json",
        "table1.csv",
        "plots/error_curves.csv",
        "site/index.html",
        "figures/shapeset-signals.png",
    ):
        assert (project / "reports" / file).stat().st_size > 0
    assert run(project, "git", "status", "--porcelain").stdout == ""


def test_second_repro_runs_nothing(project):
    done = run(project, "dvc", "repro")
    assert stages_run(done) == set()
    assert "Stage 'check' didn't change, skipping" in done.stdout
    assert "up to date" in done.stdout


@pytest.mark.long
def test_force_leaves_the_lock_unchanged(project):
    before = state(project)
    done = run(project, "dvc", "repro", "--force")
    assert {name.split("@")[0] for name in stages_run(done)} == ALL
    after = state(project)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == set()


@pytest.fixture(scope="module")
def edited(reproduced, tmp_path_factory) -> tuple[Path, set[str]]:
    """A project whose tanh networks got another initialization and batch normalization, and the stages that it took."""
    folder = copy_whole(reproduced, tmp_path_factory.mktemp("edited") / "difficulty")
    change = {"initialization": "normalized", "batch_normalization": True}
    edit(folder, lambda values: values["models"]["tanh"].update(change))
    return folder, stages_run(run(folder, "dvc", "repro"))


def test_editing_one_model_reruns_its_stages_judge_and_render(edited):
    folder, ran = edited
    assert ran == {"train@shapeset-tanh", "measure@shapeset-tanh", "judge", "render"}
    changes = json.loads(run(folder, "dvc", "metrics", "diff", "--json").stdout)
    assert sum(map(len, changes.values())) <= 6
    errors = [key for key in changes["reports/metrics.json"] if key.startswith("test_error_percent.")]
    assert errors == ["test_error_percent.shapeset.tanh"]
    parameters = json.loads(run(folder, "dvc", "params", "diff", "--json").stdout)["params.yaml"]
    assert parameters.keys() == {"models.tanh.initialization", "models.tanh.batch_normalization"}
    assert parameters["models.tanh.initialization"]["new"] == "normalized"


def test_a_batch_normalized_model_goes_through_and_is_not_the_papers(edited):
    table = pd.read_csv(edited[0] / "reports/table1.csv").set_index("model")
    assert table["test_error_percent"].between(0, 100).all()
    assert table["paper_percent"].isna().to_dict() == {"tanh": True, "sigmoid": False}


def test_metrics_and_plots_are_readable_and_compared(edited):
    folder, _ = edited
    shown = run(folder, "dvc", "metrics", "show").stdout
    assert "test_error_percent.shapeset.tanh" in shown
    assert "sigmoid-top-saturates" in shown
    run(folder, "dvc", "plots", "show", "-o", "plots")
    page = (folder / "plots" / "index.html").read_text(encoding="utf-8")
    for curves in ("error_curves", "saturation_curves", "gradient_curves"):
        assert f"plots/{curves}.csv" in page
    assert "activation_p98" in page
    assert '"template"' not in page  # every anchor of the templates was filled
    assert "<DVC_METRIC" not in page
    assert "HEAD" not in page
    run(folder, "dvc", "plots", "diff", "-o", "plots")
    compared = (folder / "plots" / "index.html").read_text(encoding="utf-8")
    assert "workspace" in compared
    assert "HEAD" in compared


def test_another_scales_block_reruns_nothing(project):
    edit(project, lambda values: values["scales"]["paper"].update(hidden_units=900))
    assert stages_run(run(project, "dvc", "repro")) == set()


def test_adding_a_model_adds_its_stages_and_removing_one_drops_it_from_the_report(project):
    def exchange(values):
        values["models"]["mine"] = {"activation": "softsign", "initialization": "normalized"}
        del values["models"]["sigmoid"]

    edit(project, exchange)
    done = run(project, "dvc", "repro")
    assert stages_run(done) == {"train@shapeset-mine", "measure@shapeset-mine", "judge", "render"}
    assert (project / "data/runs/shapeset/sigmoid/runs.parquet").is_file()  # its old files still lie there
    assert list(pd.read_csv(project / "reports/table1.csv")["model"]) == ["mine", "tanh"]  # in the order of the paper's
    assert json.loads((project / "reports/metrics.json").read_text())["test_error_percent"]["shapeset"].keys() == {
        "tanh",
        "mine",
    }
    assert set(pd.read_csv(project / "reports/plots/error_curves.csv")["model"]) == {"tanh", "mine"}
    page = (project / "reports/site/index.html").read_text(encoding="utf-8")
    assert "params.yaml does not list the model sigmoid" in page
    assert "mine<small>softsign units" in page


def add_mnist(values: dict, source: Path) -> None:
    """Ask for the small MNIST that is written to `source` as well, with its own checksums."""
    counts = {"train": 300, "validation": 100, "test": 200}
    noise = prepared_finite("mnist", counts)
    for kind, arrays in (("images-idx3", noise.images), ("labels-idx1", noise.labels)):
        for part, splits in (("train", ("train", "validation")), ("t10k", ("test",))):
            content = idx(np.concatenate([arrays[split] for split in splits]).astype(np.uint8))
            (source / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))
            values["mnist"]["sha256"][f"{part}-{kind}-ubyte"] = hashlib.sha256(content).hexdigest()
    values["mnist"] |= {"source": str(source), **counts}
    values["scales"]["smoke"]["updates"]["mnist"] = 120
    values["scales"]["smoke"]["svm"]["examples"]["mnist"] = 100
    values["datasets"] = ["shapeset", "mnist"]


@pytest.mark.long
def test_a_data_set_is_added_and_removed_and_added_back_without_training_again(project, tmp_path):
    source = tmp_path / "mnist"
    source.mkdir()
    edit(project, lambda values: add_mnist(values, source))
    done = run(project, "dvc", "repro")
    of_mnist = {f"{stage}@mnist" for stage in ("fetch", "prepare", "validate", "svm")}
    of_mnist |= {f"{stage}@mnist-{model}" for stage in ("train", "measure") for model in ("tanh", "sigmoid")}
    assert stages_run(done) == of_mnist | {"judge", "render"}
    table = pd.read_csv(project / "reports/table1.csv")
    assert list(table["dataset"]) == ["shapeset"] * 2 + ["mnist"] * 2
    assert (project / "reports/figures/mnist-figure-12.svg").is_file()

    both = (project / "params.yaml").read_text(encoding="utf-8")
    edit(project, lambda values: values.update(datasets=["shapeset"]))
    assert stages_run(run(project, "dvc", "repro")) <= {"judge", "render"}
    (project / "params.yaml").write_text(both, encoding="utf-8")
    shutil.rmtree(source)  # nothing is fetched a second time
    assert stages_run(run(project, "dvc", "repro")) <= {"judge", "render"}
    assert list(pd.read_csv(project / "reports/table1.csv")["dataset"]) == list(table["dataset"])


@pytest.mark.long
def test_experiments_run_and_show(project):
    run(project, "dvc", "exp", "run", "-n", "normal", "-S", "models.tanh.initialization=normalized")
    values = yaml.safe_load((project / "params.yaml").read_text())
    assert values["models"]["tanh"]["initialization"] == "normalized"
    shown = run(project, "dvc", "exp", "show", "--csv").stdout
    assert "normal" in shown
    assert "test_error_percent.shapeset.tanh" in shown
    run(project, "dvc", "exp", "remove", "normal")


@pytest.mark.long
def test_changing_the_scale_is_one_option(project):
    laptop = {"updates.shapeset": 60, "hidden_units": 8, "monitored_updates": 3}
    laptop |= {"svm.examples.shapeset": 60, "svm.updates": 60}
    options = [f"--set-param=scales.laptop.{key}={value}" for key, value in laptop.items()]
    run(project, "dvc", "exp", "run", "-n", "small", "-S", "scale=laptop", *options)
    assert set(pd.read_csv(project / "reports/table1.csv")["hidden_layers"]) == {5}
    run(project, "dvc", "exp", "remove", "small")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            lambda values: values["scales"]["smoke"]["updates"].update(shapeset="many"),
            "scales.smoke.updates.shapeset is 'many'; allowed:",
        ),
        pytest.param(
            lambda values: values["models"]["tanh"].update(activation="thanh"),
            "models.tanh.activation is 'thanh'",
            marks=pytest.mark.long,
        ),
        pytest.param(
            lambda values: values["scales"]["smoke"].update(learning_rates=[-1]),
            "learning_rates[0] is -1",
            marks=pytest.mark.long,
        ),
        pytest.param(
            lambda values: values["models"]["tanh"].pop("initialization"),
            "models.tanh.initialization is missing",
            marks=pytest.mark.long,
        ),
        (lambda values: values.update(device="cuda"), "device is 'cuda', but torch finds no GPU"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(project, change, line):
    edit(project, change)
    if "cuda" in line and shutil.which("nvidia-smi"):
        pytest.skip("a GPU is here")
    before = state(project)
    done = run(project, "python", "-m", "stages.train", "shapeset", "tanh", succeeds=False)
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert line in done.stderr
    done = run(project, "dvc", "repro", succeeds=False)
    assert done.returncode != 0
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    assert state(project) == before


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda values: values.update(scale="huge"), "scale is 'huge'; allowed: smoke, laptop, overnight, paper"),
        (lambda values: values.update(models={}), "models is {}; allowed: a block of at least one name"),
        (
            lambda values: values.update(datasets=["shapes"]),
            "datasets[0] is 'shapes'; allowed: shapeset, mnist, cifar10, small_imagenet, fashion_mnist",
        ),
    ],
)
def test_make_repro_checks_the_parameters_before_dvc_does(project, change, line):
    edit(project, change)
    done = run(project, "python", "-m", "commands.check", succeeds=False)
    assert done.returncode != 0
    assert done.stderr == f"error: params.yaml: {line}\n"


def test_a_violated_expectation_stops_before_training(project):
    """Prepared images that are not as they should be: no gate, no training, and a list of what is wrong."""
    file = project / "data/prepared/shapeset/test.safetensors"
    arrays = load_file(file)
    arrays["images"][7, 0] = 255 - arrays["images"][7, 0]  # a row of the border
    file.unlink()
    save_file(arrays, file)
    run(project, "dvc", "commit", "-f", "prepare")
    done = run(project, "dvc", "repro", succeeds=False)
    assert done.returncode != 0
    assert "test 7" in done.stderr
    assert "train@" not in " ".join(stages_run(done))
    assert not (project / "data/validated/shapeset.json").exists()


def test_runs_that_all_diverge_are_an_error_that_says_so(project):
    edit(project, lambda values: values["scales"]["smoke"].update(learning_rates=[1e30, 1e35]))
    done = run(project, "python", "-m", "stages.train", "shapeset", "tanh", succeeds=False)
    assert done.returncode != 0
    assert "models.tanh: every run on shapeset diverged" in done.stderr.splitlines()[-1]


def shallow_and_wild_models(values: dict) -> None:
    values["scales"]["smoke"]["hidden_layers"] = [1]
    for model in values["models"].values():
        model["learning_rates"] = [1e35, 0.1]


@pytest.fixture(scope="module")
def shallow_and_wild(reproduced, tmp_path_factory) -> tuple[Path, set[str]]:
    """A project with networks of one hidden layer, half of which diverge, and the stages that it took."""
    folder = copy_whole(reproduced, tmp_path_factory.mktemp("shallow") / "difficulty")
    edit(folder, shallow_and_wild_models)
    return folder, stages_run(run(folder, "dvc", "repro"))


@pytest.mark.long
def test_one_hidden_layer_goes_through_to_the_report(shallow_and_wild):
    """There is no pair of neighbouring hidden layers: no Jacobian in any table, and all other numbers."""
    folder, ran = shallow_and_wild
    assert {name.split("@")[0] for name in ran} == {"train", "measure", "judge", "render"}
    for model in ("tanh", "sigmoid"):
        jacobians = pd.read_parquet(folder / "data/measured/shapeset" / model / "jacobians.parquet")
        assert list(jacobians) == ["moment", "layer", "average_singular_value"]
        assert len(jacobians) == 0
    assert set(pd.read_csv(folder / "reports/layers.csv")["layer"]) == {1, 2}
    assert list(pd.read_csv(folder / "reports/table1.csv")["hidden_layers"]) == [1, 1]
    assert set(pd.read_csv(folder / "reports/plots/gradient_curves.csv")["layer"]) == {1}
    assert (folder / "reports/figures/shapeset-figure-3.svg").is_file()
    assert not (folder / "reports/figures/shapeset-jacobians.svg").exists()


@pytest.mark.long
def test_a_run_that_diverges_is_recorded_and_not_chosen(shallow_and_wild):
    folder, _ = shallow_and_wild
    runs = pd.read_parquet(folder / "data/runs/shapeset/tanh/runs.parquet")
    diverged = runs["learning_rate"] == 1e35
    assert runs.loc[diverged, "diverged_at"].between(1, TINY["updates"]["shapeset"]).all()
    assert runs.loc[~diverged, "diverged_at"].isna().all()
    assert not runs.loc[diverged, "chosen"].any()
    assert runs["chosen"].sum() == 1
    page = (folder / "reports/site/index.html").read_text(encoding="utf-8")
    assert "diverged" in page
