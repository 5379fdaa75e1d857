"""Editions: all results of one params.yaml on one machine. Records are editions that git keeps, as data."""

from dataclasses import dataclass, replace
from pathlib import Path

from stages.claims.table1 import PAPER_MODELS, paper_model
from stages.params import Model, Params, load_params

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
    """with the models in the order of `in_order`"""


def own(params: Params) -> Edition:
    """Return this run's edition."""
    return Edition(OWN, Path("data"), Path("reports"), in_order(params))


def records() -> list[Edition]:
    """Return all records by name; raises InputError if the parameters of one are none."""
    return [
        Edition(file.parent.name, file.parent, JUDGED / file.parent.name, in_order(load_params(file)))
        for file in sorted(RECORDED.glob("*/params.yaml"))
    ]


def in_order(params: Params) -> Params:
    """Return the parameters with the models in the order of the paper's Table 1, then by name.

    To DVC two orders of the models are the same parameters, so no output may depend on it.
    """
    rows = list(PAPER_MODELS)

    def place(item: tuple[str, Model]) -> tuple[int, str]:
        name, recipe = item
        paper = paper_model(recipe)
        return (rows.index(paper) if paper else len(rows)), name

    return replace(params, models=dict(sorted(params.models.items(), key=place)))
