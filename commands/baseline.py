"""Whether this run's results are those of the commit, where only the machine differs; for the end of `make repro`."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from commands.attest import FILES, REPORTS, attest

LOCK = "dvc.lock"
DECIDING = ("params.yaml", "requirements.lock", "stages")
"""what decides the results, besides the machine"""


def compared_with_commit() -> str:
    """Return what to know of results that differ from the commit's on the same code and parameters; else nothing.

    Outside a git repository, and where the commit has no results, there is nothing to compare with.
    """
    paths = [str(REPORTS / name) for name in FILES]
    if (
        git("diff", "--quiet", "HEAD", "--", *DECIDING) is None
        or git("diff", "--quiet", "HEAD", "--", *paths) is not None
    ):
        return ""
    committed = {path: git("show", f"HEAD:{path}") for path in paths}
    locks = [git("show", f"HEAD:{LOCK}"), Path(LOCK).read_bytes() if Path(LOCK).exists() else None]
    if None in [*committed.values(), *locks] or inputs(locks[0]) != inputs(locks[1]):
        return ""
    with TemporaryDirectory() as folder:
        for path, content in committed.items():
            (Path(folder) / Path(path).name).write_bytes(content)
        found = attest(REPORTS, Path(folder))
    return (
        "These results differ from the commit's, with the same code and parameters: most likely this processor rounds "
        "otherwise.\n"
        f"Judged as by `make attest`: {'; '.join([found['result'], *found['differs'], *found['verdicts']])}.\n"
        "To compare your edits with your own results, make them the baseline:\n"
        "  git add dvc.lock reports && git commit -m 'Results of this machine'"
    )


def inputs(lock: bytes) -> dict[str, Any]:
    """Return the parameters and the code of each stage in a dvc.lock: a commit may hold the results of older ones."""
    stages = (YAML(typ="safe").load(lock) or {}).get("stages", {})
    return {
        name: (stage.get("params"), [one for one in stage.get("deps", []) if one["path"].startswith("stages/")])
        for name, stage in stages.items()
    }


def git(*arguments: str) -> bytes | None:
    """Return what git writes; None where it fails, or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
