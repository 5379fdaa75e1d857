"""What the README says: its commands run, and its numbers are the committed results."""

import json
import re

import pandas as pd
import pytest

from stages.params import load_params
from tests.conftest import REPOSITORY
from tests.tiny_project import run

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
# What cannot run inside a test: setting up a whole environment, the tests themselves, and what has tests of its own.
INSTEAD = {
    "make repro": "make --old-file=setup repro",
    "make test": "make --dry-run test",
    "make publish": "make --dry-run publish",
    "make compare AGAINST=main": "make --dry-run compare",
    "python -m pip install -r requirements.lock": "python -m pip install --dry-run -r requirements.lock",
    "python -m pip install '.[cluster]'": "python -m pip install --dry-run --no-deps '.[cluster]'",
    "dvc exp run --queue -S models.tanh.initialization=normalized": "dvc exp run --help",
    "dvc exp run --queue -S models.tanh.activation=softsign": "dvc exp run --help",
    "dvc queue start --jobs 2": "dvc queue status",
    "DIFFICULTY_EXECUTOR=ray dvc repro": "DIFFICULTY_EXECUTOR=ray dvc repro --dry",
}


def test_every_command_runs(project):
    assert COMMANDS[0] == "make repro"
    failed = {}
    for command in COMMANDS:
        done = run(project, "bash", "-c", INSTEAD.get(command, command), succeeds=False)
        if done.returncode != 0:
            failed[command] = done.stdout + done.stderr
    assert failed == {}


def test_make_repro_ends_with_table_1_and_the_page(project):
    shown = run(project, "make", "--old-file=setup", "repro").stdout
    table = pd.read_csv(project / "reports/table1.csv").set_index("model")
    for model in ("tanh", "sigmoid"):
        line = next(line for line in shown.splitlines() if line.split()[:1] == [model])
        assert f"{table.loc[model, 'test_error_percent']:.2f}" in line
        assert f"{table.loc[model, 'paper_percent']:.2f}" in line
    assert shown.splitlines()[-1] == f"The report: {(project / 'reports/site/index.html').as_uri()}"


def test_results_are_the_committed_ones():
    table = pd.read_csv(REPOSITORY / "reports" / "table1.csv")
    papers = table[(table["dataset"] == "shapeset") & table["paper_percent"].notna()]
    assert len(papers) == 5
    for row in papers.itertuples():
        errors = f"{row.test_error_percent:.1f} % | {row.mean_percent:.1f} ± {row.std_percent:.1f} %"
        assert f"| {row.model} | {errors} | {row.learning_rate:g} | {row.paper_percent:.1f} % |" in README


def test_looks_inside_are_the_committed_metrics():
    metrics = json.loads((REPOSITORY / "reports" / "metrics.json").read_text())["shapeset"]
    tanh, tanh_n, sigmoid = (metrics[model] for model in ("tanh", "tanh-n", "sigmoid"))
    means = [sigmoid["final"][f"layer_{layer}"]["activation_mean"] for layer in (5, 4, 1, 2)]
    assert (
        "goes to {:.3f} while layer 4 rises to {:.2f} and layers 1 and 2 stay at {:.2f} and {:.2f}".format(*means)
        in README
    )
    shares = [100 * tanh["final"][f"layer_{layer}"]["saturated_share"] for layer in (1, 2, 3)]
    assert "at the end {:.0f} %, {:.0f} % and {:.0f} % of the activations".format(*shares) in README
    spreads = [
        model["initial"][layer]["activation_std"] for model in (tanh, tanh_n) for layer in ("layer_1", "layer_5")
    ]
    assert "falls from {:.2f} to {:.3f} with the standard".format(*spreads[:2]) in README
    assert "only from {:.2f} to {:.2f} with the normalized".format(*spreads[2:]) in README
    values = [
        model["initial"][layer]["average_singular_value"]
        for model in (tanh, tanh_n)
        for layer in ("layer_1", "layer_4")
    ]
    assert "of {:.2f} to {:.2f} standard and {:.2f} to {:.2f} normalized".format(*values) in README


def test_what_the_record_shows_is_as_recorded():
    record = REPOSITORY / "reports/recorded/xeon-2-cores-laptop-all-models"
    errors = pd.read_csv(record / "table1.csv").set_index("model")["test_error_percent"]
    for words, *models in (
        ("brings tanh from {:.1f} % to {:.1f} %", "tanh", "tanh-hessian"),
        ("and {:.1f} % (by the gradient's variance), short of the {:.1f} % of normalized", "tanh-variance", "tanh-n"),
        ("and end at {:.1f} %, where without", "sigmoid-pretrained"),
        ("where layers widen ({:.1f} % against {:.1f} %)", "tanh-n-widening", "tanh-widening"),
        ("where they narrow ({:.1f} % against {:.1f} %)", "tanh-n-narrowing", "tanh-narrowing"),
        ("a pre-trained tanh network ({:.1f} %) is behind", "tanh-pretrained"),
    ):
        assert words.format(*errors[models]) in README
    took = pd.read_csv(record / "durations.csv").set_index("stage")["seconds"]
    shipped = load_params(REPOSITORY / "params.yaml").models
    beyond = {"relu-he", "gelu-orthogonal", "tanh-batchnorm", "tanh-lsuv"}
    seconds = {False: 0.0, True: 0.0}
    for model in errors.index.difference(list(shipped)):
        seconds[model in beyond] += took[f"train@shapeset-{model}"] + took[f"measure@shapeset-{model}"]
    minutes = {later: taken / 60 for later, taken in seconds.items()}
    assert minutes == {False: pytest.approx(12, abs=0.5), True: pytest.approx(5, abs=0.5)}
    assert "took twelve more minutes, and those beyond the paper five" in README
    assert sum(took[f"train@shapeset-{model}"] for model in shipped) / 60 == pytest.approx(20, abs=1)
    assert README.count("about twenty minutes on two") == 2


def test_speeds_are_the_committed_benchmark():
    bench = json.loads((REPOSITORY / "reports" / "bench.json").read_text())
    value = {row["id"]: row["value"] for row in bench["rows"]}
    assert f"| {bench['device']} |" in README
    for name in ("ratio", "ratio_jax"):
        assert f"| {value[f'{name}_256']:.2f} × | {value[f'{name}_1000']:.2f} × |" in README
    assert f"takes {value['generator_share']:.1f} % of a single run's training time" in README
    assert f"({value['generator_images_per_second']:,.0f} images a second" in README
    for workers, way in ((1, "ray_1_workers_256"), (2, "ray_2_workers_256")):
        assert f"| {workers} | {value[way]:,.0f} |" in README
    assert f"| no Ray: the local executor's two processes | {value['engine_4_runs_256']:,.0f} |" in README


def test_every_file_it_names_is_there():
    named = re.findall(r"`((?:stages|reports|tests)/[\w./]+|[\w-]+\.(?:yaml|lock|cff))`", README)
    kept = [name for name in named if not name.startswith(("reports/site", "reports/data_docs"))]
    assert len(kept) > 10
    assert [name for name in kept if not (REPOSITORY / name).exists()] == []
    assert (REPOSITORY / "reports/figures/overview.png").is_file()
