"""The page in a real browser: every figure is drawn and interactive, and the page is self-contained and accessible."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from stages import render
from stages.figures import playback
from stages.figures.contents import SECTIONS
from stages.params import load_params
from tests.synthetic_results import RECIPES, UPDATES, write_params, write_results, write_surfaces

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to open the page with")

DATASETS = ["shapeset", "mnist"]
ONCE = ("figure-5", "figure-11", "figure-12")  # drawn for one of these data sets, or for neither
CHARTS = 2 + sum(1 if figure.key in ONCE else 2 for figures in SECTIONS.values() for figure in figures)
OF_LAYERS = (
    "figure-2",
    "figure-3",
    "figure-4",
    "figure-6",
    "figure-7",
    "figure-8",
    "figure-9",
    "figure-10",
    "playback",
)
OF_MODELS = ("theory", "jacobians", "figure-11", "depths")
COUNT_OBSERVERS = """
  window.observers = 0;
  const { observe, disconnect } = ResizeObserver.prototype;
  ResizeObserver.prototype.observe = function (...given) { window.observers += 1; observe.apply(this, given); };
  ResizeObserver.prototype.disconnect = function () { window.observers -= 1; disconnect.apply(this); };
"""
LINES = "g.mark-line.role-mark path"
WIDTHS = (390, 1440)
FULL, FADED = 1.0, 0.08  # opacities
BACKGROUNDS = {"light": "white", "dark": "rgb(22, 25, 29)"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The made-up results of the paper's models on two data sets."""
    folder = tmp_path_factory.mktemp("site")
    write_params(folder, RECIPES, DATASETS)
    for dataset in DATASETS:
        write_results(folder, dataset, RECIPES)
    write_surfaces(folder)
    claim = {"section": "3.1", "claim": "It is so.", "rule": "So.", "verdict": "holds", "numbers": {"x": 1.5}}
    claims = {
        "sigmoid-top-saturates": claim
        | dict.fromkeys(("test", "p", "p_holm", "missing"))
        | {"scale": "laptop", "tested": True}
    }
    (folder / "reports/claims.json").write_text(json.dumps(claims), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(folder) -> Path:
    """Their page."""
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patched:
        for kind, nothing in (("svg", ""), ("png", b"")):
            patched.setattr(render.pictures, kind, lambda given, nothing=nothing: nothing)
        render.main(load_params())
    return folder / "reports/site/index.html"


@pytest.fixture(scope="module")
def browser():
    # the browser needs the fonts that stages.figures.pictures hides from this process
    environment = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, env=environment)
        yield opened
        opened.close()


@pytest.fixture
def page(site, browser):
    """The page as it opens at 1440 pixels, with lists of its complaints and requests."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.complaints, opened.requests = [], []
    opened.on("console", lambda message: opened.complaints.append(message.text))
    opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.on("request", lambda request: opened.requests.append(request.url))
    opened.goto(site.as_uri())
    yield opened
    opened.close()


def draw_all(page: Page) -> None:
    """Open what is behind another figure, and scroll through the page so that every visible chart is drawn."""
    page.evaluate("document.querySelectorAll('.behind').forEach((one) => { one.open = true; })")
    for chart in page.locator(".chart:visible").all():
        chart.scroll_into_view_if_needed()
        chart.locator("svg.marks").wait_for()


def paths_of(page: Page, key: str) -> list[str]:
    """The drawn lines of a figure."""
    return page.locator(f"#{key} .chart:visible {LINES}").evaluate_all("all => all.map((one) => one.getAttribute('d'))")


def opacities_in(page: Page, key: str) -> list[list[float]]:
    """The opacities of the lines in each panel."""
    by_panel = """(lines) => {
        const panels = new Map();
        for (const line of lines) {
            const panel = line.closest(".cell > g");
            panels.set(panel, [...(panels.get(panel) ?? []), Number(getComputedStyle(line).opacity)]);
        }
        return [...panels.values()];
    }"""
    panels = page.locator(f"#{key} .chart:visible {LINES}").evaluate_all(by_panel)
    return [[round(opacity, 2) for opacity in panel] for panel in panels]


def isolated_in(page: Page, key: str) -> list[int]:
    """The numbers of the lines that stand out, the same in every panel."""
    (standing_out,) = {tuple(opacity == FULL for opacity in panel) for panel in opacities_in(page, key)}
    return [number for number, stands in enumerate(standing_out, start=1) if stands]


def whole_panels_in(page: Page, key: str) -> list[bool]:
    """Whether each panel of a figure is shown in full; a panel's lines fade together."""
    panels = opacities_in(page, key)
    assert all(len(set(panel)) == 1 for panel in panels)
    return [panel[0] == FULL for panel in panels]


def downloaded(page: Page, key: str, file: Path) -> tuple[str, pd.DataFrame]:
    """The file name of a figure's numbers, and the numbers."""
    with page.expect_download() as waiting:
        page.locator(f"#{key} .csv:visible").click()
    waiting.value.save_as(file)
    return waiting.value.suggested_filename, pd.read_csv(file)


def test_every_figure_is_drawn_without_complaints_or_requests(page, site):
    for dataset in page.locator("#dataset option").all_text_contents():
        page.locator("#dataset").select_option(dataset)
        draw_all(page)
    assert page.locator(".chart").count() == CHARTS
    assert page.locator(".chart svg.marks").count() == CHARTS
    seen = ", ".join(f".mark-{kind}.role-mark:not([class*=pointer]) > *" for kind in ("line", "symbol", "image"))
    without = "(charts, seen) => charts.filter((one) => !one.querySelector(seen)).length"
    assert page.locator(".chart").evaluate_all(without, seen) == 0
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("data:", "blob:"))] == [site.as_uri()]


def test_one_data_set_is_shown_at_a_time(page):
    assert page.locator("#figure-2 h4:visible").all_text_contents() == ["Shapeset-3×2"]
    page.locator("#dataset").select_option("MNIST")
    assert page.locator("#figure-2 h4:visible").all_text_contents() == ["MNIST"]
    assert page.locator("#figure-5 .chart:visible").count() == 1


def test_a_charts_label_has_its_title_its_text_and_its_decided_claims(page):
    draw_all(page)
    for figure in (figure for figures in SECTIONS.values() for figure in figures if figure.key != "figure-12"):
        label = page.locator(f"#{figure.key} .chart:visible").get_attribute("aria-label")
        assert label.startswith(f"{figure.label}. {figure.title}")
        assert figure.look in label
    label = page.locator("#figure-2 .chart:visible").get_attribute("aria-label")
    assert label.startswith("Figure 2. Sigmoid: mean and spread of each layer's activations, Shapeset-3×2. Follow")
    assert label.endswith("Holds here: It is so. X: 1.5.")


def test_the_slider_moves_every_histogram_and_shows_the_update(page):
    draw_all(page)
    slider = page.locator("#playback input[type=range]:visible")
    assert slider.get_attribute("aria-valuetext") == "60,000 updates"
    before = paths_of(page, "playback")
    slider.fill("1")
    page.wait_for_timeout(500)
    after = paths_of(page, "playback")
    assert len(after) == len(before) == 3 * 5  # quantities, hidden layers
    moved = sum(one != other for one, other in zip(before, after, strict=True))
    assert moved >= 2 * 5  # the made-up weight gradients are the same at all times
    text = f"{playback.spread(pd.Series(UPDATES))[1]:,} updates"
    assert slider.get_attribute("aria-valuetext") == text
    written = page.locator("#playback .vega-bind:visible").first.inner_text()
    assert written.split() == ["time", "of", "training", *text.split()]
    page.get_by_text(f"sigmoid after {text}").locator("visible=true").wait_for()


def test_the_playback_has_a_choice_of_model(page):
    draw_all(page)
    before = paths_of(page, "playback")
    page.locator("#playback select:visible").select_option("tanh")
    page.get_by_text("tanh after 60,000 updates").locator("visible=true").wait_for()
    assert not set(before[:5]) & set(paths_of(page, "playback")[:5])


def test_a_legend_isolates_a_layer_in_every_figure_of_layers(page):
    draw_all(page)
    everything = [1, 2, 3, 4, 5]
    for key in OF_LAYERS:
        assert isolated_in(page, key) == everything
    page.locator("#figure-3 .chart:visible .role-legend-label text", has_text="2").first.click()
    page.wait_for_function("() => document.getElementById('isolate-layer').value === '2'")
    page.wait_for_timeout(500)
    for key in OF_LAYERS:
        assert isolated_in(page, key) == [2]
    for key in OF_MODELS:
        assert {opacity for panel in opacities_in(page, key) for opacity in panel} == {FULL}
    page.locator("#isolate-layer").select_option("")
    page.wait_for_timeout(500)
    for key in OF_LAYERS:
        assert isolated_in(page, key) == everything


def test_a_model_can_be_isolated_by_keyboard_in_every_figure(page):
    draw_all(page)
    page.locator("#isolate-model").focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    assert page.locator("#isolate-model").input_value() == "tanh"
    page.wait_for_timeout(500)
    for key in OF_MODELS:
        for panel in opacities_in(page, key):
            assert sorted(set(panel)) == [FADED, FULL]
    for key in ("figure-3", "figure-4", "figure-6", "figure-7", "figure-8", "figure-9", "spectra"):
        assert whole_panels_in(page, key) == [True, False]  # tanh stands above tanh-n or softsign
    for key in ("figure-2", "figure-10"):
        assert whole_panels_in(page, key) == [True]  # tanh is not in them
    page.get_by_text("tanh after 60,000 updates").locator("visible=true").wait_for()
    assert page.locator("#playback select:visible").input_value() == "tanh"


def test_a_click_on_a_models_legend_isolates_it_in_every_figure(page):
    draw_all(page)
    page.locator("#depths .chart:visible .role-legend-label text", has_text="tanh-n").first.click()
    page.get_by_text("tanh-n after 60,000 updates").locator("visible=true").wait_for()
    assert page.locator("#isolate-model").input_value() == "tanh-n"
    assert whole_panels_in(page, "figure-9") == [False, True]
    page.locator("#isolate-model").select_option("")
    page.wait_for_timeout(500)
    assert whole_panels_in(page, "figure-9") == [True, True]


def test_axes_can_be_made_linear(page):
    draw_all(page)
    time, sizes = paths_of(page, "figure-2"), paths_of(page, "figure-11")
    page.locator("[data-signal=time_power]").select_option("1")
    page.locator("[data-signal=log_constant]").select_option(label="linear")
    page.wait_for_timeout(500)
    assert not set(time) & set(paths_of(page, "figure-2"))
    assert not set(sizes) & set(paths_of(page, "figure-11"))
    assert page.complaints == []


def test_the_numbers_of_a_figure_can_be_downloaded(page, tmp_path):
    draw_all(page)
    name, rows = downloaded(page, "figure-9", tmp_path / "numbers.csv")
    assert name == "shapeset-figure-9.csv"
    assert list(rows) == ["model", "layer", "update", "weight_gradient_mean", "weight_gradient_std"]
    assert len(rows) == 2 * 5 * len(UPDATES)
    assert page.locator("#figure-1 .csv").count() == 0  # it has only pictures


def test_the_numbers_of_the_playback_are_the_recorded_densities(page, folder, tmp_path):
    draw_all(page)
    name, rows = downloaded(page, "playback", tmp_path / "numbers.csv")
    assert name == "shapeset-playback.csv"
    assert list(rows) == ["model", "quantity", "layer", "update", "bin", "left", "right", "density"]
    assert len(rows) == len(RECIPES) * 3 * 5 * playback.MOMENTS * 25  # models, quantities, layers, moments, bins
    recorded = pd.read_parquet(folder / "data/runs/shapeset/tanh/histograms.parquet")
    here = "quantity == 'activation' and layer == 3 and update == 60000"
    saved = rows.query(f"model == 'tanh' and {here}")
    fours = recorded.query(here).groupby(np.arange(100) // 4)
    np.testing.assert_allclose(saved["left"], fours["left"].min(), atol=1e-6)
    np.testing.assert_allclose(saved["right"], fours["right"].max(), atol=1e-6)
    np.testing.assert_allclose(
        saved["density"], fours["density"].mean(), atol=saved["density"].max() / playback.HIGHEST
    )


@pytest.mark.parametrize(
    ("key", "columns"),
    [
        ("spectra", ["model", "moment", "layer", "share", "singular_value"]),
        ("figure-5", ["cost", "band", "from", "to", "weight_1", "weight_2"]),
    ],
)
def test_what_a_figure_stores_in_lists_is_a_row_for_each_number(page, tmp_path, key, columns):
    draw_all(page)
    _, rows = downloaded(page, key, tmp_path / "numbers.csv")
    assert list(rows) == columns
    assert rows[columns[-2:]].dtypes.tolist() == [np.dtype(float)] * 2
    assert len(rows) > 100


def wait_for_background(page: Page, colour: str) -> None:
    """Wait until every chart that is drawn has this background."""
    script = (
        "(colour) => [...document.querySelectorAll('svg.marks')].every((one) => one.style.backgroundColor === colour)"
    )
    page.wait_for_function(script, arg=colour)


@pytest.mark.parametrize("scheme", BACKGROUNDS)
def test_printing_uses_light_charts_and_the_screen_keeps_its_colours(browser, site, scheme):
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page.goto(site.as_uri())
    page.locator("#signals svg.marks").first.wait_for()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    shown = page.locator(".chart:visible").count()
    page.wait_for_function(f"() => document.querySelectorAll('.chart svg.marks').length >= {shown}")
    wait_for_background(page, BACKGROUNDS["light"])
    assert page.locator(".chart svg.marks").count() == shown
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    wait_for_background(page, BACKGROUNDS[scheme])
    page.close()


def test_another_colour_scheme_leaves_what_was_chosen(page):
    page.add_init_script(COUNT_OBSERVERS)
    page.reload()
    draw_all(page)
    page.locator("#playback input[type=range]:visible").fill("1")
    page.locator("#playback select:visible").select_option("tanh")
    page.locator("#isolate-layer").select_option("2")
    page.wait_for_timeout(500)
    observers = page.evaluate("observers")
    page.emulate_media(color_scheme="dark")
    wait_for_background(page, BACKGROUNDS["dark"])
    page.wait_for_timeout(500)
    assert page.evaluate("observers") == observers > 0
    assert page.locator("#playback input[type=range]:visible").input_value() == "1"
    assert page.locator("#playback select:visible").input_value() == "tanh"
    page.get_by_text("tanh after").locator("visible=true").wait_for()
    assert isolated_in(page, "playback") == isolated_in(page, "figure-9") == [2]
    assert page.complaints == []


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


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", BACKGROUNDS)
def test_axe_finds_no_serious_barrier(browser, site, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(site.as_uri())
    draw_all(page)
    found = Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []
    page.close()


@pytest.fixture(scope="module")
def two_editions(folder, tmp_path_factory) -> Path:
    """The page of the same results and of a record, whose models have each other's initialization and lower errors."""
    root = tmp_path_factory.mktemp("editions") / "site"
    shutil.copytree(folder, root)
    record = root / "reports/recorded/abacus-overnight"
    swapped = {
        model: (activation, "normalized" if initialization == "standard" else "standard")
        for model, (activation, initialization) in RECIPES.items()
    }
    made = tmp_path_factory.mktemp("record")
    write_params(made, RECIPES, DATASETS)
    for dataset in DATASETS:
        write_results(made, dataset, swapped)
    write_surfaces(made)
    for name in ("curves", "runs", "monitored"):
        for file in made.glob(f"data/runs/*/*/{name}.parquet"):
            table = pd.read_parquet(file)
            columns = table.columns[table.columns.str.contains("_error|_mean")]
            table.assign(**{column: 0.8 * table[column] for column in columns}).to_parquet(file)
    shutil.copytree(made / "data", record)
    shutil.copy(made / "params.yaml", record)
    (root / "reports/judged").mkdir()
    shutil.copytree(made / "reports", root / "reports/judged/abacus-overnight")
    table1 = root / "reports/judged/abacus-overnight/table1.csv"
    judged = pd.read_csv(table1)
    judged.assign(mean_percent=0.8 * judged["mean_percent"]).to_csv(table1, index=False)
    with contextlib.chdir(root), pytest.MonkeyPatch.context() as patched:
        for kind, nothing in (("svg", ""), ("png", b"")):
            patched.setattr(render.pictures, kind, lambda given, nothing=nothing: nothing)
        render.main(load_params())
    return root / "reports/site/index.html"


@pytest.fixture
def of_two(two_editions, browser):
    """The page with two editions as it opens at 1440 pixels, with a list of its complaints."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(two_editions.as_uri())
    yield page
    assert page.complaints == []
    page.close()


def drawn_lines(page: Page) -> dict[str, list[str]]:
    """The lines of every figure that has some, once all are drawn, but for figure 8, whose made-up ones are alike."""
    draw_all(page)
    return {key: paths_of(page, key) for key in (*OF_LAYERS, *OF_MODELS) if key != "figure-8"}


def test_turning_to_another_edition_changes_every_figure_and_the_address_keeps_it(two_editions, of_two):
    assert of_two.locator("#edition-shown").input_value() == "this run"  # the record decides no claim
    own = drawn_lines(of_two)
    of_two.locator("#isolate-layer").select_option("2")
    of_two.locator("#edition-shown").select_option("abacus-overnight")
    assert of_two.locator("#isolate-layer").input_value() == ""
    others = drawn_lines(of_two)
    assert [key for key in own if own[key] == others[key]] == []
    assert of_two.url.endswith("?edition=abacus-overnight")
    of_two.reload()
    assert of_two.locator("#edition-shown").input_value() == "abacus-overnight"
    assert drawn_lines(of_two) == others
    of_two.locator("#edition-shown").select_option("this run")
    assert drawn_lines(of_two) == own
    assert of_two.url == two_editions.as_uri()


def test_the_compared_edition_is_dashed_on_the_same_axes(two_editions, of_two):
    draw_all(of_two)
    own = {key: len(paths_of(of_two, key)) for key in ("figure-3", "figure-11", "theory", "depths")}
    of_two.locator("#edition-compared").select_option("abacus-overnight")
    assert of_two.url.endswith("?compare=abacus-overnight")
    of_two.reload()
    draw_all(of_two)
    for key, lines in own.items():
        dashes = of_two.locator(f"#{key} .chart:visible {LINES}").evaluate_all(
            "all => all.map((one) => one.getAttribute('stroke-dasharray'))"
        )
        assert len(dashes) == 2 * lines
        assert dashes.count("4,3") == lines
    # the record's errors are 0.8 of this run's, so its lines lie lower
    lines = of_two.locator(f"#figure-11 .chart:visible {LINES}")
    tops = lines.evaluate_all("all => all.map((one) => one.getBBox().y)")
    half = own["figure-11"]
    assert all(one < other for one, other in zip(tops[:half], tops[half:], strict=True))


def test_table_1_and_the_opening_have_the_compared_editions_numbers(two_editions, of_two):
    table = pd.read_csv(two_editions.parents[1] / "judged/abacus-overnight/table1.csv")
    of_two.locator("#edition-compared").select_option("abacus-overnight")
    for row in table[table["dataset"] == "shapeset"].itertuples():
        cell = (
            of_two.locator("table.overview tbody tr", has=of_two.locator(f"th:text-is('{row.model}')"))
            .locator("td")
            .first
        )
        assert cell.locator(".compared").inner_text() == f"{row.mean_percent:.2f} ± {row.margin_percent:.2f}"
        assert cell.locator("[data-beside]").inner_text() != cell.locator(".compared").inner_text()
    counts, summary = of_two.locator("header .compared").all_inner_texts()[::-1]
    assert counts.strip() == "abacus-overnight: –"  # no claim has been judged there
    assert summary.strip().startswith("abacus-overnight: Test errors of the tanh network")
    of_two.locator("#edition-compared").select_option("")
    assert of_two.locator(".compared").count() == 0


def test_a_link_opens_the_figure_that_is_behind_another_and_the_details_of_a_claim(page):
    assert not page.locator("#figure-6").is_visible()
    page.evaluate("location.hash = '#figure-6'")
    page.locator("#figure-6 .chart:visible svg.marks").wait_for()
    details = page.locator("#claim-sigmoid-top-saturates details")
    assert not details.evaluate("(one) => one.open")
    page.locator("#figure-2 a.verdict").click()
    assert details.evaluate("(one) => one.open")
