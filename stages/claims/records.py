"""Records: the results of other machines and scales, kept in git as data and judged by today's rules."""

from pathlib import Path

RECORDED = Path("reports/recorded")
"""with a folder for each record: params.yaml, and what claims and figures read, as in data/"""
JUDGED = Path("reports/judged")
"""with a folder for each record: what `judge` found in it"""
CHECKSUMS = "sha256sums"
"""the name of a record's list of its files' SHA-256"""


def records() -> list[Path]:
    """Return the folders of all records by name."""
    return [file.parent for file in sorted(RECORDED.glob("*/params.yaml"))]
