"""What can be said of a claim: that it holds, fails, or is undecided, and the numbers that say so."""

from dataclasses import dataclass, field

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
VERDICTS = (HOLDS, FAILS, UNDECIDED)


class Undecided(Exception):
    """A claim that cannot be judged; its text is the sentence that says what is missing."""


@dataclass(frozen=True)
class Verdict:
    """One claim's verdict."""

    verdict: str
    """one of VERDICTS"""
    numbers: dict[str, float] = field(default_factory=dict)
    """what it rests on, the most telling one first"""
    missing: str | None = None
    """of an undecided claim: what is missing, in one sentence"""
    test: str | None = None
    """of a claim that compares errors: the test"""
    p: float | None = None
    """the p-value of the comparison that decides"""


def judged(holds: bool, numbers: dict[str, float]) -> Verdict:
    """Return the verdict on a claim that rests on measurements alone, without a test."""
    return Verdict(HOLDS if holds else FAILS, numbers)
