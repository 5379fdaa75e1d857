"""The branch that keeps all editions: `python -m publishing.branch` pushes public/ to it.

A deployment to GitHub or GitLab Pages replaces the whole site, and their caches and artifacts expire, so a branch keeps
the editions. Git stores a file that two editions share only once; the remote for DVC, which is large, is of the newest
edition and stays out. This module needs only the standard library.
"""

import tempfile
from pathlib import Path

from publishing.commit import recorded
from publishing.git import git, has
from stages.running.errors import InputError, report_input_errors

PUBLIC, EDITIONS, REMOTE, BRANCH = Path("public"), "editions", "dvc", "pages"
KEPT = f"refs/remotes/origin/{BRANCH}"


def main() -> None:
    """Commit public/ on top of the branch and push it, unless the branch already has it.

    Raises InputError if public/ lacks editions of the branch: pushing it would delete what others have published.
    """
    commit = recorded(PUBLIC / "edition.json")
    git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    tree, parents = tree_of(PUBLIC), [KEPT] if has(KEPT) else []
    missing = editions(KEPT) - editions(tree)
    if missing:
        raise InputError(
            f"public/ lacks {', '.join(sorted(missing))}, which {BRANCH} keeps; run `make publish` to add them"
        )
    if parents and git("rev-parse", f"{KEPT}^{{tree}}") == tree:
        print(f"{BRANCH} already has {commit.name}")
        return
    made = git(
        "commit-tree",
        tree,
        *(argument for parent in parents for argument in ("-p", parent)),
        "-m",
        f"Publish {commit.name}: {commit.subject}",
        GIT_AUTHOR_DATE=commit.date,
        GIT_COMMITTER_DATE=commit.date,
    )
    git("push", "--quiet", "origin", f"{made}:refs/heads/{BRANCH}")
    print(f"{BRANCH} keeps {commit.name}")


def editions(revision: str) -> set[str]:
    """The names of the editions in a commit or tree of this repository."""
    folder = f"{revision}:{EDITIONS}"
    return set(git("ls-tree", "-d", "--name-only", folder).splitlines()) if has(folder) else set()


def tree_of(folder: Path) -> str:
    """Store `folder` in the repository and return its tree, without touching the index of the checkout."""
    repository = git("rev-parse", "--absolute-git-dir")
    with tempfile.TemporaryDirectory() as beside:
        own = {"GIT_DIR": repository, "GIT_WORK_TREE": str(folder.resolve()), "GIT_INDEX_FILE": f"{beside}/index"}
        git("add", "--all", "--force", ".", f":(exclude){REMOTE}", folder=folder, **own)
        return git("write-tree", **own)


if __name__ == "__main__":
    report_input_errors(main)
