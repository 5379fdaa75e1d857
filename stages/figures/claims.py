"""The claims as the page shows them: verdicts beside the figures, and the ledger at the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from stages.claims.claim import phrase
from stages.claims.ledger import CLAIMS
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, VERDICTS
from stages.figures.contents import SECTIONS
from stages.handover.tables import LARGEST

SHOWN = 3  # numbers of a claim beside a figure; the ledger has them all
KEYS = {  # of a claim in reports/claims.json, with their types
    "section": str,
    "claim": str,
    "rule": str,
    "verdict": str,
    "numbers": dict,
    "missing": str | None,
    "scale": str,
    "tested": bool,
    "test": str | None,
    "p": int | float | None,
    "p_holm": int | float | None,
}
COUNTED = {"holds": ("holds", "hold"), "fails": ("does not", "do not"), "undecided": ("is undecided", "are undecided")}


def ledger(edition: str, editions: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """A row for each claim of one edition, with its figure, its numbers in words, and the verdicts of all editions.

    editions: edition → claim → what `judge` found.
    """
    figures = {figure.key: figure for figures in SECTIONS.values() for figure in figures}
    return [
        {
            **claim,
            "name": name,
            "figure": figures[CLAIMS[name].figure] if name in CLAIMS else None,
            "numbers": in_words(name, claim["numbers"]),
            "significance": significance(claim),
            "verdicts": [compared(one, name, claim["verdict"], judged) for one, judged in editions.items()],
        }
        for name, claim in editions[edition].items()
    ]


def wrong_keys(claim: Any) -> list[str]:
    """The keys that a claim of reports/claims.json lacks, or whose values have another type than in KEYS."""
    if not isinstance(claim, dict):
        return list(KEYS)
    wrong = [key for key, kind in KEYS.items() if key not in claim or not isinstance(claim[key], kind)]
    if "verdict" not in wrong and claim["verdict"] not in VERDICTS:
        wrong.append("verdict")
    if "numbers" not in wrong and not all(_finite(value) for value in claim["numbers"].values()):
        wrong.append("numbers")
    return wrong + [key for key in ("p", "p_holm") if key not in wrong and not _finite(claim[key] or 0)]


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and -LARGEST < value < LARGEST


def beside(figure: str, judged: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """The tested claims of the figure with this key: name, verdict, claim, and its first numbers or what is missing."""
    return [
        {"name": name, "verdict": claim["verdict"], "claim": claim["claim"], "found": found(name, claim)}
        for name, claim in judged.items()
        if name in CLAIMS and CLAIMS[name].figure == figure and claim["tested"]
    ]


def read_out(shown: Sequence[Mapping[str, str]]) -> list[str]:
    """The decided ones of the claims from `beside`, as sentences for readers who do not see the figure."""
    return [
        f"{one['verdict'].capitalize()} here: {one['claim']} {one['found']}".strip()
        for one in shown
        if one["verdict"] != UNDECIDED
    ]


def found(name: str, claim: Mapping[str, Any]) -> str:
    """The numbers that a verdict rests on or what is missing, in one line; empty if there is neither."""
    text = claim["missing"] or "; ".join(in_words(name, claim["numbers"])[:SHOWN])
    first = text[:1] if text.startswith("params.yaml") else text[:1].upper()
    return f"{first}{text[1:]}." if text else ""


def in_words(name: str, numbers: Mapping[str, float]) -> list[str]:
    """The numbers of a claim in its own words, those of a claim that a record alone has by their keys."""
    words = CLAIMS[name].words if name in CLAIMS else {}
    return [phrase(words, key, number(value), share(value)) for key, value in numbers.items()]


def significance(claim: Mapping[str, Any]) -> str:
    """The test of a claim and its p-values, in one line; empty without a test."""
    if claim["p"] is None:
        return ""
    return f"{claim['test']}: p = {number(claim['p'])}; after Holm's correction {number(claim['p_holm'])}"


def counts(judged: Mapping[str, Mapping[str, Any]]) -> str:
    """How many claims were tested and which verdicts they have, in words; empty without claims."""
    counted = Counter(claim["verdict"] for claim in judged.values() if claim["tested"])
    parts = [f"{counted[one]} {COUNTED[one][counted[one] > 1]}" for one in VERDICTS if counted[one]]
    together = " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
    others = len(judged) - counted.total()
    not_run = f" {others} {'were' if others > 1 else 'was'} not run in this edition." if others else ""
    found = f": {together}" if together else ""
    return f"Tested {counted.total()} of the paper's {len(judged)} claims{found}.{not_run}" if judged else ""


def compared(edition: str, name: str, verdict: str, judged: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The verdict of `edition` on a claim, whether it was tested there, and how it differs from the shown edition's."""
    claim = judged.get(name, {"verdict": UNDECIDED, "tested": False})
    return {
        "edition": edition,
        "verdict": claim["verdict"],
        "tested": claim["tested"],
        "differs": claim["tested"] and claim["verdict"] != verdict,
        "opposite": {verdict, claim["verdict"]} == {HOLDS, FAILS},
    }


def number(value: float) -> str:
    """A number with three significant digits, or whole if it is or is large."""
    whole = float(value).is_integer() or abs(value) >= 1000
    return f"{value:,.0f}" if whole and abs(value) < 1e15 else f"{value:.3g}"


def share(value: float) -> str:
    """A share in percent, with three significant digits."""
    return f"{100 * value:.3g} %"
