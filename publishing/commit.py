"""The commit that names an edition: `python -m publishing.commit` prints it, or lists uncommitted files."""

import json
from pathlib import Path
from typing import NamedTuple

from publishing.git import git
from stages.running.errors import InputError, report_input_errors

# Outputs of the pipeline follow from the rest, and their last digits from the processor: changes there are allowed.
WRITTEN = ("dvc.lock", "reports")


class Commit(NamedTuple):
    """id: 40 hexadecimal digits; date: the committer's, ISO 8601; subject: the message's first line."""

    id: str
    date: str
    subject: str

    @property
    def name(self) -> str:
        """The first ten digits: the same in every clone, while git's own short form grows with the repository."""
        return self.id[:10]


def main() -> None:
    """Print the commit that would be published."""
    commit = clean_commit()
    print(f"to be published: {commit.name} of {commit.date[:10]}, {commit.subject}")


def clean_commit() -> Commit:
    """Return the checked-out commit; raises InputError if a file differs from it."""
    changed = changes(".", *(f":(exclude){path}" for path in WRITTEN))
    if changed:
        raise InputError(
            f"not committed: {', '.join(changed)}; commit or stash first, since the commit names the edition"
        )
    return Commit(*git("log", "-1", "--format=%H%x00%cI%x00%s").split("\0"))


def recorded(file: Path) -> Commit:
    """Return the commit that an edition's `file` names; raises InputError if it cannot be read."""
    try:
        return Commit(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{file}: missing or damaged ({error}); run `make publish` to write it") from error


def changes(*paths: str) -> list[str]:
    """The files in `paths` that differ from the commit, or are untracked and not ignored."""
    return [line[3:] for line in git("status", "--porcelain", "--", *paths).splitlines()]


if __name__ == "__main__":
    report_input_errors(main)
