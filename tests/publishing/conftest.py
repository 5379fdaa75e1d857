"""A clone of the tiny project, with a remote and DVC's cache."""

from pathlib import Path

import pytest

from tests.tiny_project import run


@pytest.fixture
def clone(reproduced, tmp_path) -> Path:
    """The reproduced project's clone in a folder of its own; `origin` is a bare repository beside it."""
    run(tmp_path, "git", "clone", "-q", "--bare", str(reproduced), "origin.git")
    run(tmp_path, "git", "clone", "-q", "origin.git", "difficulty")
    folder = tmp_path / "difficulty"
    run(folder, "dvc", "cache", "dir", "--local", str(reproduced / ".dvc" / "cache"))
    run(folder, "dvc", "checkout", "-q")
    return folder


def commit(folder: Path, message: str) -> str:
    """Commit everything and return the ten digits that name the commit."""
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", message)
    return run(folder, "git", "rev-parse", "HEAD").stdout[:10]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder: path → content."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
