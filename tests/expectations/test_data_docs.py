"""The Data Docs page shows every expectation, needs nothing from elsewhere and is the same for the same result."""

import re

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.core import ExpectationSuiteValidationResult

from stages.expectations.data_docs import data_docs
from stages.expectations.suite import evaluate


def evaluated() -> ExpectationSuiteValidationResult:
    table = pd.DataFrame({"split": ["train"] * 4, "index": range(4), "grey": [1, 2, 3, 300], "kind": list("aabb")})
    return evaluate(
        "small",
        table,
        [
            gxe.ExpectTableRowCountToEqual(value=4, description="four rows"),
            gxe.ExpectColumnValuesToBeBetween(column="grey", min_value=0, max_value=255, description="grey is a byte"),
            gxe.ExpectColumnMeanToBeBetween(column="grey", min_value=0, max_value=100, description="mean below 100"),
            gxe.ExpectColumnKLDivergenceToBeLessThan(
                column="kind",
                partition_object={"values": ["a", "b"], "weights": [0.25, 0.75]},
                threshold=0.5,
                description="a quarter is a",
            ),
        ],
    )


@pytest.fixture(scope="module")
def page() -> str:
    return data_docs(evaluated(), "sheet.png")


def test_every_expectation_is_shown_with_what_was_observed(page, caplog):
    assert "small: 3 of 4 expectations met" in page
    for text in ("four rows", "grey is a byte", "mean below 100", "a quarter is a", "25% unexpected", "76.5"):
        assert text in page
    assert page.count('class="fas fa-times text-danger"') == 1
    assert re.search(r"<td>a</td><td class=\"number\">0.50000</td>", page)
    assert not caplog.records


def test_the_page_needs_no_network_and_no_script(page):
    assert not re.findall(r"https?://|//[a-z]+\.|<script|<link|url\(", page)
    assert re.findall(r"src=\S+", page) == ['src="sheet.png"']  # which lies beside it


def test_the_same_result_gives_the_same_bytes(page):
    assert data_docs(evaluated(), "sheet.png") == page


@pytest.mark.parametrize(("kinds", "shown"), [("aabb", "0\n"), ("abbb", "≈0.1"), ("cccc", "None (-infinity")])
def test_a_divergence_of_nothing_is_shown_as_0(kinds, shown):
    table = pd.DataFrame({"split": ["train"] * 4, "index": range(4), "kind": list(kinds)})
    halves = gxe.ExpectColumnKLDivergenceToBeLessThan(
        column="kind",
        partition_object={"values": ["a", "b"], "weights": [0.5, 0.5]},
        threshold=0,
        description="halves",
    )
    assert f"KL Divergence: {shown}" in data_docs(evaluate("small", table, [halves]), "sheet.png")
