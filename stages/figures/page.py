"""The page: the charts, their words and Table 1 in one HTML document that needs nothing beside it."""

import json
from pathlib import Path

import jinja2
import vl_convert

FOLDER = Path(__file__).parent


def html(content: dict) -> str:
    """Fill page.html.jinja with `content`; the style, the script and the drawing library stand in the document."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["script_json"] = script_json
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    script = vl_convert.javascript_bundle((FOLDER / "page.js").read_text(encoding="utf-8"))
    return environment.get_template("page.html.jinja").render(**content, style=style, script=script)


def script_json(value: dict) -> str:
    """`value` as JSON that can stand in a script element, where `</` would end it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
