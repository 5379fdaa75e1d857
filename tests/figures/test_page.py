"""The page in a real browser: every figure is drawn and interactive, and the page is self-contained and accessible."""

import contextlib
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page

from stages import render
from stages.figures import playback
from stages.figures.contents import SECTIONS
from stages.params import load_params
from tests.conftest import REPOSITORY
from tests.synthetic_results import RECIPES, UPDATES, write_params, write_results, write_surfaces

DATASETS = ["shapeset", "mnist"]
ONCE = ("figure-5", "figure-11", "figure-12", "gap")  # drawn for one of these data sets, or for neither
NOT_RUN = ("depths",)  # the made-up networks have one depth
CHARTS = 2 + sum(
    1 if figure.key in ONCE else 2 for figures in SECTIONS.values() for figure in figures if figure.key not in NOT_RUN
)
OF_LAYERS = ("figure-2", "figure-3", "figure-6", "figure-7", "figure-8", "figure-9-layers", "spectra")  # as lines
AS_ROWS = ("figure-4", "playback")
OF_MODELS = ("theory", "jacobians", "figure-9", "figure-11")
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


def opacities_in(page: Page, key: str) -> set[tuple[float, ...]]:
    """The opacities of the lines or rows of the layers, from layer 1, in each panel."""
    by_panel = """(marks) => {
        const panels = new Map();
        for (const mark of marks) {
            const panel = mark.closest(".cell > g, [class*=concat_][class*=_group]");
            panels.set(panel, [...(panels.get(panel) ?? []), Number(getComputedStyle(mark).opacity)]);
        }
        return [...panels.values()];
    }"""
    kind = "g.mark-area.role-mark path" if key in AS_ROWS else LINES
    panels = page.locator(f"#{key} .chart:visible {kind}").evaluate_all(by_panel)
    return {tuple(round(opacity, 2) for opacity in panel) for panel in panels}


def choose(page: Page, key: str, setting: str, value: str) -> None:
    """Click a model or a layer beside a figure."""
    more = page.locator(f"#{key} .controls:visible details:not([open]) summary")
    if more.count() and not page.locator(f"#{key} .controls:visible [name={setting}][value='{value}']").is_visible():
        more.click()
    page.locator(f"#{key} .controls:visible [name={setting}][value='{value}']").click()


def panels_in(page: Page, key: str) -> list[str]:
    """The models that have a panel of a figure."""
    titles = page.locator(f"#{key} .chart:visible .role-title-text text").all_text_contents()
    return [title.split(":")[0] for title in titles if ":" in title]


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
    for figure in (
        figure for figures in SECTIONS.values() for figure in figures if figure.key not in ("figure-12", *NOT_RUN)
    ):
        label = page.locator(f"#{figure.key} .chart:visible").get_attribute("aria-label")
        assert label.startswith(f"{figure.label}. {figure.title}")
        assert figure.look in label
    label = page.locator("#figure-2 .chart:visible").get_attribute("aria-label")
    assert label.startswith("Figure 2. Sigmoid: mean and spread of each layer's activations, Shapeset-3×2. Follow")
    assert label.endswith("Holds here: It is so. X: 1.5.")


def test_the_slider_moves_every_histogram_and_tells_the_update(page):
    draw_all(page)
    slider = page.locator("#playback input[type=range]:visible")
    told = page.locator("#playback output:visible")
    assert slider.input_value() == "0"
    assert told.inner_text() == slider.get_attribute("aria-valuetext") == "0 updates"
    rows, axes = rows_of(page), page.locator("#playback .chart:visible .role-axis-label text").all_text_contents()
    slider.fill(str(playback.MOMENTS - 1))
    told.get_by_text("60,000 updates").wait_for()
    page.wait_for_timeout(300)
    assert len(rows_of(page)) == len(rows) == 3 * 5  # quantities, hidden layers
    moved = sum(one != other for one, other in zip(rows, rows_of(page), strict=True))
    assert moved >= 2 * 5  # the made-up weight gradients are the same at all times
    assert page.locator("#playback .chart:visible .role-axis-label text").all_text_contents() == axes


def rows_of(page: Page) -> list[str]:
    """The outlines of the playback's rows."""
    areas = page.locator("#playback .chart:visible g.mark-area.role-mark path")
    return areas.evaluate_all("all => all.map((one) => one.getAttribute('d'))")


def test_play_moves_the_slider_until_it_is_pressed_again_or_at_the_end(page):
    draw_all(page)
    button, slider = page.locator("#playback .play:visible"), page.locator("#playback input[type=range]:visible")
    button.click()
    assert button.inner_text() == "Pause"
    page.wait_for_function("(one) => Number(one.value) >= 3", arg=slider.element_handle())
    button.click()
    assert button.inner_text() == "Play"
    stopped = slider.input_value()
    page.wait_for_timeout(1000)
    assert slider.input_value() == stopped
    slider.fill(str(playback.MOMENTS - 2))
    button.click()
    page.wait_for_function("(one) => one.innerText === 'Play'", arg=button.element_handle())
    assert slider.input_value() == str(playback.MOMENTS - 1)


@pytest.mark.parametrize("moment", [0, playback.MOMENTS // 2, playback.MOMENTS - 1])
def test_the_playback_shows_every_model_at_start_middle_and_end(page, folder, moment):
    draw_all(page)
    page.locator("#playback input[type=range]:visible").fill(str(moment))
    models = page.locator("#playback select[data-signal=model]:visible")
    seen = set()
    for model in models.locator("option").all_text_contents():
        models.select_option(model)
        page.wait_for_timeout(200)
        rows = rows_of(page)
        assert len(rows) == 15
        seen.add(tuple(",".join(re.findall(r",([\d.]+)", row)) for row in rows))  # heights: labels move the rest
    files = [folder / f"data/runs/shapeset/{model}/histograms.parquet" for model in RECIPES]
    assert len(seen) == len({file.read_bytes() for file in files}) > 1


def test_a_layer_stands_out_until_it_is_clicked_again_in_its_figure_alone(page):
    draw_all(page)
    for key in (*OF_LAYERS, *AS_ROWS):
        layers = 4 if key == "spectra" else 5
        assert opacities_in(page, key) <= {(FULL,) * layers, (FULL,) * 2 * layers}  # the spectra have two moments
    choose(page, "figure-3", "chosen_layers", "2")
    page.wait_for_timeout(300)
    assert opacities_in(page, "figure-3") == {(FADED, FULL, FADED, FADED, FADED)}
    assert opacities_in(page, "figure-2") == {(FULL,) * 5}
    choose(page, "figure-3", "chosen_layers", "5")
    page.wait_for_timeout(300)
    assert opacities_in(page, "figure-3") == {(FADED, FULL, FADED, FADED, FULL)}
    for layer in ("2", "5"):
        choose(page, "figure-3", "chosen_layers", layer)
    page.wait_for_timeout(300)
    assert opacities_in(page, "figure-3") == {(FULL,) * 5}
    for key in AS_ROWS:
        choose(page, key, "chosen_layers", "1")
        page.wait_for_timeout(300)
        assert opacities_in(page, key) == {(FULL, FADED, FADED, FADED, FADED)}


def lowest_mark(page: Page, key: str) -> float:
    """Where the lowest mark of a figure ends, in pixels from the top of its place."""
    of_all = """(place) => Math.max(...[...place.querySelectorAll(".mark-line path, .mark-area path, text")]
        .map((one) => one.getBoundingClientRect().bottom)) - place.getBoundingClientRect().top"""
    return page.locator(f"#{key} .chart:visible").evaluate(of_all)


def test_a_model_can_be_added_and_taken_away_by_keyboard(page):
    draw_all(page)
    assert panels_in(page, "figure-3") == ["tanh", "tanh-n", "softsign"]
    page.locator("#figure-3 .controls:visible summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_timeout(500)
    assert panels_in(page, "figure-3") == ["tanh", "tanh-n", "softsign", "softsign-n"]
    assert lowest_mark(page, "figure-3") <= page.locator("#figure-3 .chart:visible").bounding_box()["height"]
    page.keyboard.press("Space")
    page.wait_for_timeout(500)
    assert panels_in(page, "figure-3") == ["tanh", "tanh-n", "softsign"]
    width = page.locator("#figure-3 .chart:visible svg").bounding_box()["width"]
    for model in ("tanh", "softsign"):
        choose(page, "figure-3", "shown_models", model)
    page.wait_for_timeout(500)
    assert panels_in(page, "figure-3") == ["tanh-n"]
    assert page.locator("#figure-3 .chart:visible svg").bounding_box()["width"] == pytest.approx(width, abs=3)


def test_two_models_of_the_readers_choice_stand_together_in_one_chart(page):
    draw_all(page)
    assert len(paths_of(page, "figure-11")) == len(RECIPES)
    for model in set(RECIPES) - {"tanh", "tanh-n"}:
        choose(page, "figure-11", "shown_models", model)
    page.wait_for_timeout(300)
    assert len(paths_of(page, "figure-11")) == 2
    asks = "(one) => getComputedStyle(one, '::before').content"
    assert page.locator("#figure-11 .chart:visible").evaluate(asks) == "none"
    for model in ("tanh", "tanh-n"):
        choose(page, "figure-11", "shown_models", model)
    assert page.locator("#figure-11 .chart:visible").evaluate(asks) == '"Choose at least one model above."'
    assert len(paths_of(page, "theory")) == 3 * 2 * 2  # quantities; two lines each of tanh and tanh-n
    choose(page, "theory", "shown_models", "sigmoid")
    page.wait_for_timeout(300)
    assert len(paths_of(page, "theory")) == 3 * 3 * 2


def test_the_names_beside_a_figure_have_the_colours_of_its_lines(page):
    draw_all(page)
    style_of = "(one) => getComputedStyle(one).backgroundColor"
    stroke_of = "all => all.map((one) => getComputedStyle(one).stroke)"
    for key, setting in (("figure-2", "chosen_layers"), ("figure-9", "shown_models")):
        chips = page.locator(f"#{key} .controls:visible .chip", has=page.locator(f"[name={setting}]"))
        shown = [chip.locator(".swatch").evaluate(style_of) for chip in chips.all() if chip.is_visible()]
        lines = page.locator(f"#{key} .chart:visible {LINES}").evaluate_all(stroke_of)
        assert sorted(shown) == sorted(lines)
        assert len(set(shown)) == len(shown) > 1


def test_a_tooltip_has_no_number_that_its_line_lacks(page):
    draw_all(page)
    choose(page, "figure-11", "shown_models", "tanh")
    page.wait_for_timeout(500)
    chart = page.locator("#figure-11 .chart:visible svg")
    chart.scroll_into_view_if_needed()
    chart.hover(position={"x": 300, "y": 200})
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    keys = tooltip.locator(".key").all_text_contents()
    assert keys == ["update", *(model for model in RECIPES if model != "tanh")]
    assert "NaN" not in tooltip.inner_text()
    assert "" not in keys


def test_a_finger_reads_the_numbers_and_has_room_for_its_choices(browser, site):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(site.as_uri())
    draw_all(page)
    sizes = page.locator(".controls:visible :is(select, .chip, button, summary):visible").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert len(sizes) > 20
    assert min(sizes) >= 44
    chart = page.locator("#figure-2 .chart:visible svg")
    chart.scroll_into_view_if_needed()
    chart.tap(position={"x": 200, "y": 120})
    page.locator("#vg-tooltip-element.visible").wait_for()
    context.close()


def test_every_figure_has_a_link_to_its_source(page, site):
    links = page.locator(".sources a")
    targets = links.evaluate_all("all => [...new Set(all.map((one) => one.getAttribute('href')))]")
    assert links.count() == page.locator(".chart").count()
    assert all((REPOSITORY / "reports/site" / target).resolve().is_file() for target in targets)
    assert len(targets) > 10


def test_the_page_hardly_grows_while_its_charts_are_drawn(browser, site, page):
    page.locator("#dataset").select_option("Shapeset-3×2")
    for chart in page.locator(".chart:visible").all():
        chart.scroll_into_view_if_needed()
        chart.locator("svg.marks").wait_for()
    undrawn = browser.new_page(viewport={"width": 1440, "height": 900})
    undrawn.add_init_script(
        "window.IntersectionObserver = class { observe() {} unobserve() {} }; window.requestIdleCallback = () => {};"
    )
    undrawn.goto(site.as_uri())
    assert undrawn.locator("svg.marks").count() == 0
    before = undrawn.evaluate("document.documentElement.scrollHeight")
    undrawn.close()
    assert page.evaluate("document.documentElement.scrollHeight") == pytest.approx(before, rel=0.03)


def test_axes_can_be_made_linear(page):
    draw_all(page)
    time, sizes = paths_of(page, "figure-2"), paths_of(page, "figure-11")
    page.locator("#figure-2 [data-signal=time_power]:visible").select_option("1")
    page.locator("#figure-11 [data-signal=log_constant]:visible").select_option(label="linear")
    page.wait_for_timeout(500)
    assert not set(time) & set(paths_of(page, "figure-2"))
    assert not set(sizes) & set(paths_of(page, "figure-11"))
    assert page.complaints == []


def test_the_numbers_of_a_figure_can_be_downloaded(page, tmp_path):
    draw_all(page)
    name, rows = downloaded(page, "figure-9-layers", tmp_path / "numbers.csv")
    assert name == "shapeset-figure-9-layers.csv"
    assert list(rows) == ["model", "layer", "update", "weight_gradient_mean", "weight_gradient_std"]
    assert len(rows) == len(RECIPES) * 5 * len(UPDATES)
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


def test_a_page_is_ready_to_print_without_being_scrolled_through(page):
    every = "(all) => all.filter((one) => one.clientWidth).every((one) => one.querySelector('svg.marks'))"
    page.wait_for_function(f"() => ({every})([...document.querySelectorAll('.chart')])")


def test_on_paper_a_dark_page_is_a_light_one_with_the_same_pictures(browser, site):
    printed = {}
    for scheme in BACKGROUNDS:
        page = browser.new_page(viewport={"width": 1000, "height": 900}, color_scheme=scheme)
        page.goto(site.as_uri())
        draw_all(page)
        page.emulate_media(media="print", color_scheme=scheme)
        page.wait_for_timeout(300)
        for key in ("figure-1", "figure-3"):
            shot = page.locator(f"#{key} .chart:visible").screenshot()
            printed[scheme, key] = np.asarray(Image.open(io.BytesIO(shot)).convert("L"), dtype=float)
        names = page.locator("#figure-3 .chip:visible").all_inner_texts()
        assert [name.strip() for name in names] == ["tanh", "tanh-n", "softsign", "1", "2", "3", "4", "5"]
        page.close()
    for key in ("figure-1", "figure-3"):
        light, dark = printed["light", key], printed["dark", key]
        assert np.percentile(dark, 90) > 250  # the paper
        assert light.shape == dark.shape
        assert np.abs(light - dark).mean() < 6
    pictures = printed["light", "figure-1"] < 100  # their black parts
    assert printed["dark", "figure-1"][pictures].mean() < 110


def test_a_chart_that_was_hidden_when_the_colours_changed_keeps_its_panels_side_by_side(page):
    page.locator("#dataset").select_option("MNIST")
    draw_all(page)
    page.locator("#dataset").select_option("Shapeset-3×2")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    page.locator("#dataset").select_option("MNIST")
    page.locator("#figure-3").scroll_into_view_if_needed()
    page.locator("#figure-3 .chart[data-theme=dark]:visible").wait_for()
    page.wait_for_timeout(300)
    titles = page.locator("#figure-3 .chart:visible .role-title-text text")
    places = [titles.nth(number).bounding_box() for number in range(titles.count())]
    assert len({round(place["x"]) for place in places}) == 3
    assert len({round(place["y"]) for place in places}) == 1


def test_a_picture_of_figure_1_tells_its_class(page):
    draw_all(page)
    page.locator("#figure-1 .chart:visible image").first.hover()
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert tooltip.inner_text().split() == ["triangle"]


def test_another_colour_scheme_leaves_what_was_chosen(page):
    page.add_init_script(COUNT_OBSERVERS)
    page.reload()
    draw_all(page)
    page.locator("#playback input[type=range]:visible").fill("1")
    page.locator("#playback select:visible").select_option("sigmoid")
    for key in ("playback", "figure-2"):
        choose(page, key, "chosen_layers", "2")
    choose(page, "figure-3", "shown_models", "tanh")
    page.wait_for_timeout(500)
    observers = page.evaluate("observers")
    page.emulate_media(color_scheme="dark")
    wait_for_background(page, BACKGROUNDS["dark"])
    page.wait_for_timeout(500)
    assert page.evaluate("observers") == observers > 0
    assert page.locator("#playback input[type=range]:visible").input_value() == "1"
    assert page.locator("#playback select:visible").input_value() == "sigmoid"
    assert opacities_in(page, "playback") == opacities_in(page, "figure-2") == {(FADED, FULL, FADED, FADED, FADED)}
    assert panels_in(page, "figure-3") == ["tanh-n", "softsign"]
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
            changed = table.assign(**{column: 0.8 * table[column] for column in columns})
            if name == "monitored":
                changed.loc[changed["layer"] == 1, "weight_gradient_std"] *= 1.5
            changed.to_parquet(file)
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
    return {key: paths_of(page, key) for key in (*OF_LAYERS, *OF_MODELS, "figure-4") if key != "figure-8"}


def test_turning_to_another_edition_changes_every_figure_and_the_address_keeps_it(two_editions, of_two):
    assert of_two.locator("#edition-shown").input_value() == "this run"  # the record decides no claim
    own = drawn_lines(of_two)
    choose(of_two, "figure-2", "chosen_layers", "2")
    of_two.locator("#edition-shown").select_option("abacus-overnight")
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
    own = {key: len(paths_of(of_two, key)) for key in ("figure-3", "figure-9", "figure-11", "theory")}
    of_two.locator("#edition-compared").select_option("abacus-overnight")
    assert of_two.url.endswith("?compare=abacus-overnight")
    of_two.reload()
    draw_all(of_two)
    for key, lines in own.items():
        dashes = of_two.locator(f"#{key} .chart:visible {LINES}").evaluate_all(
            "all => all.map((one) => one.getAttribute('stroke-dasharray'))"
        )
        assert len(dashes) == 2 * lines
        dotted = lines // 2 if key == "theory" else 0  # the formula's, of either edition
        assert dashes.count("1.5,3") == 2 * dotted
        assert dashes.count("4,3") == lines - dotted
    # the record's errors are 0.8 of this run's, so its lines lie lower
    lines = of_two.locator(f"#figure-11 .chart:visible {LINES}")
    tops = lines.evaluate_all("all => all.map((one) => one.getBBox().y)")
    half = own["figure-11"]
    assert all(one < other for one, other in zip(tops[:half], tops[half:], strict=True))


def test_the_file_with_a_figures_numbers_has_the_name_of_its_edition(of_two, tmp_path):
    for edition in ("abacus-overnight", "this run"):
        of_two.locator("#edition-shown").select_option(edition)
        assert downloaded(of_two, "figure-9", tmp_path / "numbers.csv")[0] == f"{edition}-shapeset-figure-9.csv"


def test_an_edition_is_left_without_a_trace_of_what_it_was_compared_with(of_two):
    of_two.locator("#dataset").select_option("MNIST")
    of_two.locator("#edition-compared").select_option("abacus-overnight")
    assert of_two.locator(".compared").count() > 0
    for edition in ("abacus-overnight", "this run"):
        of_two.locator("#edition-shown").select_option(edition)
        assert of_two.locator("#dataset").input_value() == "MNIST"
        assert of_two.locator("#edition-compared").input_value() == ""
        assert of_two.locator(".compared, .lacking").count() == 0


def test_a_comparison_chosen_while_charts_are_being_drawn_is_drawn_in_all(two_editions, of_two):
    of_two.goto(two_editions.as_uri())
    of_two.locator("#edition-compared").select_option("abacus-overnight")
    draw_all(of_two)
    of_two.locator("#playback .lacking:visible").wait_for()
    for key in ("figure-3", "figure-9", "figure-11", "theory"):
        dashed = of_two.locator(f"#{key} .chart:visible {LINES}[stroke-dasharray='4,3']")
        dashed.first.wait_for(state="attached")
    note = "This figure shows one edition at a time."
    assert of_two.locator("#playback .lacking:visible").all_inner_texts() == [note]


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
