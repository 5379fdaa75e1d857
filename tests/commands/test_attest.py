"""Whether results count as a record's: made-up reports of two models, changed in one way at a time."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from scipy.stats import ttest_ind

from commands import attest
from stages.claims.editions import Edition
from stages.running.errors import InputError
from tests.commands.made_up_reports import SEEDS, change_errors, change_verdict, write_reports
from tests.conftest import REPOSITORY


@pytest.fixture
def folders(tmp_path, monkeypatch) -> tuple[Path, Path]:
    """The folder of this machine's reports, in the working directory, and a record with the same bytes."""
    monkeypatch.chdir(tmp_path)
    here, there = tmp_path / "reports", tmp_path / "record"
    write_reports(here)
    (tmp_path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    shutil.copytree(here, there)
    shutil.copy(tmp_path / "params.yaml", there)
    monkeypatch.setattr(attest, "judged", read_judged)
    return here, there


def read_judged(edition: Edition) -> dict[str, str]:
    """What `judge` found, which these made-up records have instead of data."""
    return {name: (edition.data / name).read_text() for name in attest.FILES}


def run(capsys, monkeypatch, *arguments: str) -> tuple[int, str]:
    """The exit status and the output of the command."""
    monkeypatch.setattr(sys, "argv", ["attest", "record", *arguments])
    with pytest.raises(SystemExit) as ended:
        attest.main()
    return int(ended.value.code), capsys.readouterr().out


def test_the_same_bytes_are_identical(folders, capsys, monkeypatch):
    assert run(capsys, monkeypatch) == (0, "identical bytes\n")


def test_differences_that_seeds_explain_are_the_same(folders, capsys, monkeypatch):
    here, _ = folders
    change_errors(here, "tanh", [0.2, -0.1, 0.1, -0.2, 0.05])
    status, printed = run(capsys, monkeypatch)
    assert status == 0
    assert printed.splitlines()[-1] == "same within rounding and seeds"
    (row,) = [line for line in printed.splitlines() if "error of tanh on shapeset" in line]
    assert row.split()[-4:-2] == ["60.21", "60.2"]


@pytest.mark.parametrize(("by", "status"), [(0.3, 0), (3.0, 1)])
def test_a_difference_is_held_against_the_spread_over_seeds(folders, capsys, monkeypatch, by, status):
    here, there = folders
    change_errors(here, "tanh-n", [by] * SEEDS)
    found = json.loads(run(capsys, monkeypatch, "--json")[1])
    assert (found["result"] == attest.DIFFERS) == bool(status)
    assert found["differs"] == ["error of tanh-n on shapeset, 5 layers"] * status
    rows = {row["statistic"]: row for row in found["statistics"]}
    row = rows["error of tanh-n on shapeset, 5 layers"]
    assert row["difference"] == pytest.approx(by)
    errors = [
        pd.read_csv(folder / "seeds.csv").query("model == 'tanh-n'")["test_error_percent"] for folder in (here, there)
    ]
    p = ttest_ind(*errors, equal_var=False).pvalue
    assert (p * len(rows) < 0.005) == bool(status)  # Holm's correction of the smallest


def test_results_that_differ_end_with_status_1(folders, capsys, monkeypatch):
    change_errors(folders[0], "tanh", [9.0] * SEEDS)
    status, printed = run(capsys, monkeypatch)
    assert status == 1
    assert printed.splitlines()[-1] == "differs; error of tanh on shapeset, 5 layers"


@pytest.mark.parametrize(
    ("verdict", "status", "result"),
    [("fails", 1, "differs"), ("undecided", 0, "same within rounding and seeds")],
)
def test_only_the_opposite_verdict_is_another_result(folders, capsys, monkeypatch, verdict, status, result):
    change_verdict(folders[0], verdict)
    found, printed = run(capsys, monkeypatch)
    assert found == status
    assert printed.splitlines()[-1] == f"{result}; verdict on a-claim: {verdict}, in the record holds"


def test_margins_of_claims_are_compared(folders, capsys, monkeypatch):
    claims = json.loads((folders[0] / "claims.json").read_text())
    claims["a-claim"]["by_seed"]["the errors"] = {str(seed): seed / 10 for seed in range(SEEDS)}
    (folders[0] / "claims.json").write_text(json.dumps(claims))
    assert json.loads(run(capsys, monkeypatch, "--json")[1])["differs"] == ["a-claim, part 1"]


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("scales", "laptop", "seeds"), 7, "scales.laptop.seeds is"),
        (("shapeset", "input_range"), "unit", "shapeset.input_range is 'signed'; allowed: 'unit'"),
        (("models", "tanh", "activation"), "relu", "models.tanh.activation is 'tanh'; allowed: 'relu'"),
    ],
)
def test_other_parameters_are_named(folders, capsys, monkeypatch, path, value, named):
    file = folders[1] / "params.yaml"
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    block = values
    for key in path[:-1]:
        block = block[key]
    block[path[-1]] = value
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["attest", "record"])
    with pytest.raises(InputError, match=named):
        attest.main()


def test_parameters_of_other_scales_and_places_do_not_matter(folders, capsys, monkeypatch):
    file = folders[1] / "params.yaml"
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    values["device"] = "cpu"
    values["scales"]["paper"]["seeds"] = 9
    values["mnist"]["source"] = "data/elsewhere"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    assert run(capsys, monkeypatch) == (0, "identical bytes\n")


def test_a_record_that_was_edited_is_refused(folders, capsys, monkeypatch):
    table = folders[1] / "seeds.csv"
    (folders[1] / "sha256sums").write_text(f"{hashlib.sha256(table.read_bytes()).hexdigest()}  seeds.csv\n")
    assert run(capsys, monkeypatch) == (0, "identical bytes\n")
    table.write_text(table.read_text().replace("60.", "61."))
    with pytest.raises(InputError, match=r"^record/seeds\.csv: is not as it was recorded, by record/sha256sums"):
        attest.main()


def test_a_folder_that_is_no_record_is_named(folders, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["attest", "nowhere"])
    with pytest.raises(InputError, match=r"^nowhere: is no record, since it has no params\.yaml"):
        attest.main()
