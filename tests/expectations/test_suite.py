"""How findings read, on a small table whose every finding is known."""

import great_expectations.expectations as gxe
import pandas as pd
import pytest

from stages.expectations.suite import Finding, evaluate, findings

TABLE = pd.DataFrame(
    {
        "split": ["train"] * 8 + ["test"] * 2,
        "index": [*range(8), 0, 1],
        "grey": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "kind": ["a"] * 6 + ["b"] * 4,
        "may_miss": [0.25, None] * 5,
    }
)


def finding(expectation: gxe.Expectation) -> Finding:
    (found,) = findings(evaluate("small", TABLE, [expectation]))
    return found


def test_outcomes_come_in_the_order_of_the_expectations():
    wanted = [
        gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, max_value=limit, description=f"{column} {limit}")
        for column in ("may_miss", "grey", "index")
        for limit in (20, 10, 15)
    ]
    found = findings(evaluate("small", TABLE, wanted))
    assert [single.expectation for single in found] == [expectation.description for expectation in wanted]
    assert all(single.met for single in found)


@pytest.mark.parametrize(
    ("expectation", "column", "observed", "met", "examples"),
    [
        (
            gxe.ExpectColumnValuesToBeBetween(column="grey", min_value=1, max_value=10, description="d"),
            "grey",
            "true of all 10 rows",
            True,
            (),
        ),
        (
            gxe.ExpectColumnValuesToBeBetween(column="grey", min_value=1, max_value=8, description="d"),
            "grey",
            "untrue of 2 of 10 rows",
            False,
            ("test 0: grey 9", "test 1: grey 10"),
        ),
        (
            gxe.ExpectColumnValuesToBeBetween(column="may_miss", min_value=1, max_value=8, description="d"),
            "may_miss",
            "untrue of 5 of 10 rows",
            False,
            ("train 0: may_miss 0.25", "train 2: may_miss 0.25", "train 4: may_miss 0.25"),
        ),
        (
            gxe.ExpectColumnPairValuesToBeEqual(column_A="grey", column_B="index", description="d"),
            "grey, index",
            "untrue of 10 of 10 rows",
            False,
            ("train 0: grey 1", "train 1: grey 2", "train 2: grey 3"),
        ),
        (
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["split", "index"], description="d"),
            "split, index",
            "true of all 10 rows",
            True,
            (),
        ),
        (gxe.ExpectTableRowCountToEqual(value=11, description="d"), "", "10", False, ()),
        (
            gxe.ExpectColumnMeanToBeBetween(column="grey", min_value=5, max_value=6, description="d"),
            "grey",
            "5.5",
            True,
            (),
        ),
        (
            gxe.ExpectColumnKLDivergenceToBeLessThan(
                column="kind",
                partition_object={"values": ["a", "b"], "weights": [0.5, 0.5]},
                threshold=0.01,
                description="d",
            ),
            "kind",
            "0.0201355, furthest is a with 0.60000 for 0.50000",
            False,
            (),
        ),
        (
            gxe.ExpectColumnKLDivergenceToBeLessThan(
                column="kind",
                partition_object={"values": ["a", "b"], "weights": [0.6, 0.4]},
                threshold=0,
                description="d",
            ),
            "kind",
            "0",
            True,
            (),
        ),
        (
            gxe.ExpectColumnMeanToBeBetween(column="shade", min_value=5, max_value=6, description="d"),
            "shade",
            'could not be checked: Error: The column "shade" in BatchData does not exist.',
            False,
            (),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, gxe.Expectation) else "",
)
def test_an_outcome_tells_column_and_what_was_observed(expectation, column, observed, met, examples):
    assert finding(expectation) == Finding(column, "d", observed, met, examples)


def test_examples_tell_where_an_image_came_from():
    table = TABLE.assign(file="batch.bin", position=range(1000, 1010))
    expectation = gxe.ExpectColumnValuesToBeBetween(column="grey", max_value=8, description="d")
    (found,) = findings(evaluate("small", table, [expectation]))
    assert found.examples == ("test 0 (batch.bin 1008): grey 9", "test 1 (batch.bin 1009): grey 10")
