"""The page in a real browser: every figure is drawn and answers, nothing is asked for beside it, nobody is shut out."""

import contextlib
import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from stages import render
from stages.figures.contents import SECTIONS
from tests.synthetic_results import RECIPES, write_params, write_results, write_surfaces

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to open the page with")

DATASETS = ["shapeset", "mnist"]
ONCE = ("figure-5", "figure-11", "figure-12")  # each of one of these data sets, or of neither
CHARTS = sum(1 if figure.key in ONCE else 2 for figures in SECTIONS.values() for figure in figures)
LINES = "g.mark-line.role-mark path"
WIDTHS = (390, 1440)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The page of the paper's models on two data sets."""
    folder = tmp_path_factory.mktemp("site")
    write_params(folder, RECIPES, DATASETS)
    for dataset in DATASETS:
        write_results(folder, dataset, RECIPES)
    write_surfaces(folder)
    claim = {"section": "3.1", "claim": "It is so.", "rule": "So.", "verdict": "holds", "numbers": {"x": 1.5}}
    claims = {"sigmoid-top-saturates": claim | dict.fromkeys(("test", "p", "p_holm", "missing"))}
    (folder / "reports/claims.json").write_text(json.dumps(claims), encoding="utf-8")
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patched:
        for kind, nothing in (("svg", ""), ("png", b""), ("overview_png", b"")):
            patched.setattr(render.pictures, kind, lambda given, nothing=nothing: nothing)
        render.main()
    return folder / "reports/site/index.html"


@pytest.fixture(scope="module")
def browser():
    # the drawing of pictures sets fonts of its own for this process, without which the browser cannot do
    environment = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, env=environment)
        yield opened
        opened.close()


@pytest.fixture
def page(site, browser):
    """The page as it opens at 1440 pixels, every chart drawn; what it complains of and asks for is kept with it."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.complaints, opened.requests = [], []
    opened.on("console", lambda message: opened.complaints.append(message.text))
    opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.on("request", lambda request: opened.requests.append(request.url))
    opened.goto(site.as_uri())
    yield opened
    opened.close()


def draw_all(page: Page) -> None:
    """Have every chart of the data set that is shown drawn, as going down the page does."""
    for chart in page.locator(".chart:visible").all():
        chart.scroll_into_view_if_needed()
        chart.locator("svg.marks").wait_for()


def paths_of(page: Page, key: str) -> list[str]:
    """The lines of a figure as they are drawn."""
    return page.locator(f"#{key} .chart:visible {LINES}").evaluate_all("all => all.map((one) => one.getAttribute('d'))")


def faded_in(page: Page, key: str) -> list[float]:
    """The opacities that a figure's lines have."""
    opacities = "all => all.map((one) => Number(getComputedStyle(one).opacity).toFixed(2))"
    return sorted({float(one) for one in page.locator(f"#{key} .chart:visible {LINES}").evaluate_all(opacities)})


def test_every_figure_is_drawn_and_nothing_is_complained_of_or_asked_for(page, site):
    for dataset in page.locator("#dataset option").all_text_contents():
        page.locator("#dataset").select_option(dataset)
        draw_all(page)
    assert page.locator(".chart").count() == CHARTS
    assert page.locator(".chart svg.marks").count() == CHARTS
    without = "charts => charts.filter((one) => !one.querySelector('.role-mark path, .role-mark image')).length"
    assert page.locator(".chart").evaluate_all(without) == 0
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("data:", "blob:"))] == [site.as_uri()]


def test_one_data_set_is_shown_at_a_time(page):
    assert page.locator("#figure-2 h4:visible").all_text_contents() == ["Shapeset-3×2"]
    page.locator("#dataset").select_option("MNIST")
    assert page.locator("#figure-2 h4:visible").all_text_contents() == ["MNIST"]
    assert page.locator("#figure-5 .chart:visible").count() == 1


def test_the_slider_moves_every_histogram(page):
    draw_all(page)
    before = paths_of(page, "playback")
    page.locator("#playback input[type=range]").first.fill("1")
    page.wait_for_timeout(500)
    after = paths_of(page, "playback")
    assert len(after) == len(before) == 3 * 5  # quantities, hidden layers
    moved = sum(one != other for one, other in zip(before, after, strict=True))
    assert moved >= 2 * 5  # the made-up weight gradients are the same at all times
    page.locator("#playback select").first.select_option("sigmoid")
    page.get_by_text("sigmoid after").first.wait_for()


def test_a_legend_isolates_a_layer_in_every_figure(page):
    draw_all(page)
    assert faded_in(page, "figure-9") == [1.0]
    page.locator("#figure-3 .chart:visible .role-legend-label text", has_text="2").first.click()
    page.wait_for_function("() => document.getElementById('isolate-layer').value === '2'")
    page.wait_for_timeout(300)
    assert faded_in(page, "figure-9") == [0.08, 1.0]
    assert faded_in(page, "figure-11") == [1.0]  # it is of models
    page.locator("#isolate-layer").select_option("")
    page.wait_for_timeout(300)
    assert faded_in(page, "figure-9") == [1.0]


def test_a_model_can_be_isolated_by_keyboard(page):
    draw_all(page)
    page.locator("#isolate-model").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    assert faded_in(page, "figure-11") == [0.08, 1.0]
    assert faded_in(page, "jacobians") == [0.08, 1.0]


def test_axes_can_be_made_linear(page):
    draw_all(page)
    time, sizes = paths_of(page, "figure-2"), paths_of(page, "figure-9")
    page.locator("[data-signal=time_power]").select_option("1")
    page.locator("[data-signal=log_constant]").select_option(label="linear")
    page.wait_for_timeout(500)
    assert not set(time) & set(paths_of(page, "figure-2"))
    assert not set(sizes) & set(paths_of(page, "figure-9"))
    assert page.complaints == []


def test_the_numbers_of_a_figure_can_be_had(page, tmp_path):
    draw_all(page)
    with page.expect_download() as waiting:
        page.locator("#figure-9 .csv:visible").click()
    assert waiting.value.suggested_filename == "shapeset-figure-9.csv"
    waiting.value.save_as(tmp_path / "numbers.csv")
    with (tmp_path / "numbers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"update", "layer", "weight_gradient_std"} <= rows[0].keys()
    assert {row["layer"] for row in rows} == {"1", "2", "3", "4", "5"}


def test_a_verdict_leads_to_the_ledger(page):
    page.locator("#figure-2 .found a").first.click()
    assert page.locator("#claim-sigmoid-top-saturates:target").is_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(browser, site, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(site.as_uri())
    draw_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nobody_is_shut_out(browser, site, scheme):
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page.goto(site.as_uri())
    draw_all(page)
    found = Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []
    page.close()
