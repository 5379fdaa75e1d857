"""A team shares its results through a remote, here a folder: nobody trains what another one has trained."""

import re
import shutil

import pytest
import yaml

from tests.publishing.conftest import files
from tests.tiny_project import run


@pytest.mark.long
def test_a_second_clone_gets_every_result_without_running_a_stage(project, tmp_path):
    shared, clone = tmp_path / "shared", tmp_path / "clone"
    run(project, "dvc", "remote", "add", "--default", "team", str(shared))
    run(project, "dvc", "push", "--quiet", "--run-cache")
    run(tmp_path, "git", "clone", "-q", str(project), str(clone))
    shutil.copy(project / ".dvc" / "config", clone / ".dvc" / "config")  # which the team commits
    assert not (clone / "data").exists()
    run(clone, "dvc", "pull", "--quiet", "--run-cache")
    for folder in ("data", "reports"):
        assert files(clone / folder).items() <= files(project / folder).items()  # where old models' files may lie too
    assert files(clone / "data/runs/shapeset/tanh") == files(project / "data/runs/shapeset/tanh")
    again = run(clone, "dvc", "repro").stdout
    assert "Running stage" not in again
    assert "Stage 'train@shapeset-tanh' didn't change, skipping" in again

    (clone / "dvc.lock").unlink()  # as at a commit whose results nobody committed: the run cache knows them
    again = run(clone, "dvc", "repro").stdout
    ran = {name.partition("@")[0] for name in re.findall(r"Running stage '([^']+)'", again)} - {"check"}
    assert {"judge", "render"} <= ran <= {"judge", "render", "prepare"}  # whose outputs git has; seconds of drawing
    assert {"train@shapeset-tanh", "train@shapeset-sigmoid", "measure@shapeset-tanh"} <= set(
        re.findall(r"Stage '([^']+)' is cached - skipping run", again)
    )
    ours, theirs = (
        yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"] for folder in (clone, project)
    )
    assert ours == {stage: theirs[stage] for stage in ours}  # theirs may have old models' too
