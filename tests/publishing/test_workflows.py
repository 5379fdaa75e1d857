"""The workflows of GitHub and GitLab: valid, pinned, with the least permissions, and without logic of their own."""

import re
import shlex
import subprocess
import sys

import pytest
import yaml

from tests.conftest import REPOSITORY

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


def test_every_action_is_pinned_to_a_commit_whose_version_stands_beside_it():
    lines = re.findall(r"uses: (.*)", GITHUB.read_text(encoding="utf-8"))
    assert len(lines) == len(steps("uses")) > 0
    pins = {}
    for line in lines:
        match = re.fullmatch(r"(actions/[a-z-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
        assert match, line
        pins.setdefault(match[1], set()).add(match.groups()[1:])
    assert {action for action, versions in pins.items() if len(versions) > 1} == set()


def test_permissions_are_stated_and_least():
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == PERMISSIONS
    assert "secrets." not in GITHUB.read_text(encoding="utf-8")


def test_what_a_pull_request_runs_has_no_credentials():
    """The jobs that run a change's own code can read only, and only `keep` leaves git a token that can push."""
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
        assert "${{" not in line  # what others can name, like a branch, comes in as a variable


def test_every_job_ends_and_no_two_deployments_meet():
    assert {name for name, job in JOBS.items() if not job.get("timeout-minutes")} == set()
    assert WORKFLOW["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"
    assert {name for name, job in PIPELINE.items() if not job.get("timeout")} == set()
    for name in ("pages", "keep"):
        assert PIPELINE[name]["resource_group"] == "pages"
        assert PIPELINE[name]["interruptible"] is False


def test_what_a_job_leaves_in_the_clone_is_ignored():
    """Else it would count as not committed, and nothing could be published."""
    left = [".cache/pip/x", ".venv", ".dvc/cache/x", "public/index.html", "comparison.md"]
    done = subprocess.run(["git", "check-ignore", *left], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout.split() == left
