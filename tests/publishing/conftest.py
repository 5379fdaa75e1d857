"""The tiny project with a remote."""

from pathlib import Path

import pytest

from tests.tiny_project import run


@pytest.fixture
def clone(project) -> Path:
    """The tiny project with a remote: `origin` is a bare repository beside it."""
    run(project.parent, "git", "clone", "-q", "--bare", str(project), "origin.git")
    run(project, "git", "remote", "add", "origin", "../origin.git")
    run(project, "git", "fetch", "-q", "origin")
    return project


def commit(folder: Path, message: str) -> str:
    """Commit everything and return the ten digits that name the commit."""
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", message)
    return run(folder, "git", "rev-parse", "HEAD").stdout[:10]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder: path → content."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
