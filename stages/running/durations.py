"""How long each stage took when it last ran: what a published page says, and no output, since no two runs are alike."""

import csv
import io
from pathlib import Path

from stages.running.files import write_whole

DURATIONS = Path("data/durations.csv")
COLUMNS = ["stage", "scale", "seconds"]


def note(stage: str, scale: str, seconds: float) -> None:
    """Write down that `stage`, as `train@shapeset-tanh`, took so many seconds at this scale."""
    rows = {(row["stage"], row["scale"]): row["seconds"] for row in _rows()} | {(stage, scale): f"{seconds:.1f}"}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *((*key, taken) for key, taken in sorted(rows.items()))])
    write_whole(DURATIONS, text.getvalue())


def read_durations(scale: str) -> dict[str, float]:
    """Return the seconds that each stage took here at `scale`; a stage restored from DVC's cache has none."""
    return {row["stage"]: float(row["seconds"]) for row in _rows() if row["scale"] == scale}


def _rows() -> list[dict[str, str]]:
    if not DURATIONS.exists():
        return []
    with DURATIONS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
