"""How long each stage took when it last ran: what a published page says, and no output, since no two runs are alike."""

import csv
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

from stages.errors import report_input_errors
from stages.files import write_whole
from stages.params import load_params

DURATIONS = Path("data/durations.csv")
COLUMNS = ["stage", "scale", "seconds"]


def run_stage(main: Callable[[], None]) -> None:
    """Run a stage's `main` as `report_input_errors` does; under DVC, which names the stage, note how long it took."""
    start = time.perf_counter()
    report_input_errors(main)
    if "DVC_STAGE" in os.environ:
        note(os.environ["DVC_STAGE"].rpartition(":")[2], load_params().scale, time.perf_counter() - start)


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
