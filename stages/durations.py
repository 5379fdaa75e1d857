"""How long each stage took when it last ran: what a published page says, and no output, since no two runs are alike."""

import csv
import io
from pathlib import Path

from stages.files import write_whole
from stages.params import load_params

DURATIONS = Path("data/durations.csv")
COLUMNS = ["stage", "scale", "seconds"]


def note(stage: str, scale: str, seconds: float) -> None:
    """Write down that `stage`, as `train@shapeset-tanh`, took so many seconds at this scale."""
    rows = {(row["stage"], row["scale"]): row["seconds"] for row in _rows()} | {(stage, scale): f"{seconds:.1f}"}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *((*key, taken) for key, taken in sorted(rows.items()))])
    write_whole(DURATIONS, text.getvalue())


def read_durations() -> dict[str, float]:
    """The seconds that each stage took here at the scale in force; of what came from DVC's cache nothing is known."""
    scale = load_params().scale
    return {row["stage"]: float(row["seconds"]) for row in _rows() if row["scale"] == scale}


def _rows() -> list[dict[str, str]]:
    if not DURATIONS.exists():
        return []
    with DURATIONS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
