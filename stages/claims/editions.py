"""Editions: all results of one params.yaml on one machine. Records are editions that git keeps, as data."""

from dataclasses import dataclass
from pathlib import Path

from stages.params import Params, load_params

OWN = "this run"
RECORDED = Path("reports/recorded")
"""with a folder for each record"""
JUDGED = Path("reports/judged")
"""with a folder for each record: what `judge` found in it"""
CHECKSUMS = "sha256sums"
"""the name of a record's list of its files' SHA-256"""


@dataclass(frozen=True)
class Edition:
    """One edition: where its results are, where `judge` writes what it finds in them, and the parameters."""

    name: str
    data: Path
    """with runs/, measured/, svm/ and surfaces/"""
    judged: Path
    params: Params


def own(params: Params) -> Edition:
    """Return this run's edition."""
    return Edition(OWN, Path("data"), Path("reports"), params)


def records() -> list[Edition]:
    """Return all records by name; raises InputError if the parameters of one are none."""
    return [
        Edition(file.parent.name, file.parent, JUDGED / file.parent.name, load_params(file))
        for file in sorted(RECORDED.glob("*/params.yaml"))
    ]
