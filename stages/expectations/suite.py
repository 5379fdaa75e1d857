"""Check a table against a list of expectations, and put each finding into one line."""

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

ROW = ["split", "index"]  # the columns that name an image
ORIGIN = ["file", "position"]  # the columns, where the table has them, that say where an image came from
EXAMPLES_PER_FINDING = 3  # images that a finding names at most


@dataclass(frozen=True)
class Finding:
    """The result of checking one expectation, in words."""

    column: str
    """the columns checked; empty where the expectation counts rows"""
    expectation: str
    """what is expected, with what is allowed"""
    observed: str
    met: bool
    examples: tuple[str, ...] = ()
    """the first images that break it, by split and index, each with its values"""


def evaluate(name: str, table: pd.DataFrame, expectations: list[Expectation]) -> ExpectationSuiteValidationResult:
    """Check `table`, which has the columns `ROW`, against `expectations`, each with a `description` of its own.

    The results come in the order of `expectations`, without the time and place of the check.
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
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES_PER_FINDING},
    )
    named = [column for column in (*ROW, *ORIGIN) if column in table]
    order = {expectation.description: place for place, expectation in enumerate(expectations)}
    result.results.sort(key=lambda single: order[single.expectation_config.description])
    for single in result.results:
        single.result = json.loads(json.dumps(single.to_json_dict()["result"]))  # Data Docs cannot show NumPy's numbers
        if rows := single.result.get("partial_unexpected_index_list"):  # the library takes minutes to do so
            shown = dict.fromkeys([*named, *_columns(single.expectation_config.kwargs)])
            single.result["partial_unexpected_index_list"] = table.loc[rows, list(shown)].to_dict("records")
    result.meta = {}
    return result


def findings(result: ExpectationSuiteValidationResult) -> list[Finding]:
    """Return a finding for each expectation, in order."""
    return [
        Finding(
            column=", ".join(_columns(single.expectation_config.kwargs)),
            expectation=single.expectation_config.description,
            observed=_observed(single),
            met=bool(single.success),
            examples=tuple(map(_example, single.result.get("partial_unexpected_index_list") or ())),
        )
        for single in result.results
    ]


def _columns(kwargs: dict) -> list[str]:
    return kwargs.get("column_list") or [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]


def _observed(single: ExpectationValidationResult) -> str:
    result = single.result
    if not result:
        raised = next(iter(single.exception_info.values()))
        return f"could not be checked: {raised['exception_message']}"
    if "unexpected_count" in result:
        untrue, rows = result["unexpected_count"], f"{result['element_count']:,} rows"
        return f"untrue of {untrue:,} of {rows}" if untrue else f"true of all {rows}"
    value = result["observed_value"]
    if value and "observed_partition" in result.get("details", {}):
        return f"{_number(value)}, {_furthest_share(result['details'])}"
    return _number(value)


def _number(value: float | str | None) -> str:
    return "nothing finite" if value is None else f"{value:,.6g}" if isinstance(value, int | float) else value


def _furthest_share(details: dict) -> str:
    """Name the value whose share contributes most to χ², with its observed and expected share."""
    expected = dict(zip(details["expected_partition"]["values"], details["expected_partition"]["weights"], strict=True))
    observed = dict(zip(details["observed_partition"]["values"], details["observed_partition"]["weights"], strict=True))
    furthest = max(expected, key=lambda name: (observed[name] - expected[name]) ** 2 / expected[name])
    return f"furthest is {furthest} with {observed[furthest]:.5f} for {expected[furthest]:.5f}"


def _example(row: dict) -> str:
    """Name an image, where it came from and the values that are wrong: `train 7 (data_batch_1.bin 7): label 12`."""
    name, origin = (" ".join(str(row[column]) for column in columns if column in row) for columns in (ROW, ORIGIN))
    values = ", ".join(f"{column} {_number(value)}" for column, value in row.items() if column not in (*ROW, *ORIGIN))
    return f"{name} ({origin}): {values}" if origin else f"{name}: {values}"
