"""The verdict on a claim: it holds, fails, or is undecided, with the numbers behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
VERDICTS = (HOLDS, FAILS, UNDECIDED)


class Undecided(Exception):
    """A claim cannot be judged; the text says in one sentence what is missing."""


class NotRun(Undecided):
    """A claim is not judged, since the edition lacks a model, data set or measurement that it is about."""


@dataclass(frozen=True)
class Verdict:
    """One claim's verdict."""

    verdict: str
    """one of VERDICTS"""
    numbers: dict[str, float] = field(default_factory=dict)
    """that it rests on, the most important first"""
    missing: str | None = None
    """of an undecided claim: what is missing, in one sentence"""
    test: str | None = None
    """the statistical test, if there is one"""
    p: float | None = None
    """of the deciding part of the claim"""
    by_seed: Mapping[str, Mapping[int, float | str]] = field(default_factory=dict)
    """part of the claim, in words → seed → the margin by which it supports that part, or its own verdict"""
    tested: bool = True
    """whether the edition has what the claim is about"""
