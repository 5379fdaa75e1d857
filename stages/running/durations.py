"""The duration of each stage's last run, for the published page.

It is not a DVC output, since it differs in every run.
"""

import csv
import io
from pathlib import Path

from stages.running.files import write_whole

DURATIONS = Path("data/durations.csv")
COLUMNS = ["stage", "scale", "seconds"]


def note(stage: str, scale: str, seconds: float) -> None:
    """Record that `stage`, such as `train@shapeset-tanh`, took `seconds` at this scale."""
    rows = {(row["stage"], row["scale"]): row["seconds"] for row in _rows()} | {(stage, scale): f"{seconds:.1f}"}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *((*key, taken) for key, taken in sorted(rows.items()))])
    write_whole(DURATIONS, text.getvalue())


def read_durations(scale: str) -> dict[str, float]:
    """Return the seconds of each stage that ran here at `scale`; stages restored from DVC's cache are left out."""
    return {row["stage"]: float(row["seconds"]) for row in _rows() if row["scale"] == scale}


def _rows() -> list[dict[str, str]]:
    if not DURATIONS.exists():
        return []
    with DURATIONS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
