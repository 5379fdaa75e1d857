"""The commit that an edition is named by: `python -m publishing.commit` shows it, or says what is not committed."""

import json
from pathlib import Path
from typing import NamedTuple

from publishing.git import git
from stages.running.errors import InputError, report_input_errors

# What the pipeline writes follows from the rest, and its last digits from the processor: it makes no tree dirty.
WRITTEN = ("dvc.lock", "reports")


class Commit(NamedTuple):
    """id: 40 hexadecimal digits; date: the committer's, ISO 8601; subject: the message's first line."""

    id: str
    date: str
    subject: str

    @property
    def name(self) -> str:
        """The first ten digits: the same in every clone, where git's own short form grows with the repository."""
        return self.id[:10]


def main() -> None:
    """Say which commit would be published."""
    commit = clean_commit()
    print(f"to be published: {commit.name} of {commit.date[:10]}, {commit.subject}")


def clean_commit() -> Commit:
    """Return the commit that is checked out; raises InputError where a file is not as it has it."""
    changed = changes(".", *(f":(exclude){path}" for path in WRITTEN))
    if changed:
        raise InputError(
            f"not committed: {', '.join(changed)}; an edition is named by its commit: commit or stash first"
        )
    return Commit(*git("log", "-1", "--format=%H%x00%cI%x00%s").split("\0"))


def recorded(file: Path) -> Commit:
    """Return the commit that an edition's `file` names; raises InputError where it cannot be read."""
    try:
        return Commit(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{file}: missing or damaged ({error}); `make publish` writes it") from error


def changes(*paths: str) -> list[str]:
    """The files among `paths` that are not as the commit has them, or not in it and not ignored."""
    return [line[3:] for line in git("status", "--porcelain", "--", *paths).splitlines()]


if __name__ == "__main__":
    report_input_errors(main)
