"""Compare the results of two commits: `python -m publishing.compare --against origin/main --scale smoke`.

It compares the committed results, then runs both commits at one scale, since a change may not be reproduced yet. DVC
writes the tables of parameters and metrics; it knows no verdicts, no figures and no limit of a comment's length.
"""

import argparse
import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from publishing.git import git
from publishing.rerun import rerun, run
from stages.running.errors import report_input_errors
from stages.running.files import write_whole

SUMMARY, CLAIMS, FIGURES = "reports/summary.md", "reports/claims.json", "reports/figures/*.png"
# DVC's own table heads name commits, which mean nothing to a reader when both were run here
PARAMETERS = "| parameter | before | after |\n|---|---:|---:|"
METRICS = "| metric | before | after | change |\n|---|---:|---:|---:|"
DIGITS = "12"  # after the point: some metrics are millionths
ROWS = 100  # shown of a table


def main() -> None:
    """Write the comparison as Markdown, to standard output or to files."""
    parser = argparse.ArgumentParser(description="Compare the results of the checked-out commit with another's.")
    parser.add_argument("--against", default="origin/main", help="a branch or commit (%(default)s)")
    parser.add_argument("--scale", default="smoke", help="scale at which both commits are run (%(default)s)")
    parser.add_argument("--commit", default="HEAD", help="names the change if HEAD is its merge (%(default)s)")
    parser.add_argument("--out", nargs="*", default=[], type=Path, help="Markdown files (standard output)")
    given = parser.parse_args()
    text = comparison(given.against, "HEAD", given.scale, given.commit, raw_files(os.environ))
    for file in given.out:
        write_whole(file, text)
    if not given.out:
        print(text, end="")


def raw_files(variables: Mapping[str, str]) -> str:
    """URL prefix of a commit's files on GitHub or GitLab, followed by the commit's id; empty outside of their CI."""
    if "CI_PROJECT_URL" in variables:
        return f"{variables['CI_PROJECT_URL']}/-/raw"
    if "GITHUB_REPOSITORY" in variables:
        return f"{variables['GITHUB_SERVER_URL']}/{variables['GITHUB_REPOSITORY']}/raw"
    return ""


def comparison(before: str, after: str, scale: str, called: str, raw: str) -> str:
    """Both comparisons of two revisions of this repository, as Markdown.

    called: the revision that names `after` to the reader and has the same figures. raw: see `raw_files`.
    """
    before, after, called = (commit_id(revision) for revision in (before, after, called))
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "difficulty"
        here = rerun([before, after], scale, clone)
        sections = {
            "As committed": [*differences(before, after, Path()), pictures(before, after, called, raw)],
            f"Both run here at scale `{scale}`": [*differences(*here, clone), figures(*here, clone)],
        }
    return document(f"Results of `{called[:10]}` against `{before[:10]}`", summary(after), sections)


def commit_id(revision: str) -> str:
    """The 40 digits of a commit; raises InputError if the revision is unknown."""
    return git("rev-parse", "--verify", f"{revision}^{{commit}}")


def document(title: str, opening: str, sections: Mapping[str, list[str]]) -> str:
    """The whole comparison as Markdown; empty blocks are left out."""
    parts = [f"## {title}", opening]
    for heading, blocks in sections.items():
        parts += [f"### {heading}", *(blocks if any(blocks) else ["No differences."])]
    return "\n\n".join(part for part in parts if part) + "\n"


def summary(commit: str) -> str:
    """The summary of a commit's results without its title and list of claims; empty if there is none."""
    titled = committed(SUMMARY, commit, Path())
    return re.split(r"\n+(?=\| claim )", re.sub(r"\A#.*\n+", "", titled))[0].strip()


def differences(before: str, after: str, folder: Path) -> list[str]:
    """The differences between two commits of the repository in `folder`, as Markdown blocks."""
    numbers = changed("metrics", before, after, folder, "--precision", DIGITS, "--targets", "reports/metrics.json")
    return [
        block
        for block in (
            verdicts(before, after, folder),
            table(PARAMETERS, changed("params", before, after, folder)),
            table(METRICS, numbers),
        )
        if block
    ]


def changed(kind: str, before: str, after: str, folder: Path, *options: str) -> list[str]:
    """The rows of `dvc metrics diff --md` or `dvc params diff --md`, in the order of the names.

    Padding is removed: one long value would pad every row, and a comment's length is limited.
    """
    markdown = run("dvc", kind, "diff", before, after, "--md", "--no-path", *options, folder=folder)
    return [re.sub(" +", " ", row) for row in markdown.splitlines()[2:] if row]


def table(head: str, rows: list[str]) -> str:
    """A Markdown table of at most ROWS rows; empty if there are none."""
    more = [f"\nand {len(rows) - ROWS} more"] if len(rows) > ROWS else []
    return "\n".join([head, *rows[:ROWS], *more]) if rows else ""


def folded(title: str, text: str) -> str:
    """`text` folded under `title`; empty if there is no text."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>" if text else ""


def verdicts(before: str, after: str, folder: Path) -> str:
    """The claims whose verdict differs, or that only one of the commits judges."""
    old, new = (claims(revision, folder) for revision in (before, after))
    lines = []
    for name, claim in (old | new).items():
        was, now = (judged.get(name, {}).get("verdict", "not judged") for judged in (old, new))
        if was != now:
            lines.append(f"- `{name}`: {was} → **{now}**. {claim['claim']}")
    return "\n".join(["Changed verdicts:", "", *lines]) if lines else ""


def claims(revision: str, folder: Path) -> dict[str, dict]:
    """The judged claims of a commit; empty if it has no such file."""
    return json.loads(committed(CLAIMS, revision, folder) or "{}")


def committed(file: str, revision: str, folder: Path) -> str:
    """The text of a file in a commit of the repository in `folder`; empty if it has no such file."""
    known = git("ls-tree", "--name-only", revision, file, folder=folder)
    return git("show", f"{revision}:{file}", folder=folder) if known else ""


def redrawn(before: str, after: str, folder: Path) -> dict[str, str]:
    """The figures that differ: file → A (added), D (deleted) or M (modified)."""
    lines = git("diff", "--no-renames", "--name-status", before, after, "--", FIGURES, folder=folder).splitlines()
    return {file: kind for kind, file in (line.split("\t") for line in lines)}


def figures(before: str, after: str, folder: Path) -> str:
    """The names of the changed, new and removed figures."""
    words = {"A": "new", "D": "removed", "M": "changed"}
    names: dict[str, list[str]] = {}
    for file, kind in redrawn(before, after, folder).items():
        names.setdefault(words[kind], []).append(f"`{Path(file).stem}`")
    return "\n".join(f"Figures {word}: {', '.join(files)}" for word, files in sorted(names.items()))


def pictures(before: str, after: str, called: str, raw: str) -> str:
    """The figures that differ, before and after side by side; only their names if `raw` is empty.

    called: the commit whose files are shown for `after`, since GitHub replaces the merge commit and drops the old one.
    """
    files = redrawn(before, after, Path())
    if not raw or not files:
        return figures(before, after, Path())
    lines = ["| figure | before | after |", "|---|---|---|"]
    for file, kind in files.items():
        name = Path(file).stem
        was, now = (f"![{name}]({raw}/{commit}/{file})" for commit in (before, called))
        lines.append(f"| `{name}` | {'–' if kind == 'A' else was} | {'–' if kind == 'D' else now} |")
    return folded(f"{len(files)} changed figures", "\n".join(lines))


if __name__ == "__main__":
    report_input_errors(main)
