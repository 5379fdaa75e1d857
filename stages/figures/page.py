"""The page: charts, texts and Table 1 in one self-contained HTML document."""

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import vl_convert

from stages.figures.live import figure as live
from stages.figures.style import DARK, LIGHT, LINEAR, LOGARITHMIC, config

FOLDER = Path(__file__).parent
SCRIPTS = ("compare.js", "draw.js", "playback.js", "numbers.js", *(f"live/{name}" for name in live.PAGE), "page.js")


def html(editions: Sequence[Mapping[str, Any]]) -> str:
    """Fill page.html.jinja with the content of all editions; style, script and drawing library are embedded."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    script, worker = bundled(SCRIPTS), bundled(f"live/{name}" for name in live.WORKER)
    themes = {"light": config(**LIGHT), "dark": config(**DARK)}
    body, of_page, of_live = (
        templates().get_template(f"{name}.html.jinja") for name in ("edition", "page", "live/figure")
    )
    scales = {"logarithmic": LOGARITHMIC, "linear": LINEAR}
    only = of_live.render(**live.choices())  # in the first edition; page.js moves it to the one that is shown
    shown = [
        {**one, "body": body.render(**one, **scales, editions=editions, live="" if at else only)}
        for at, one in enumerate(editions)
    ]
    return of_page.render(editions=shown, themes=themes, style=style, script=script, worker=worker)


def bundled(scripts: Iterable[str]) -> str:
    """Scripts of this folder as one, minified, with the drawing library if they use it."""
    return vl_convert.javascript_bundle("".join((FOLDER / name).read_text(encoding="utf-8") for name in scripts))


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
    environment.filters["packed"] = packed
    return environment


def packed(specification: dict) -> str:
    """The specification without its config, which all charts of the page share, as JSON in gzip in base 64."""
    drawn = {key: value for key, value in specification.items() if key != "config"}
    text = json.dumps(drawn, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("utf-8"), mtime=0)).decode("ascii")


def script_json(value: dict) -> str:
    """`value` as JSON that is safe in a script element, where `</` would end it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
