"""The one standard of evidence: every part of a claim is judged over seeds, and one seed may not decide.

What is a number a seed is tested by a t-test; where seeds either show something or do not, they have to agree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from stages.claims.significance import LEVEL, bonferroni, detectable, paired
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Verdict

OVER_SEEDS = f"t-test over the seeds, p < {LEVEL}"
AGREE = "The claim holds if all seeds agree that it does, and fails if all agree that it does not."


@dataclass(frozen=True)
class Part:
    """One part of a claim: something that is measured once a seed and supports the claim where it is above 0."""

    words: str
    """what is measured, as the subject of a sentence"""
    margins: pd.Series
    """seed → the margin"""
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def p(self) -> float:
        """Of the two-sided t-test that the mean margin is 0."""
        return paired(self.margins.to_numpy())

    @property
    def supports(self) -> bool:
        """Whether the mean margin is significantly above 0."""
        return self.p < LEVEL and self.margins.mean() > 0

    @property
    def contradicts(self) -> bool:
        """Whether the mean margin is significantly below 0."""
        return self.p < LEVEL and self.margins.mean() < 0


def verdict_on(parts: Sequence[Part], repeated: str = "seeds") -> Verdict:
    """Return the verdict on a claim that says all of `parts`, over what was `repeated`.

    It holds if every part supports it. It fails if one contradicts it, even after Bonferroni's correction for their
    number. The p-value is that of the deciding part: the strongest that contradicts, corrected, else the weakest that
    is open, else the weakest of all.
    """
    open_ones = [part for part in parts if not part.supports]
    strongest = min((part for part in parts if part.contradicts), key=_strength, default=None)
    count = len(parts)
    if strongest and bonferroni(strongest.p, count) < LEVEL:
        verdict, missing, decides, p = FAILS, None, strongest, bonferroni(strongest.p, count)
    elif strongest:
        verdict, decides, p = UNDECIDED, strongest, bonferroni(strongest.p, count)
        missing = (
            f"{decides.words}: the seeds contradict the claim, but not significantly for one of {count} parts "
            f"(p = {p:.2g}); more seeds might decide"
        )
    elif open_ones:
        verdict, decides = UNDECIDED, max(open_ones, key=_strength)
        p, seeds = decides.p, len(decides.margins)
        missing = (
            f"{decides.words}: {seeds} {repeated} cannot tell (p = {p:.2g}); more of them or longer training might"
        )
    else:
        verdict, missing, decides = HOLDS, None, max(parts, key=_strength)
        p = decides.p
    numbers = dict(decides.numbers)
    for part in parts:
        numbers |= {key: value for key, value in part.numbers.items() if key not in numbers}
    corrected = f"; p times {count} for as many parts" if decides.contradicts and count > 1 else ""
    test = f"t-test over {len(decides.margins)} {repeated}: {decides.words}{corrected}"
    return Verdict(verdict, numbers, missing, test, p, {part.words: margins_of(part) for part in parts})


def margins_of(part: Part) -> dict[int, float]:
    """Return the margins as plain numbers."""
    return {int(seed): float(margin) for seed, margin in part.margins.items()}


def power_of(margins: pd.Series) -> float:
    """Return the mean margin that the strictest test of the rules would find with a probability of 80 %.

    It is at the level that Holm's correction asks of the strongest of all claims, with one seed left out.
    """
    return detectable(margins.std(), len(margins) - 1)


def together(words: str, of_seeds: Mapping[int, Verdict]) -> Verdict:
    """Return the verdict on a claim that each seed shows or does not: that on which all agree.

    Its numbers are means over the seeds, of what all seeds have.
    """
    counted = Counter(one.verdict for one in of_seeds.values())
    verdict = next(iter(counted)) if len(counted) == 1 else UNDECIDED
    numbers: dict[str, list[float]] = {}
    for one in of_seeds.values():
        for key, value in one.numbers.items():
            numbers.setdefault(key, []).append(value)
    means = {key: float(np.mean(values)) for key, values in numbers.items() if len(values) == len(of_seeds)}
    missing = None
    if verdict == UNDECIDED:
        waiting = {seed: one.missing for seed, one in of_seeds.items() if one.missing}
        counts = ", ".join(f"{counted[one]} {one}" for one in (HOLDS, FAILS, UNDECIDED) if counted[one])
        missing = f"the seeds do not agree ({counts})" if len(counted) > 1 else ""
        if waiting:
            seed = min(waiting)
            missing = f"{missing}; " * bool(missing) + f"seed {seed}: {waiting[seed]}"
    by_seed = {words: {seed: one.verdict for seed, one in of_seeds.items()}}
    return Verdict(verdict, {**means, "seeds": len(of_seeds)}, missing, by_seed=by_seed)


def _strength(part: Part) -> tuple[float, float]:
    """Return a sort key, the strongest part first, that also orders p-values which are both 0."""
    return part.p, -abs(part.margins.mean())
