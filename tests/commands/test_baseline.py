"""The end of `make repro` says where only the processor differs from the commit's, and how to go on."""

import re

import pytest

from commands.baseline import compared_with_commit
from tests.commands.made_up_reports import SEEDS, change_errors, change_verdict, write_reports
from tests.publishing.conftest import commit
from tests.tiny_project import run


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with parameters, code and reports, all committed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("scale: smoke\n")
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "dvc.lock").write_text("")
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/train.py").write_text("")
    write_reports(tmp_path / "reports")
    run(tmp_path, "git", "init", "-q")
    commit(tmp_path, "results")
    return tmp_path


def test_the_commits_own_results_need_no_words(repository):
    assert compared_with_commit() == ""


def test_rounding_is_told_from_another_result(repository):
    reports = repository / "reports"
    change_errors(reports, "tanh", [0.2, -0.1, 0.1, -0.2, 0.05])
    assert "make attest`: same within rounding and seeds.\n" in compared_with_commit()
    change_errors(reports, "tanh", [9.0] * SEEDS)
    change_verdict(reports, "fails")
    said = "make attest`: differs; error of tanh on shapeset, 5 layers; verdict on a-claim: fails, in the record holds."
    assert said in compared_with_commit()


@pytest.mark.parametrize("edited", ["params.yaml", "stages/train.py", "requirements.lock"])
def test_an_edit_explains_other_results(repository, edited):
    change_errors(repository / "reports", "tanh", [0.2, -0.1, 0.1, -0.2, 0.05])
    (repository / edited).write_text("# edited\n")
    assert compared_with_commit() == ""


@pytest.mark.parametrize(("params", "code", "said"), [(1, "a", True), (2, "a", False), (1, "b", False)])
def test_a_commit_with_results_of_older_parameters_or_code_is_no_baseline(repository, params, code, said):
    """Somebody commits an edit of params.yaml before running it."""
    deps = "[{{path: stages/judge.py, md5: {}}}, {{path: data, md5: {}}}]"
    lock = f"stages: {{{{judge: {{{{params: {{{{scale: {{}}}}}}, deps: {deps}}}}}}}}}"
    (repository / "dvc.lock").write_text(lock.format(1, "a", "here"))
    commit(repository, "an edit without its results")
    (repository / "dvc.lock").write_text(lock.format(params, code, "there"))
    change_errors(repository / "reports", "tanh", [0.2, -0.1, 0.1, -0.2, 0.05])
    assert bool(compared_with_commit()) == said


def test_the_advice_makes_them_the_baseline(repository):
    change_errors(repository / "reports", "tanh", [0.2, -0.1, 0.1, -0.2, 0.05])
    (advice,) = re.findall("^  (git add .*)$", compared_with_commit(), flags=re.MULTILINE)
    run(repository, "sh", "-c", advice)
    assert compared_with_commit() == ""


def test_without_git_or_a_first_commit_there_is_nothing_to_compare_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_reports(tmp_path / "reports")
    assert compared_with_commit() == ""
    run(tmp_path, "git", "init", "-q")
    assert compared_with_commit() == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compared_with_commit() == ""
