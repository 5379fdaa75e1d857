"""The page: charts, texts and Table 1 in one self-contained HTML document."""

import json
from pathlib import Path

import jinja2
import vl_convert

from stages.figures.style import DARK, LIGHT, LINEAR, LOGARITHMIC, config

FOLDER = Path(__file__).parent


def html(content: dict) -> str:
    """Fill page.html.jinja with `content`; style, script and drawing library are embedded."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    script = vl_convert.javascript_bundle((FOLDER / "page.js").read_text(encoding="utf-8"))
    themes = {"light": config(**LIGHT), "dark": config(**DARK)}
    looks = {"logarithmic": LOGARITHMIC, "linear": LINEAR, "themes": themes, "style": style, "script": script}
    return templates().get_template("page.html.jinja").render(**content, **looks)


def summary(content: dict) -> str:
    """Fill summary.md.jinja with `content`."""
    return templates().get_template("summary.md.jinja").render(**content)


def templates() -> jinja2.Environment:
    """The template environment of this folder."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=jinja2.select_autoescape(["html.jinja"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["script_json"] = script_json
    environment.filters["without_config"] = without_config
    return environment


def without_config(specification: dict) -> dict:
    """The specification without its config, which all charts of the page share."""
    return {key: value for key, value in specification.items() if key != "config"}


def script_json(value: dict) -> str:
    """`value` as JSON that is safe in a script element, where `</` would end it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
