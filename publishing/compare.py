"""What a change does to the results: `python -m publishing.compare --against origin/main --scale smoke`.

Twice: as committed, and with both commits run here at one scale, since code can change what nobody reproduced yet.
"""

import argparse
import json
import tempfile
from pathlib import Path

from publishing.git import git
from publishing.rerun import rerun, run
from stages.errors import report_input_errors
from stages.files import write_whole

CLAIMS, FIGURES = "reports/claims.json", "reports/figures"
ROWS = 100  # of a table; a comment on GitHub holds 65,536 characters
INSIDE = (".initial.", ".final.")  # of a metric's name, where it is of one layer


def main() -> None:
    """Write the comparison as Markdown, to standard output or to files."""
    parser = argparse.ArgumentParser(description="Compare the results of the commit checked out with another's.")
    parser.add_argument("--against", default="origin/main", help="a branch or commit (%(default)s)")
    parser.add_argument("--scale", default="smoke", help="at which both are run again (%(default)s)")
    parser.add_argument("--out", nargs="*", default=[], type=Path, help="Markdown files; without, standard output")
    given = parser.parse_args()
    text = comparison(given.against, "HEAD", given.scale)
    for file in given.out:
        write_whole(file, text)
    if not given.out:
        print(text, end="")


def comparison(before: str, after: str, scale: str) -> str:
    """The Markdown of both comparisons of two revisions of this repository."""
    names = [f"`{git('rev-parse', '--short=10', f'{revision}^{{commit}}')}`" for revision in (before, after)]
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "difficulty"
        here = rerun([before, after], scale, clone)
        sections = {
            "As committed": differences(before, after, Path()),
            f"Both run here at scale `{scale}`": differences(*here, clone),
        }
    parts = [f"## Results of {names[1]} against {names[0]}"]
    for title, found in sections.items():
        parts += [f"### {title}", *(found or ["No result differs."])]
    return "\n\n".join(parts) + "\n"


def differences(before: str, after: str, folder: Path) -> list[str]:
    """The blocks of Markdown that tell two commits of the repository in `folder` apart; none where nothing differs."""
    metrics = changed("metrics", before, after, folder)
    layers = {name: values for name, values in metrics.items() if any(part in name for part in INSIDE)}
    return [
        block
        for block in (
            table("parameter", changed("params", before, after, folder)),
            table("metric", {name: values for name, values in metrics.items() if name not in layers}),
            folded("metrics inside the layers", table("metric", layers), len(layers)),
            verdicts(before, after, folder),
            figures(before, after, folder),
        )
        if block
    ]


def changed(kind: str, before: str, after: str, folder: Path) -> dict[str, dict]:
    """`dvc metrics diff` or `dvc params diff`: the old and the new value by name, in the order of the names."""
    files = json.loads(run("dvc", kind, "diff", before, after, "--json", folder=folder) or "{}")
    return dict(sorted((name, values) for file in files.values() for name, values in file.items()))


def table(title: str, rows: dict[str, dict]) -> str:
    """A table of old and new values; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [f"| {title} | before | after | change |", "|---|---:|---:|---:|"]
    for name, values in list(rows.items())[:ROWS]:
        difference = values.get("diff")
        lines.append(
            f"| `{name}` | {cell(values.get('old'))} | {cell(values.get('new'))} "
            f"| {'' if difference is None else f'{difference:+.6g}'} |"
        )
    if len(rows) > ROWS:
        lines += ["", f"and {len(rows) - ROWS} more"]
    return "\n".join(lines)


def cell(value: object) -> str:
    """A value in a table's cell; a dash where there is none."""
    return "–" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def folded(title: str, text: str, count: int) -> str:
    """`text` under a line that unfolds it."""
    return f"<details><summary>{count} {title}</summary>\n\n{text}\n\n</details>" if text else ""


def verdicts(before: str, after: str, folder: Path) -> str:
    """The claims whose verdict is another one, or that only one of the commits judges."""
    old, new = (claims(revision, folder) for revision in (before, after))
    lines = []
    for name, claim in (old | new).items():
        was, now = (judged.get(name, {}).get("verdict", "not judged") for judged in (old, new))
        if was != now:
            lines.append(f"- `{name}`: {was} → **{now}**. {claim['claim']}")
    return "\n".join(["Claims with another verdict:", "", *lines]) if lines else ""


def claims(revision: str, folder: Path) -> dict[str, dict]:
    """The judged claims of a commit; none where it has no such file."""
    known = git("ls-tree", "--name-only", revision, CLAIMS, folder=folder)
    return json.loads(git("show", f"{revision}:{CLAIMS}", folder=folder)) if known else {}


def figures(before: str, after: str, folder: Path) -> str:
    """The figures that are drawn otherwise, new or gone."""
    words = {"A": "new", "D": "gone", "M": "changed"}
    lines = git("diff", "--no-renames", "--name-status", before, after, "--", FIGURES, folder=folder).splitlines()
    names: dict[str, list[str]] = {}
    for kind, file in (line.split("\t") for line in lines):
        names.setdefault(words[kind], []).append(f"`{Path(file).name}`")
    return "\n".join(f"Figures {word}: {', '.join(files)}" for word, files in sorted(names.items()))


if __name__ == "__main__":
    report_input_errors(main)
