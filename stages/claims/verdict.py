"""The verdict on a claim: it holds, fails, or is undecided, with the numbers behind it."""

from dataclasses import dataclass, field

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
VERDICTS = (HOLDS, FAILS, UNDECIDED)


class Undecided(Exception):
    """A claim cannot be judged; the text says in one sentence what is missing."""


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
    """of the deciding comparison"""


def judged(holds: bool, numbers: dict[str, float]) -> Verdict:
    """Return the verdict on a claim that rests on measurements alone, without a test."""
    return Verdict(HOLDS if holds else FAILS, numbers)
