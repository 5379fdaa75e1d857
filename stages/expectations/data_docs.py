"""Great Expectations' Data Docs as one page that needs no network and has the same bytes for the same result."""

from pathlib import Path

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

TEMPLATES = Path(__file__).parent / "templates"  # in place of the library's page, which loads styles and scripts
NO_DIVERGENCE = "None (-infinity, infinity, or NaN)"  # which the library also writes for a divergence of 0


def data_docs(result: ExpectationSuiteValidationResult, pictures: str) -> str:
    """Render a validation result as HTML; pictures: the name of a file beside it, the contact sheet."""
    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result)
    view = DefaultJinjaPageView()
    view.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), view.env.loader])
    page = view.render(document, template="data_docs.html.j2", statistics=result.statistics, pictures=pictures)
    all_finite = all(single.result.get("observed_value", 0) is not None for single in result.results)
    return page.replace(NO_DIVERGENCE, "0") if all_finite else page
