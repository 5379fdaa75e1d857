"""How a table is checked against a list of expectations, and how each outcome reads in one line."""

import json
from dataclasses import dataclass

import great_expectations as gx
import pandas as pd
from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations import Expectation

ROW = ["split", "index"]  # the columns by which an example is named
EXAMPLES = 5


@dataclass(frozen=True)
class Outcome:
    """One expectation's outcome in words."""

    column: str  # the column or columns looked at; empty where whole rows are counted
    expectation: str  # what is expected, with what is allowed
    observed: str
    met: bool


def evaluate(name: str, table: pd.DataFrame, expectations: list[Expectation]) -> ExpectationSuiteValidationResult:
    """Check `table`, which has the columns `ROW`, against `expectations`, each with a `description` of its own.

    The results come in the order of `expectations` and carry nothing of when or where they were computed.
    """
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
    asset = context.data_sources.add_pandas("prepared").add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe("images").get_batch({"dataframe": table})
    result = batch.validate(
        gx.ExpectationSuite(name=name, expectations=expectations),
        result_format={
            "result_format": "SUMMARY",
            "unexpected_index_column_names": ROW,
            "partial_unexpected_count": EXAMPLES,
        },
    )
    order = {expectation.description: place for place, expectation in enumerate(expectations)}
    result.results.sort(key=lambda single: order[single.expectation_config.description])
    for single in result.results:
        single.result = json.loads(json.dumps(single.to_json_dict()["result"]))  # Data Docs cannot show NumPy's numbers
    result.meta = {}
    return result


def outcomes(result: ExpectationSuiteValidationResult) -> list[Outcome]:
    """Put every expectation's outcome into words, in order."""
    return [
        Outcome(
            column=_column(single.expectation_config.kwargs),
            expectation=single.expectation_config.description,
            observed=_observed(single),
            met=bool(single.success),
        )
        for single in result.results
    ]


def _column(kwargs: dict) -> str:
    names = kwargs.get("column_list") or [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    return ", ".join(names)


def _observed(single: ExpectationValidationResult) -> str:
    result = single.result
    if not result:
        raised = next(iter(single.exception_info.values()))
        return f"could not be checked: {raised['exception_message']}"
    if "unexpected_count" in result:
        return _observed_rows(result)
    value = result["observed_value"]
    if "observed_partition" in result.get("details", {}):
        return f"{_number(value)}, {_furthest_share(result['details'])}"
    return _number(value)


def _number(value: float | str | None) -> str:
    return "nothing finite" if value is None else f"{value:,.6g}" if isinstance(value, int | float) else value


def _furthest_share(details: dict) -> str:
    """Name the value whose share contributes most to χ², with its observed and expected share."""
    expected = dict(zip(details["expected_partition"]["values"], details["expected_partition"]["weights"], strict=True))
    observed = dict(zip(details["observed_partition"]["values"], details["observed_partition"]["weights"], strict=True))
    furthest = max(expected, key=lambda name: (observed[name] - expected[name]) ** 2 / expected[name])
    return f"furthest is {furthest} with {observed[furthest]:.4f} for {expected[furthest]:.4f}"


def _observed_rows(result: dict) -> str:
    if result["unexpected_count"] == 0:
        return f"true of all {result['element_count']:,} rows"
    examples = [
        f"{example['split']} {example['index']} ("
        + ", ".join(f"{name} {_number(value)}" for name, value in example.items() if name not in ROW)
        + ")"
        for example in result["partial_unexpected_index_list"][:EXAMPLES]
    ]
    return f"untrue of {result['unexpected_count']:,} of {result['element_count']:,} rows: {', '.join(examples)}"
