"""Great Expectations' Data Docs as one page that needs no network and has the same bytes for the same result."""

from pathlib import Path

from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

TEMPLATES = Path(__file__).parent / "templates"  # in place of the library's page, which loads styles and scripts


def data_docs(result: ExpectationSuiteValidationResult) -> str:
    """Render a validation result as HTML."""
    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result)
    view = DefaultJinjaPageView()
    view.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), view.env.loader])
    return view.render(document, template="data_docs.html.j2", statistics=result.statistics)
