"""The claims as the page tells them: verdicts beside the figures, and the ledger at the end."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from stages.claims.verdict import VERDICTS
from stages.figures.contents import SECTIONS

TOLD = 3  # numbers of a claim beside a figure; the ledger has them all


def ledger(judged: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each claim of reports/claims.json, with the figure that it is about and its numbers as texts."""
    figures = {claim: figure for figures in SECTIONS.values() for figure in figures for claim in figure.claims}
    return [
        {
            **claim,
            "name": name,
            "figure": figures.get(name),
            "numbers": {key.replace("_", " "): number(value) for key, value in claim["numbers"].items()},
            "tested": tested(claim),
        }
        for name, claim in judged.items()
    ]


def beside(figure_claims: tuple[str, ...], judged: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """What this run found of a figure's claims: name, verdict, claim, and its first numbers or what is missing."""
    return [
        {"name": name, "verdict": judged[name]["verdict"], "claim": judged[name]["claim"], "found": found(judged[name])}
        for name in figure_claims
        if name in judged
    ]


def found(claim: Mapping[str, Any]) -> str:
    """What a verdict rests on, in one line."""
    if claim["missing"]:
        return claim["missing"][0].upper() + claim["missing"][1:] + "."
    first = list(claim["numbers"].items())[:TOLD]
    return "; ".join(f"{key.replace('_', ' ')}: {number(value)}" for key, value in first) + "."


def tested(claim: Mapping[str, Any]) -> str:
    """The test of a claim and its p-values, in one line; nothing where it has none."""
    if claim["p"] is None:
        return ""
    return f"{claim['test']}: p = {number(claim['p'])}; after Holm's correction {number(claim['p_holm'])}"


def counts(judged: Mapping[str, Mapping[str, Any]]) -> str:
    """How many claims have which verdict, in words; nothing where none has been judged."""
    counted = Counter(claim["verdict"] for claim in judged.values())
    words = {"holds": "hold", "fails": "fail", "undecided": "are undecided"}
    *parts, last = ["", *(f"{counted[verdict]} {words[verdict]}" for verdict in VERDICTS if counted[verdict])]
    together = f"{', '.join(parts[1:])} and {last}" if parts[1:] else last
    return f"Of the paper's {len(judged)} claims {together}." if judged else ""


def number(value: float) -> str:
    """A number with three significant digits, or whole."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.3g}"
