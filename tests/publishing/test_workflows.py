"""The workflows of GitHub and GitLab are valid, pinned, with least permissions, and only call make targets."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.tiny_project import run

GITHUB, GITLAB = REPOSITORY / ".github" / "workflows" / "report.yml", REPOSITORY / ".gitlab-ci.yml"
WORKFLOW = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
READ = {"contents": "read"}
PERMISSIONS = {
    "test": READ,
    "compare": READ,
    "comment": READ | {"pull-requests": "write"},
    "publish": READ,
    "keep": {"contents": "write"},
    "deploy": {"pages": "write", "id-token": "write"},
}
PIPELINE = {
    name: job
    for name, job in yaml.safe_load(GITLAB.read_text(encoding="utf-8")).items()
    if isinstance(job, dict) and "script" in job
}


def steps(key: str) -> list:
    """The values of a key in all steps of all jobs."""
    return [step[key] for job in JOBS.values() for step in job["steps"] if key in step]


@pytest.mark.parametrize(("schema", "file"), [("github-workflows", GITHUB), ("gitlab-ci", GITLAB)])
def test_a_workflow_follows_its_published_schema(schema, file):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_action_is_pinned_to_a_commit_with_its_version_in_a_comment():
    lines = re.findall(r"uses: (.*)", GITHUB.read_text(encoding="utf-8"))
    assert len(lines) == len(steps("uses")) > 0
    pins = {}
    for line in lines:
        match = re.fullmatch(r"(actions/[a-z-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
        assert match, line
        pins.setdefault(match[1], set()).add(match.groups()[1:])
    assert {action for action, versions in pins.items() if len(versions) > 1} == set()


def test_permissions_are_explicit_and_minimal():
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == PERMISSIONS
    assert "secrets." not in GITHUB.read_text(encoding="utf-8")


def test_jobs_of_a_pull_request_have_no_credentials():
    """Jobs that run a change's own code can only read, and only `keep` gives git a token that can push."""
    assert {name for name, job in JOBS.items() if "make comment" in str(job)} == {"comment"}
    for name, job in JOBS.items():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert (step.get("with", {}).get("persist-credentials") is False) == (name != "keep")
    triggers = WORKFLOW[True]  # YAML 1.1 reads the key `on` as true
    assert triggers.keys() == {"pull_request", "push", "workflow_dispatch"}
    assert triggers["push"]["branches"] == ["main"]
    for name in ("publish", "keep", "deploy"):  # the later ones need the first
        assert "event_name == 'push'" in JOBS[name].get("if", "") or JOBS[name]["needs"] in ("publish", "keep")


@pytest.mark.parametrize("lines", [steps("run"), *[job["script"] for job in PIPELINE.values()]])
def test_only_make_targets_run(lines):
    targets = set(re.findall(r"(?m)^([a-z]+):(?!=)", (REPOSITORY / "Makefile").read_text(encoding="utf-8")))
    assert lines
    for line in lines:
        program, target, *variables = shlex.split(line)
        assert program == "make"
        assert target in targets
        assert all(re.fullmatch(r"[A-Z]+=[\w. $]+", variable) for variable in variables)
        assert "${{" not in line  # names from others, such as a branch, arrive as variables


@pytest.fixture
def stubs(tmp_path, monkeypatch):
    """A folder with this Makefile and stubs in `.venv/bin` that write their arguments to the file `called`."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "apt-get"):
        (programs / name).write_text('#!/bin/sh\nprintf "%s\\n" "${0##*/}" "$@" >> called\n')
        (programs / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return programs


HOSTILE = "origin/`touch${IFS}ran`$(touch${IFS}ran)$(shell touch ran)\";touch ran;'"


@pytest.mark.parametrize("name", ["AGAINST", "SCALE", "COMMIT"])
@pytest.mark.parametrize("place", ["environment", "command line"])
def test_names_from_others_reach_the_program_unchanged_and_are_never_run(stubs, name, place, monkeypatch):
    command = ["make", "--old-file=setup", "compare", "OUT=one.md two.md"]
    if place == "environment":
        monkeypatch.setenv(name, HOSTILE)
    else:
        command.append(f"{name}={HOSTILE}")
    run(Path(), *command)
    called = Path("called").read_text().splitlines()
    assert called[:3] == ["python", "-m", "publishing.compare"]
    given = next(argument for argument in called if argument.startswith(f"--{name.lower()}="))
    assert given.partition("=")[2] == HOSTILE
    assert called[-3:] == ["--out", "one.md", "two.md"]
    assert not Path("ran").exists()


def test_the_first_file_of_the_comparison_is_posted_and_its_name_is_never_run(stubs):
    run(Path(), "make", "PYTHON=python", "comment", "OUT=`touch${IFS}ran`.md two.md")
    assert Path("called").read_text().splitlines() == ["python", "-m", "publishing.post", "`touch${IFS}ran`.md"]
    assert not Path("ran").exists()


def browser(stubs, user: int) -> subprocess.CompletedProcess:
    """Run `make browser` as the user with this number, with no program but the stubs."""
    (stubs / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (stubs / "id").chmod(0o755)
    return subprocess.run(
        [shutil.which("make"), "browser"], env={"PATH": str(stubs)}, capture_output=True, text=True, check=False
    )


def test_a_missing_browser_is_installed_and_a_failure_is_reported(stubs):
    assert browser(stubs, user=0).returncode == 0
    assert "install\n-y\n-qq\nchromium" in Path("called").read_text()
    (stubs / "apt-get").write_text("#!/bin/sh\nexit 100\n")
    assert browser(stubs, user=0).returncode != 0
    assert "note: Chromium is missing" in browser(stubs, user=1000).stdout
    (stubs / "apt-get").unlink()
    assert "note: Chromium is missing" in browser(stubs, user=0).stdout
    (stubs / "google-chrome").symlink_to("/bin/true")
    assert browser(stubs, user=0).stdout == f"{stubs / 'google-chrome'}\n"


def test_a_new_pull_request_starts_from_the_published_cache():
    compare, publish = (
        next(step["with"] for step in JOBS[job]["steps"] if step.get("uses", "").startswith("actions/cache@"))
        for job in ("compare", "publish")
    )
    assert compare["path"] == publish["path"]  # GitHub finds only caches with the same paths
    assert compare["restore-keys"].splitlines()[-1] == publish["restore-keys"] == "dvc-published-"
    assert PIPELINE["compare"]["cache"][1]["fallback_keys"] == [PIPELINE["pages"]["cache"][1]["key"]]


def test_every_job_ends_and_no_two_deployments_meet():
    assert {name for name, job in JOBS.items() if not job.get("timeout-minutes")} == set()
    assert WORKFLOW["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"
    assert {name for name, job in PIPELINE.items() if not job.get("timeout")} == set()
    for name in ("pages", "keep"):
        assert PIPELINE[name]["resource_group"] == "pages"
        assert PIPELINE[name]["interruptible"] is False


def test_files_that_jobs_leave_in_the_clone_are_ignored():
    """Otherwise they would count as uncommitted and block publishing."""
    left = [".cache/pip/x", ".venv", ".dvc/cache/x", "public/index.html", "comparison.md"]
    done = subprocess.run(["git", "check-ignore", *left], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout.split() == left
