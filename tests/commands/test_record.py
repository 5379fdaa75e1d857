"""A record keeps, exactly, all that verdicts rest on: made-up results of three models, kept and judged again."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from commands import record
from stages import judge
from stages.params import load_params
from stages.running.errors import InputError
from tests import synthetic_results
from tests.conftest import REPOSITORY
from tests.synthetic_results import CHOSEN_RATE, UPDATES, write_params, write_results
from tests.test_judge import write_judgeable

MODELS = {"tanh": ("tanh", "standard"), "tanh-n": ("tanh", "normalized"), "sigmoid": ("sigmoid", "standard")}
RECORD = Path("reports/recorded/abacus-made-up")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A repository with results of five seeds. No test changes it."""
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(synthetic_results, "SEEDS", 5)
        write_params(root, MODELS)
        write_results(root, "shapeset", MODELS)
    write_judgeable(root, MODELS)
    plateaus = {"cost": ["quadratic", "cross_entropy"] * 5, "seed": np.repeat(range(5), 2)}
    shares = ("plateau_share", "plateau_share_half_as_strict", "plateau_share_twice_as_strict")
    (root / "data/surfaces").mkdir()
    spread = np.linspace(0.2, 0.4, 10)
    pd.DataFrame(plateaus | dict.fromkeys(shares, spread)).to_parquet(root / "data/surfaces/plateaus.parquet")
    (root / "data/durations.csv").write_text("stage,scale,seconds\njudge,made_up,3.0\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "made up"], cwd=root, check=True)
    return root


@pytest.fixture
def results(made, tmp_path, monkeypatch) -> Path:
    """A copy of it, as the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keep(monkeypatch, name: str = RECORD.name) -> None:
    monkeypatch.setattr(sys, "argv", ["record", name])
    record.main()


def test_the_verdicts_of_a_record_have_the_bytes_of_the_run(results, monkeypatch):
    keep(monkeypatch)
    judge.main(load_params())
    names = {"table1.csv", "seeds.csv", "layers.csv", "claims.json", "metrics.json", "verdicts.json"}
    assert {file.name for file in (results / "reports/judged" / RECORD.name).iterdir()} == names
    for name in names:
        judged = (results / "reports/judged" / RECORD.name / name).read_bytes()
        assert judged == (results / "reports" / name).read_bytes()
    verdicts = {claim["verdict"] for claim in json.loads((results / "reports/claims.json").read_text()).values()}
    assert verdicts == {"holds", "fails", "undecided"}


def test_what_is_kept_is_kept_exactly(results, monkeypatch):
    keep(monkeypatch)
    key = ["hidden_layers", "learning_rate", "seed"]
    for file in sorted(RECORD.rglob("*.parquet")):
        kept, made = pd.read_parquet(file), pd.read_parquet(Path("data") / file.relative_to(RECORD))
        if file.stem == "monitored":
            assert set(kept.loc[kept["update"] > 0, "learning_rate"]) == {CHOSEN_RATE}
            made = made[(made["learning_rate"] == CHOSEN_RATE) | (made["update"] == 0)]
        if file.stem == "predictions":
            made = made[made["learning_rate"] == CHOSEN_RATE]
        if file.stem == "histograms":
            shown = kept["update"].unique()
            assert len(shown) == record.MOMENTS
            assert {0, UPDATES[-1]} <= set(shown)
            made = made[made["update"].isin(shown)]
        made = made.sort_values("index", kind="stable") if "index" in made else made
        pd.testing.assert_frame_equal(kept, made.reset_index(drop=True), check_dtype=False, check_exact=True)
    assert len(pd.read_parquet(RECORD / "runs/shapeset/tanh/runs.parquet")[key].drop_duplicates()) == 4 * 5


def test_each_depth_keeps_its_best_rate():
    runs = pd.DataFrame(
        [(depth, rate, 0, None, rate if depth == 1 else 1 - rate) for depth in (1, 2) for rate in (0.1, 0.3, 0.5)],
        columns=["hidden_layers", "learning_rate", "seed", "diverged_at", "validation_error"],
    )
    best = record.best_runs(runs)
    assert list(zip(best["hidden_layers"], best["learning_rate"], strict=True)) == [(1, 0.1), (2, 0.5)]


def test_models_without_results_are_left_out_and_named(results, monkeypatch, capsys):
    shutil.rmtree("data/runs/shapeset/tanh-n")
    changed = yaml.safe_load(Path("params.yaml").read_text())
    changed["models"]["sigmoid"]["cost"] = "quadratic"
    Path("params.yaml").write_text(yaml.safe_dump(changed, sort_keys=False))
    keep(monkeypatch)
    assert "they have no results of these parameters: tanh-n, sigmoid\n" in capsys.readouterr().err
    assert list(load_params(RECORD / "params.yaml").models) == ["tanh"]
    assert [folder.name for folder in (RECORD / "runs/shapeset").iterdir()] == ["tanh"]


def test_the_parameters_are_those_of_the_run(results, monkeypatch):
    keep(monkeypatch)
    assert load_params(RECORD / "params.yaml") == load_params()


def test_it_says_where_it_comes_from(results, monkeypatch):
    keep(monkeypatch)
    told = (RECORD / "environment.md").read_text()
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    assert f"- Commit: {commit}" in told
    assert "- Trained on: an abacus\n" in told
    assert (RECORD / "durations.csv").read_text() == Path("data/durations.csv").read_text()


@pytest.mark.parametrize("name", ["", "../elsewhere", "Big", "a b", "-a"])
def test_a_name_that_is_none_is_refused(results, monkeypatch, name):
    monkeypatch.setattr(sys, "argv", ["record", "--", name])
    with pytest.raises(InputError, match=r"^NAME is .*; allowed: small letters, digits and hyphens$"):
        record.main()


def test_a_record_is_never_overwritten(results, monkeypatch):
    keep(monkeypatch)
    with pytest.raises(InputError, match=r"^reports/recorded/abacus-made-up exists already"):
        keep(monkeypatch)


def test_without_results_nothing_is_written(results, monkeypatch):
    shutil.rmtree("data/measured")
    with pytest.raises(InputError, match=r"^no model of params\.yaml has results"):
        keep(monkeypatch)
    assert not RECORD.exists()


@pytest.mark.parametrize("folder", sorted((REPOSITORY / "reports/recorded").glob("*/")), ids=lambda one: one.name)
def test_no_record_has_been_edited(folder):
    told = dict(line.split("  ")[::-1] for line in (folder / "sha256sums").read_text().splitlines())
    found = {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "sha256sums"
    }
    assert found == told


@pytest.mark.parametrize("folder", sorted((REPOSITORY / "reports/recorded").glob("*/")), ids=lambda one: one.name)
def test_a_record_fits_into_git(folder):
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) <= 4e6
