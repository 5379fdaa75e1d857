"""DVC's daily loop: an edit, what it changed, its errors, and what other people's machines do to it."""

import grp
import json
import os
import re
import shutil
import stat
import sys
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from tests.conftest import REPOSITORY
from tests.tiny_project import copy_project, copy_whole, edit, run

TERMINAL = 120  # columns


@pytest.fixture(scope="module")
def seven(reproduced, tmp_path_factory) -> Path:
    """The tiny project with five more models, whose results are those of tanh, as a commit; then tanh is edited."""
    folder = copy_whole(reproduced, tmp_path_factory.mktemp("seven") / "difficulty")
    names = ["softsign", "softsign-n", "tanh-n", "mine", "yours"]

    def add(values: dict) -> None:
        shipped = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))["models"]
        values["models"] |= {name: dict(shipped.get(name, values["models"]["tanh"])) for name in names}

    edit(folder, add)
    file = folder / "reports/metrics.json"
    metrics = json.loads(file.read_text())
    for percent, name in enumerate(names):
        metrics["test_error_percent"]["shapeset"][name] = 50.0 + percent
    file.write_text(json.dumps(metrics))
    run(folder, "git", "commit", "-qam", "seven models")
    edit(folder, lambda values: values["models"]["tanh"].update(initialization="normalized"))
    metrics["test_error_percent"]["shapeset"]["tanh"] -= 1
    metrics |= {"holds": metrics["holds"] + 1, "undecided": metrics["undecided"] - 1}
    file.write_text(json.dumps(metrics))
    return folder


def test_the_experiments_first_columns_are_the_test_errors(seven):
    table = run(seven, "dvc", "exp", "show", "--csv").stdout
    columns = table.splitlines()[0].split(",")
    first = columns.index("test_error_percent.shapeset.tanh")
    assert all(column.startswith("test_error_percent.") for column in columns[first : first + 7])
    assert columns[first + 7 : first + 10] == ["holds", "fails", "undecided"]


@pytest.mark.parametrize("page", ["README.md", "docs/what-if.md"])
def test_an_edits_experiment_fits_the_terminal(seven, page):
    (command,) = re.findall(r"(?m)^(dvc exp show .*)$", (REPOSITORY / page).read_text(encoding="utf-8"))
    shown = run(seven, "sh", "-c", command, variables={"COLUMNS": str(TERMINAL)}).stdout
    assert "models.tanh.initialization" in shown
    assert "test_error_percent.shapeset.tanh" in shown
    assert max(map(len, shown.splitlines())) <= TERMINAL, shown


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("scale", "Smoke", "error: params.yaml: scale is 'Smoke'; allowed: smoke, laptop, overnight, paper"),
        ("scale", 3, "error: params.yaml: scale is 3; allowed: smoke, laptop, overnight, paper"),
        ("scales", {}, "error: params.yaml: scales is {}; allowed: a block of at least one name"),
        (
            "models",
            {"tanh": {"activation": "tanh"}},
            "error: params.yaml: the key models.tanh.initialization is missing",
        ),
        ("datasets", ["shapset"], "error: params.yaml: datasets[0] is 'shapset'; allowed: shapeset, mnist,"),
    ],
)
def test_a_wrong_parameter_ends_repro_with_its_line(tmp_path, key, value, line):
    copy_project(tmp_path, lambda values: values.update({key: value}))
    done = run(tmp_path, "dvc", "repro", succeeds=False)
    assert next(one for one in done.stderr.splitlines() if one.startswith("error: ")).startswith(line)
    assert "Traceback" not in done.stderr


def test_an_option_of_dvc_is_one_line_in_params(tmp_path):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    before = (REPOSITORY / "params.yaml").read_text(encoding="utf-8").splitlines()
    apply_overrides(tmp_path / "params.yaml", ["models.tanh.initialization=normalized"])
    after = (tmp_path / "params.yaml").read_text(encoding="utf-8").splitlines()
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        (line, line.replace("standard", "normalized")) for line in before if line.startswith("  tanh: ")
    ]


def test_two_edits_that_conflict_leave_a_lock_that_dvc_reads(project):
    own = run(project, "git", "symbolic-ref", "--short", "HEAD").stdout.strip()
    for branch, rate in (("one", 0.2), ("two", 0.3)):
        run(project, "git", "checkout", "-q", "-b", branch, own)
        edit(project, lambda values, rate=rate: values["surfaces"].update(draws=int(10 * rate)))
        run(project, "dvc", "repro", "surfaces")
        run(project, "git", "commit", "-qam", branch)
    merged = run(project, "git", "merge", "one", succeeds=False)
    assert "CONFLICT (content): Merge conflict in dvc.lock" in merged.stdout
    assert yaml.safe_load((project / "dvc.lock").read_text())["stages"]["surfaces"]["params"]["params.yaml"] == {
        "surfaces": yaml.safe_load(run(project, "git", "show", "two:params.yaml").stdout)["surfaces"]
    }


def test_every_text_is_committed_with_the_line_endings_of_unix():
    assert "i/crlf" not in run(REPOSITORY, "git", "ls-files", "--eol").stdout


def test_a_clone_with_windows_line_endings_has_the_same_bytes(reproduced, tmp_path):
    run(tmp_path, "git", "clone", "-q", "--config", "core.autocrlf=true", str(reproduced), "clone")
    for name in ("params.yaml", "dvc.lock", "stages/train.py", "reports/table1.csv"):
        assert (tmp_path / "clone" / name).read_bytes() == (reproduced / name).read_bytes()


def test_a_folder_without_git_is_answered_before_the_set_up(tmp_path):
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").write_text("")
    done = run(tmp_path, "make", "repro", succeeds=False)
    assert "error: DVC needs a git repository; clone the project, or run `git init` in this folder" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("package", ["stages", "commands", "publishing", "tests"])
def test_another_package_of_the_same_name_is_not_found_first(tmp_path, package):
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("raise ImportError('another package')")
    done = run(REPOSITORY, sys.executable, "-c", f"import {package}", variables={"PYTHONPATH": str(tmp_path)})
    assert done.stdout == ""


def test_a_terminal_without_utf_8_and_a_user_without_a_home_are_served(reproduced):
    without = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": "/nonexistent"}
    shown = run(reproduced, sys.executable, "-m", "commands.summary", variables=without)
    assert "Shapeset-3×2" in shown.stdout
    assert "up to date" in run(reproduced, "dvc", "status", variables=without).stdout


def test_a_teams_folder_stays_open_to_its_group(project, tmp_path):
    """As docs/long-runs.md sets it up: a second person can push into every folder that the first one made."""
    (made, shared) = re.findall(
        r"(?m)^(install -d .*?)  .*\n(dvc remote modify .*)$", (REPOSITORY / "docs/long-runs.md").read_text()
    )[0]
    group = grp.getgrgid(os.getgid()).gr_name
    run(project, "sh", "-c", made.replace("research", group))
    run(project, "dvc", "remote", "add", "--default", "team", "../difficulty-results")
    run(project, "sh", "-c", shared)
    run(project, "sh", "-c", "umask 022; dvc push --quiet")
    folders = [one for one in (tmp_path / "difficulty-results").rglob("*") if one.is_dir()]
    assert len(folders) > 10
    assert {stat.S_IMODE(one.stat().st_mode) for one in folders} == {0o2775}
