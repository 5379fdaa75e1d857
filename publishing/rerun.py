"""Run the pipeline of several commits at one scale, in a clone that shares DVC's cache."""

import re
import subprocess
import sys
from pathlib import Path

from publishing.git import git
from stages.running.errors import InputError


def rerun(revisions: list[str], scale: str, clone: Path) -> list[str]:
    """Reproduce each revision at `scale` in the new folder `clone`; return the clone's commits with the results.

    Raises InputError if a revision is unknown or its pipeline fails; the pipeline's output is then on stderr.
    """
    commits = [git("rev-parse", f"{revision}^{{commit}}") for revision in revisions]
    cache = run("dvc", "cache", "dir", folder=Path())
    git("clone", "--quiet", "--shared", "--no-checkout", ".", str(clone))
    run("dvc", "cache", "dir", "--local", cache.strip(), folder=checked_out(clone, commits[0]))
    return [results(checked_out(clone, commit), scale) for commit in commits]


def checked_out(clone: Path, commit: str) -> Path:
    """The clone with the files of `commit`."""
    git("checkout", "--quiet", "--force", commit, folder=clone)
    return clone


def results(clone: Path, scale: str) -> str:
    """Reproduce the checked-out commit at `scale`, commit everything and return the new commit."""
    file = clone / "params.yaml"
    file.write_text(re.sub(r"(?m)^scale:.*$", f"scale: {scale}", file.read_text(encoding="utf-8")), encoding="utf-8")
    run("dvc", "repro", folder=clone)
    git("add", "--all", folder=clone)
    identity = ("-c", "user.name=difficulty", "-c", "user.email=")
    git(*identity, "commit", "--quiet", "--allow-empty", "--message", f"Results at scale {scale}", folder=clone)
    return git("rev-parse", "HEAD", folder=clone)


def run(module: str, *arguments: str, folder: Path) -> str:
    """Return the output of a Python module; if it fails, print its output and raise InputError."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        raise InputError(f"python -m {' '.join(command[2:])} failed at {git('rev-parse', 'HEAD', folder=folder)}")
    return done.stdout
