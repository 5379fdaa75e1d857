"""Each promise of docs/reliability.md names tests that are there."""

import re

from tests.conftest import REPOSITORY

PROMISES = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
TESTS = {
    (file.relative_to(REPOSITORY).as_posix(), name)
    for file in (REPOSITORY / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.M)
}


def test_every_test_that_a_promise_names_is_there_and_where_it_says():
    rows = [line for line in PROMISES.splitlines() if line.startswith("|") and "`test" in line]
    assert len(rows) > 15
    place = ""
    for row in rows:
        for name in re.findall(r"`(test[^`]*)`", row):
            if name.startswith("tests/"):
                place = name
                assert (REPOSITORY / place).exists()
            else:
                assert (place, name) in TESTS, row


def test_every_promise_names_one():
    for row in PROMISES.splitlines():
        if row.startswith("|") and row != "|---|---|" and row != "| promise | test |":
            assert re.search(r"`test[^`]*`", row), row
