"""What is said of claims that were judged at another scale or on another machine."""

from stages.figures.claims import elsewhere

HOLDS = {"verdict": "holds", "numbers": {"x": 2.0}, "missing": None}
UNDECIDED = {"verdict": "undecided", "numbers": {}, "missing": "time is"}


def test_only_what_is_open_here_and_decided_there_is_told():
    here = {"a": UNDECIDED, "b": HOLDS, "c": UNDECIDED}
    there = {"a": HOLDS, "b": HOLDS | {"verdict": "fails"}, "c": UNDECIDED, "no longer a claim": HOLDS}
    (told,) = elsewhere({"gpu-paper": there}, here)
    assert told["record"] == "gpu-paper"
    assert told["counts"] == "Of the paper's 4 claims 2 hold, 1 fails and 1 is undecided."
    assert [(one["name"], one["verdict"]) for one in told["decided"]] == [("a", "holds")]


def test_without_records_nothing_is_said():
    assert elsewhere({}, {"a": UNDECIDED}) == []
