"""The claims as the page tells them: verdicts beside the figures, and the ledger at the end."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from stages.claims.verdict import UNDECIDED, VERDICTS
from stages.figures.contents import SECTIONS
from stages.figures.results import hidden_layers
from stages.handover.tables import LARGEST

TOLD = 3  # numbers of a claim beside a figure; the ledger has them all
KEYS = {  # of a claim in reports/claims.json: what each has to be
    "section": str,
    "claim": str,
    "rule": str,
    "verdict": str,
    "numbers": dict,
    "missing": str | None,
    "test": str | None,
    "p": int | float | None,
    "p_holm": int | float | None,
}
COUNTED = {"holds": ("holds", "hold"), "fails": ("fails", "fail"), "undecided": ("is undecided", "are undecided")}
PHRASES = {  # how the name of a number ends, and how it is told after what stands before that
    "best_depth": ": best with {} hidden layers",
    "left_0_after_updates": " left 0 after {} updates",
    "first_saturates_after_updates": " first saturates after {} updates",
    "after_updates": " after {} updates",
    "lowest_top_layer_p98": ": the top layer's 98th percentile is {} at its lowest",
    "top_layer_p98": ": the top layer's 98th percentile is {}",
    "outer_percentile": ": outer percentile {}",
    "mean": ": mean {}",
    "way_of_other_layers": ": the other layers have come {} of the way",
    "share_at_bounds": ": {} of the activations are near the bounds",
    "densest_at": ": densest at {}",
    "plateau_share": ": {} of the surface is plateau",
    "factor_per_layer": ": times {} from layer to layer",
    "factor_off": ": off by a factor of {}",
    "largest_over_smallest": ": the largest is {} times the smallest",
    "difference_percent": "difference of {} points",
    "difference_over_seeds_percent": "{} points on average over the seeds",
    "p_over_seeds": "p = {} over the seeds",
    "margin_percent": "margin of {} points",
    "gap_percent": ": {} points apart",
    "share_of_gap_closed": "{} of the gap is closed",
    "percent": ": {} %",
}


def ledger(judged: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each claim of reports/claims.json, with the figure that it is about and its numbers in words."""
    figures = {claim: figure for figures in SECTIONS.values() for figure in figures for claim in figure.claims}
    return [
        {
            **claim,
            "name": name,
            "figure": figures.get(name),
            "numbers": [phrase(key, value) for key, value in claim["numbers"].items()],
            "tested": tested(claim),
        }
        for name, claim in judged.items()
    ]


def wrong_keys(claim: Any) -> list[str]:
    """The keys that a claim of reports/claims.json lacks, or that are not what KEYS says."""
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


def beside(figure_claims: tuple[str, ...], judged: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """What this run found of a figure's claims: name, verdict, claim, and its first numbers or what is missing."""
    return [
        {"name": name, "verdict": judged[name]["verdict"], "claim": judged[name]["claim"], "found": found(judged[name])}
        for name in figure_claims
        if name in judged
    ]


def read_out(told: Sequence[Mapping[str, str]]) -> list[str]:
    """What `beside` tells of the claims that are decided, in sentences for whoever does not see the figure."""
    return [
        f"{one['verdict'].capitalize()} in this run: {one['claim']} {one['found']}".strip()
        for one in told
        if one["verdict"] != UNDECIDED
    ]


def found(claim: Mapping[str, Any]) -> str:
    """What a verdict rests on, in one line; nothing where there are no numbers."""
    text = claim["missing"] or "; ".join([phrase(*number) for number in claim["numbers"].items()][:TOLD])
    first = text[:1] if text.startswith("params.yaml") else text[:1].upper()
    return f"{first}{text[1:]}." if text else ""


def phrase(key: str, value: float) -> str:
    """A number of a claim in words: `tanh_percent` of 64.4 is “tanh: 64.4 %”."""
    ending = next((one for one in PHRASES if key.endswith(one)), "")
    shown = f"{100 * value:.3g} %" if "share" in ending else number(value)
    subject = re.sub(
        r"\bdepth (\d+) ?",
        lambda depth: f"with {hidden_layers(int(depth[1]))}, ",
        key.removesuffix(ending).replace("_", " ").strip(),
    ).rstrip(", ")
    told = PHRASES.get(ending, ": {}").format(shown)
    return f"{subject}{told}" if subject else told.removeprefix(": ")


def tested(claim: Mapping[str, Any]) -> str:
    """The test of a claim and its p-values, in one line; nothing where it has none."""
    if claim["p"] is None:
        return ""
    return f"{claim['test']}: p = {number(claim['p'])}; after Holm's correction {number(claim['p_holm'])}"


def counts(judged: Mapping[str, Mapping[str, Any]]) -> str:
    """How many claims have which verdict, in words; nothing where none has been judged."""
    counted = Counter(claim["verdict"] for claim in judged.values())
    parts = [f"{counted[one]} {COUNTED[one][counted[one] > 1]}" for one in VERDICTS if counted[one]]
    together = " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
    claims = "the paper's one claim" if len(judged) == 1 else f"the paper's {len(judged)} claims"
    return f"Of {claims} {together}." if judged else ""


def elsewhere(
    records: Mapping[str, Mapping[str, Mapping[str, Any]]], judged: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """For each record of claims, by its name: its counts in words, and the claims decided there that are not here."""
    open_here = {name for name, claim in judged.items() if claim["verdict"] == UNDECIDED}
    return [
        {
            "record": record,
            "counts": counts(of_record),
            "decided": [
                {"name": name, "verdict": claim["verdict"], "found": found(claim)}
                for name, claim in of_record.items()
                if name in open_here and claim["verdict"] != UNDECIDED
            ],
        }
        for record, of_record in records.items()
    ]


def number(value: float) -> str:
    """A number with three significant digits, or whole."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.3g}"
