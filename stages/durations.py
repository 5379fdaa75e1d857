"""How long each stage took when it last ran: what a published page says, and no output, since no two runs are alike."""

import csv
import io
import os
import time
from collections.abc import Callable
from pathlib import Path

from stages.errors import report_input_errors
from stages.files import write_whole

DURATIONS = Path("data/durations.csv")


def run_stage(main: Callable[[], None]) -> None:
    """Run a stage's `main` as `report_input_errors` does; under DVC, which names the stage, note how long it took."""
    start = time.perf_counter()
    report_input_errors(main)
    if "DVC_STAGE" in os.environ:
        note(os.environ["DVC_STAGE"].rpartition(":")[2], time.perf_counter() - start)


def note(stage: str, seconds: float) -> None:
    """Write down that `stage`, as `train@shapeset-tanh`, took so many seconds."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["stage", "seconds"])
    writer.writerows(sorted((read_durations() | {stage: round(seconds, 1)}).items()))
    write_whole(DURATIONS, text.getvalue())


def read_durations() -> dict[str, float]:
    """The seconds that each stage took here; a stage whose results came from DVC's cache may not be among them."""
    if not DURATIONS.exists():
        return {}
    with DURATIONS.open(encoding="utf-8", newline="") as file:
        return {row["stage"]: float(row["seconds"]) for row in csv.DictReader(file)}
