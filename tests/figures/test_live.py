"""The live figure in a real browser: its images and training equal the project's, and its page is easy to use."""

import base64
import contextlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from scipy.stats import chisquare
from torch.nn.functional import cross_entropy, one_hot

from stages import render
from stages.descent.sgd import GradientDescent
from stages.expectations.shapeset import DARK, LIGHT, SHARES
from stages.figures import page as report
from stages.figures.live import figure
from stages.network.initializers import INITIALIZERS
from stages.network.inputs import to_inputs
from stages.network.perceptron import Perceptron, forward, initialize, predict, stack
from stages.params import Model, load_params
from stages.shapeset.stream import draw_images
from tests.descent.plain import plain_network
from tests.synthetic_results import RECIPES, write_params, write_results

SOURCES = report.FOLDER / "live"
SEED, UNITS, CLASSES, BATCH, MONITORED, TESTED = 2010, 32, 9, 10, 100, 1000
LARGEST_SCRIPT = 25_000  # bytes
STILL = 3000  # updates before stages/figures/live/still.svg
FLOATS = "(text) => new Float32Array(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer)"
# the network of a Perceptron's parameters, and the images and labels of the training stream
SETTING = f"""
  const floats = {FLOATS};
  const netOf = ({{ activation, weights, biases }}) => network(activation, weights.map(floats), biases.map(floats));
  const listed = (arrays) => arrays.map((one) => [...one]);
  const weightsOf = (net) => net.weights.map((one, layer) => [...one].map((weight, at) => (
    weight + (layer === 0 ? net.shift[at % UNITS] : 0)
  )));
"""


# ---- the worker's script, run as it is


@pytest.fixture(scope="module")
def bench(browser) -> Page:
    """An empty page with the worker's functions."""
    page = browser.new_page()
    scripts = "".join((SOURCES / name).read_text(encoding="utf-8") for name in figure.WORKER)
    page.add_script_tag(content=scripts + SETTING)
    yield page
    page.close()


def network(activation: str, initialization: str, layers: int, seed: int = 1) -> Perceptron:
    return initialize([1024, *[UNITS] * layers, CLASSES], Model(activation, initialization), seed)


def handed_over(net: Perceptron) -> dict:
    """A network's parameters for the script."""

    def packed(tensors: list[torch.Tensor]) -> list[str]:
        return [base64.b64encode(tensor.numpy().tobytes()).decode() for tensor in tensors]

    return {"activation": net.activation, "weights": packed(net.weights), "biases": packed(net.biases)}


def examples(split: str, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = draw_images(SEED, split, 0, count, "cpu")
    return to_inputs(images, "signed"), labels


@pytest.mark.parametrize("layers", [1, 3, 10])
@pytest.mark.parametrize("activation", figure.ACTIVATIONS)
def test_gradients_equal_autograds(bench, activation, layers):
    net = network(activation, "torch_linear", layers)
    found = bench.evaluate(
        """(given) => {
            const net = netOf(given), [inputs, labels] = draw(2010, STREAMS.train, 0, BATCH);
            update(net, inputs, labels, 0, 1);
            const shown = net.sizes.map((units, layer) => [...net.gradients[layer].slice(0, BATCH * units)]);
            return { back_propagated: shown, weights: weightsOf(net), biases: listed(net.biases) };
        }""",
        handed_over(net),
    )
    inputs, labels = examples("train", BATCH)
    plain, pre_activations, z = plain_network(net).double(), [], inputs.double()
    for module in plain:
        z = module(z)
        if isinstance(module, torch.nn.Linear):
            z.retain_grad()
            pre_activations.append(z)
    cross_entropy(z, labels, reduction="sum").backward()
    for s, gradient in zip(pre_activations, found["back_propagated"], strict=True):
        exact = s.grad.flatten()
        assert exact.abs().max() > 0
        torch.testing.assert_close(
            torch.tensor(gradient, dtype=torch.float64), exact, rtol=1e-4, atol=1e-5 * exact.abs().max().item()
        )
    for layer, linear in enumerate(plain[::2]):
        weights, biases = (torch.tensor(found[name][layer], dtype=torch.float64) for name in ("weights", "biases"))
        moved = net.weights[layer].double() - weights.view(net.weights[layer].shape)
        torch.testing.assert_close(moved.mT, linear.weight.grad / BATCH, rtol=1e-4, atol=1e-7)
        torch.testing.assert_close(net.biases[layer][0] - biases, linear.bias.grad / BATCH, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("activation", figure.ACTIVATIONS)
def test_200_updates_equal_the_engines_up_to_rounding(bench, activation):
    net, updates, rate = network(activation, "normalized", 5), 200, 1 if activation == "sigmoid" else 0.05
    found = bench.evaluate(
        """([given, updates, rate]) => {
            const net = netOf(given), [inputs, labels] = draw(2010, STREAMS.train, 0, updates * BATCH);
            for (let done = 0; done < updates; done += 1) update(net, inputs, labels, done * BATCH, rate);
            return { weights: weightsOf(net), biases: listed(net.biases) };
        }""",
        [handed_over(net), updates, rate],
    )
    inputs, labels = examples("train", updates * BATCH)
    trained = {}
    for precision in (torch.float32, torch.float64):
        tensors = [[one.to(precision) for one in of_layers] for of_layers in (net.weights, net.biases)]
        trained[precision] = stack([Perceptron(*tensors, activation)], torch.device("cpu"))
        targets = one_hot(labels, CLASSES).to(precision)[None]
        descent = GradientDescent(trained[precision], [rate], BATCH, "cross_entropy")
        descent.update(inputs.to(precision)[None], targets, torch.empty_like(targets))
    for name in ("weights", "biases"):
        of_layers = zip(*(getattr(one, name) for one in trained.values()), found[name], getattr(net, name), strict=True)
        for rounded, exact, here, before in of_layers:
            rounding = (rounded - exact).abs().max()
            difference = (torch.tensor(here, dtype=torch.float64).view(exact[0].shape) - exact[0]).abs().max()
            assert difference < 10 * rounding + 1e-7
            assert difference < 1e-3 * (exact[0] - before).abs().max()


@pytest.mark.parametrize(("seed", "split"), [(SEED, "train"), (SEED, "test"), (2**32 - 1, "validation")])
def test_the_images_are_the_projects_pixel_for_pixel(bench, seed, split):
    count = 1500
    script = """([seed, split, count]) => {
        const images = new Uint8Array(count * PIXELS), labels = [];
        for (let at = 0; at < count; at += 1) {
            labels.push(paint(seed, STREAMS[split], at, images.subarray(at * PIXELS, (at + 1) * PIXELS)));
        }
        let text = "";
        for (let at = 0; at < images.length; at += 8192) text += String.fromCharCode(...images.subarray(at, at + 8192));
        return [btoa(text), labels];
    }"""
    text, labels = bench.evaluate(script, [seed, split, count])
    images, expected = draw_images(seed, split, 0, count, "cpu")
    found = np.frombuffer(base64.b64decode(text), np.uint8).reshape(images.shape)
    assert np.array_equal(found, images.numpy())
    assert labels == expected.tolist()


def test_the_images_have_the_authors_class_shares_greys_and_margin(bench):
    count = 18_000
    counted = bench.evaluate(
        """([count, [darkest, dark], [light, lightest]]) => {
            const image = new Uint8Array(PIXELS), classes = Array(9).fill(0);
            const wrong = { greys: 0, border: 0, levels: 0 };
            let lightOnDark = 0;
            for (let at = 0; at < count; at += 1) {
                const label = paint(7, STREAMS.train, at, image), [background] = image, greys = new Set(image);
                classes[label] += 1;
                lightOnDark += background <= dark;
                const within = (grey) => (
                    (grey === background) === (background <= dark) ? grey <= dark : grey >= light
                );
                wrong.greys += ![...greys].every(within);
                wrong.levels += greys.size < 2 || greys.size > (label < 3 ? 2 : 3);
                for (let side = 0; side < SIDE; side += 1) {
                    const places = [side, (SIDE - 1) * SIDE + side, side * SIDE, side * SIDE + SIDE - 1];
                    wrong.border += places.some((place) => image[place] !== background);
                }
            }
            return { classes, wrong, lightOnDark };
        }""",
        [count, DARK, LIGHT],
    )
    assert chisquare(counted["classes"], np.array(SHARES) * count).pvalue > 1e-3
    assert counted["wrong"] == {"greys": 0, "border": 0, "levels": 0}
    assert abs(counted["lightOnDark"] / count - 0.5) < 5 * 0.5 / count**0.5


@pytest.mark.parametrize("initialization", [*figure.INITIALIZATIONS, 1.7])
def test_initial_weights_have_the_projects_bounds(bench, initialization):
    script = """(initialization) => {
        const net = initialized({ activation: "tanh", initialization }, 2, 5);
        const again = initialized({ activation: "relu", initialization: "standard" }, 2, 5);
        const largest = (values) => values.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
        return {
            weights: net.weights.map(largest), biases: net.biases.map(largest), means: net.weights.map((one) => (
                one.reduce((sum, value) => sum + value) / one.length
            )), alike: net.weights[0][9] / again.weights[0][9] - net.weights[0][77] / again.weights[0][77],
        };
    }"""
    found = bench.evaluate(script, initialization)
    name, options = (initialization, {}) if isinstance(initialization, str) else ("constant_variance", {"gain": 1.7})
    generator = torch.Generator().manual_seed(1)
    for below, units, largest, mean in zip((1024, 32, 32), (32, 32, 9), found["weights"], found["means"], strict=True):
        expected = INITIALIZERS[name].weights(below, units, generator, **options).abs().max().item()
        assert largest == pytest.approx(expected, rel=0.03)
        assert abs(mean) < 5 * largest / (3 * below * units) ** 0.5
    assert (max(found["biases"]) > 0) == (initialization == "torch_linear")
    assert found["alike"] == pytest.approx(0, abs=1e-5)  # the same random numbers, scaled


def test_the_same_seed_gives_the_same_run_in_slices_of_any_length(bench):
    script = """([seed, slices]) => {
        const networks = ["sigmoid", "tanh"].map((activation) => ({ activation, initialization: 0.9 }));
        begin({ networks, layers: 2, rate: 0.1, seed });
        for (const updates of slices) {
            for (let done = 0; done < updates; done += 1) step();
            run.nets.map((net) => monitor(net, run.test)); // looking changes nothing
        }
        return JSON.stringify([run.updates, run.points, run.nets.map(weightsOf)]);
    }"""
    first = bench.evaluate(script, [3, [40]])
    assert bench.evaluate(script, [3, [1, 19, 20]]) == first
    assert bench.evaluate(script, [4, [40]]) != first


@pytest.mark.parametrize("activation", figure.ACTIVATIONS)
def test_errors_histograms_and_gradients_are_those_of_the_test_images(bench, activation):
    net = network(activation, "he", 3)
    found = bench.evaluate(
        """([given, tested]) => {
            const net = netOf(given), test = draw(2010, STREAMS.test, 0, tested);
            return { error: errorOf(net, ...test), ...monitor(net, test), range: RANGES[given.activation] };
        }""",
        [handed_over(net), TESTED],
    )
    inputs, labels = examples("test", TESTED)
    assert found["error"] == pytest.approx((predict(net, inputs) != labels).double().mean().item(), abs=0.0021)
    assert not found["diverged"]
    low, high = found["range"]
    for z, layer in zip(forward(net, inputs[:MONITORED])[1][1:], found["layers"], strict=True):
        expected = np.histogram(z.clamp(low, high - 1e-6).numpy(), len(layer["shares"]), (low, high))[0] / z.numel()
        np.testing.assert_allclose(layer["shares"], expected, atol=0.002)
        assert layer["gradient"] > 0


# ---- the page


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A page with two editions: made-up results, and a record of the same with other numbers."""
    root = tmp_path_factory.mktemp("live")
    write_params(root, RECIPES)
    write_results(root, "shapeset", RECIPES)
    record, judged = root / "reports/recorded/abacus-overnight", root / "reports/judged/abacus-overnight"
    shutil.copytree(root / "data", record)
    shutil.copy(root / "params.yaml", record)
    judged.mkdir(parents=True)
    table = pd.read_csv(root / "reports/table1.csv")
    table.assign(mean_percent=0.8 * table["mean_percent"]).to_csv(judged / "table1.csv", index=False)
    with contextlib.chdir(root), pytest.MonkeyPatch.context() as patched:
        for kind, nothing in (("svg", ""), ("png", b"")):
            patched.setattr(render.pictures, kind, lambda given, nothing=nothing: nothing)
        render.main(load_params())
    return root / "reports/site/index.html"


def opened(browser, address: str, **options) -> Page:
    """A new page with lists of its complaints and requests, once the figure shows the first moment."""
    page = browser.new_page(**{"viewport": {"width": 1440, "height": 900}, **options})
    page.complaints, page.requests = [], []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(address)
    page.wait_for_function("moment")
    page.locator("#live svg").scroll_into_view_if_needed()
    return page


@pytest.fixture(scope="module")
def shared(site, browser) -> Page:
    page = opened(browser, site.as_uri())
    yield page
    page.close()


@pytest.fixture
def page(shared) -> Page:
    """The page with the opening choice, before any update."""
    shared.evaluate("setPlaying(false); chooseLive(parsed(opening)); scrollTo(0, 0)")
    shared.locator("#live svg").scroll_into_view_if_needed()
    shared.wait_for_function("asked === 0 && seen && moment.updates === 0")
    yield shared
    assert shared.complaints == []


def updates(page: Page) -> int:
    return page.evaluate("moment.updates")


def press(page: Page, name: str) -> None:
    page.locator(f"#live [name={name}]").click()


def wait_until_it_trains(page: Page) -> None:
    page.wait_for_function("(before) => moment.updates > before + 20", arg=updates(page))


def wait_until_it_stands(page: Page) -> int:
    """Wait for what was asked for; return the number of updates, after some time in which there are no more."""
    page.wait_for_function("asked === 0")
    before = updates(page)
    page.wait_for_timeout(300)
    assert updates(page) == before
    return before


def test_it_trains_from_play_to_pause_and_one_update_at_a_time(page):
    assert wait_until_it_stands(page) == 0
    drawn = page.locator("#live svg").inner_html()
    press(page, "play")
    wait_until_it_trains(page)
    assert page.locator("#live [name=play]").inner_text() == "Pause"
    press(page, "play")
    paused = wait_until_it_stands(page)
    assert page.locator("#live [name=play]").inner_text() == "Play"
    assert page.locator("#live svg").inner_html() != drawn
    press(page, "step")
    page.wait_for_function("(before) => moment.updates === before + 1", arg=paused)
    press(page, "reset")
    page.wait_for_function("asked === 0 && moment.updates === 0")
    assert page.locator("#live svg").inner_html() == drawn


def test_it_ends_by_itself_and_play_starts_over(page):
    page.evaluate("setPlaying(true); receive({ data: { ...moment, id: started, updates: moment.last } })")
    assert page.locator("#live [name=play]").inner_text() == "Play"
    press(page, "play")
    page.wait_for_function("moment.updates > 0 && moment.updates < moment.last")


def test_each_layer_has_a_ridge_and_a_bar_on_axes_that_stay(page):
    shapes = "#live svg path[class^=network], #live svg rect[class^=network]"
    assert page.locator(shapes).count() == 2 * (1 + 2 * 8)  # networks; their colour, ridges and bars
    axes = page.locator("#live svg .axis")
    before = axes.evaluate_all("all => all.map((one) => one.getAttribute('d'))")
    bars = page.locator("#live svg rect.network-0").evaluate_all("all => all.map((one) => one.width.baseVal.value)")
    # equal factors are equal lengths: six decades from end to end
    gradients = page.evaluate("moment.networks[0].layers.map(({ gradient }) => Math.log10(gradient))")
    whole = axes.first.evaluate("(one) => Number(one.getAttribute('d').split('h').at(-1))")
    np.testing.assert_allclose(bars[1:], (np.array(gradients) / 6 + 1) * whole, atol=0.1)
    press(page, "step")
    page.wait_for_function("moment.updates === 1")
    assert axes.evaluate_all("all => all.map((one) => one.getAttribute('d'))") == before


def test_presets_choose_everything_and_a_recorded_curve_is_drawn_beside_the_same_model(page):
    names = {"tanh, eight layers": 0, "2010: sigmoid": 2, "PyTorch’s default today with ReLU": 0}
    assert list(names) == list(figure.PRESETS)
    for name, text in figure.PRESETS.items():
        button = page.locator("#live .preset", has_text=name)
        button.click()
        assert page.evaluate("written(choice)") == text
        assert button.get_attribute("aria-pressed") == "true"
        assert page.locator("#live .preset[aria-pressed=true]").count() == 1
        page.wait_for_function("asked === 0")
        assert page.locator("#live svg .thin").count() == names[name]
    page.locator("#live .preset", has_text="2010").click()
    page.wait_for_function("asked === 0")
    recorded = json.loads(page.locator("#live-recorded").inner_text())
    of_sigmoid = next(one for one in recorded if one["activation"] == "sigmoid")
    ends = page.locator("#live svg .thin").first.evaluate("(one) => [...one.points].map(({ y }) => y)")
    assert len(ends) == len(of_sigmoid["errors"])
    assert page.locator("#live svg text", has_text="thin: recorded, 64 units").count() == 1
    chance = page.locator("#live svg .chance").evaluate("(one) => one.getBBox().y")
    errors = [error for _, error in of_sigmoid["errors"]]
    assert (np.array(ends) > chance).tolist() == [error < 5 / 6 for error in errors]


def test_the_recorded_curves_are_the_means_over_the_seeds(shared, site):
    recorded = json.loads(shared.locator("#live-recorded").inner_text())
    models = {(one["activation"], one["initialization"]): one for one in recorded}
    assert set(models) == set(RECIPES.values())
    for name, recipe in RECIPES.items():
        runs, curves = (
            pd.read_parquet(site.parents[2] / f"data/runs/shapeset/{name}/{table}.parquet")
            for table in ("runs", "curves")
        )
        (chosen,) = runs[runs["chosen"]].itertuples()
        alike = curves.query(f"hidden_layers == {chosen.hidden_layers} and learning_rate == {chosen.learning_rate}")
        means = alike.groupby("update")["test_error"].mean().dropna()
        assert models[recipe]["layers"] == chosen.hidden_layers
        np.testing.assert_allclose(models[recipe]["errors"], list(means.items()), atol=1e-4)


def test_the_address_restores_choice_and_seed(browser, site, page):
    choice = "softsign-normalized relu-1.5 3 0.1 77"
    for name, value in (("activation-0", "softsign"), ("initialization-0", "normalized"), ("activation-1", "relu")):
        page.locator(f"#live [name={name}]").select_option(value)
    page.locator("#live [name=gain-1]").fill("1.5")
    page.locator("#live [name=gain-1]").dispatch_event("change")
    assert page.locator("#live [name=initialization-1]").input_value() == "gain"
    page.locator("#live [name=layers]").select_option("3")
    page.locator("#live [name=rate]").select_option("0.1")
    page.locator("#live [name=seed]").fill("77")
    page.keyboard.press("Enter")
    assert page.evaluate("written(choice)") == choice
    press(page, "step")
    page.wait_for_function("moment.updates === 1")
    again = opened(browser, page.url)
    assert again.evaluate("written(choice)") == choice
    assert again.locator("#live [name=gain-1]").input_value() == "1.5"
    press(again, "step")
    again.wait_for_function("moment.updates === 1")
    assert again.locator("#live svg").inner_html() == page.locator("#live svg").inner_html()
    again.close()
    page.evaluate("chooseLive(parsed(opening))")
    assert page.url == site.as_uri()


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "tanh",
        "tanh-0 tanh-1 5 0.1 1",
        "tanh--1 tanh-1 5 0.1 1",
        "tanh-5 tanh-1 5 0.1 1",
        "tanh-gain tanh-1 5 0.1 1",
        "gelu-he tanh-1 5 0.1 1",
        "tanh-1 tanh-1 0 0.1 1",
        "tanh-1 tanh-1 11 0.1 1",
        "tanh-1 tanh-1 5 0 1",
        "tanh-1 tanh-1 5 0.1 1.5",
        "tanh-1 tanh-1 5 0.1 4294967296",
    ],
)
def test_a_choice_that_the_form_does_not_offer_is_refused(page, wrong):
    assert page.evaluate("(text) => parsed(text)", wrong) is None
    assert page.evaluate("parsed('tanh-1 tanh-0.1 10 1 4294967295')") is not None


def test_a_seed_that_cannot_be_is_replaced_by_the_last(page):
    for wrong in ("-3", "4294967296", ""):
        page.locator("#live [name=seed]").fill(wrong)
        page.keyboard.press("Tab")
        assert page.locator("#live [name=seed]").input_value() == "2010"
    assert page.evaluate("written(choice) === opening")


def test_an_address_with_a_bad_choice_opens_with_a_warning(browser, site):
    page = opened(browser, f"{site.as_uri()}?live=tanh-0+tanh-1+5+0.1+1")
    assert page.evaluate("written(choice) === opening")
    assert page.locator("#live .note:visible").inner_text().endswith("does not offer: live=tanh-0 tanh-1 5 0.1 1")
    page.locator("#live .preset").first.click()
    assert page.locator("#live .note:visible").count() == 0
    page.close()


def test_one_function_sets_a_gain_and_a_number_of_layers(page):
    page.evaluate(
        "chooseLive({ layers: 6, networks: [{ activation: 'tanh', initialization: 1.234 }, choice.networks[1]] })"
    )
    page.wait_for_function("asked === 0 && moment.networks[0].layers.length === 6")
    assert page.evaluate("written(choice)") == "tanh-1.234 tanh-normalized 6 0.03 2010"
    assert "live=tanh-1.234+tanh-normalized+6+0.03+2010" in page.url
    assert page.locator("#live .name").first.text_content().startswith("tanh, gain 1.234: ")
    page.evaluate("chooseLive({ layers: 11 })")
    assert page.evaluate("choice.layers") == 6


def test_all_of_it_works_by_keyboard(page):
    page.locator("#live [name=play]").focus()
    page.keyboard.press("Space")
    wait_until_it_trains(page)
    page.keyboard.press("Enter")
    wait_until_it_stands(page)
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name || document.activeElement.dataset.live"))
    networks = [f"{field}-{which}" for which in (0, 1) for field in ("activation", "initialization", "gain")]
    assert reached == ["step", "reset", *figure.PRESETS.values(), *networks, "layers", "rate", "seed"]
    page.locator("#live [name=gain-0]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("choice.networks[0]") == {"activation": "tanh", "initialization": 0.59}
    assert page.locator("#live output").first.inner_text() == "0.59"


def test_it_stops_out_of_sight_and_goes_on_in_sight(page):
    press(page, "play")
    wait_until_it_trains(page)
    page.locator("footer").scroll_into_view_if_needed()
    page.wait_for_function("!seen")
    wait_until_it_stands(page)
    page.locator("#live svg").scroll_into_view_if_needed()
    wait_until_it_trains(page)
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    wait_until_it_stands(page)
    page.evaluate(hide, False)
    wait_until_it_trains(page)
    page.evaluate("delete document.hidden")


def test_another_edition_does_not_restart_it(page):
    press(page, "play")
    wait_until_it_trains(page)
    first, second = page.locator("#edition-shown option").evaluate_all("all => all.map((one) => one.value)")
    for edition in (second, first):
        before = page.evaluate("[started, moment.updates]")
        page.locator("#edition-shown").select_option(edition)
        assert page.locator("#live").count() == 1
        page.locator("#live svg").scroll_into_view_if_needed()
        wait_until_it_trains(page)
        assert page.evaluate("started") == before[0]
        assert updates(page) > before[1]
        assert page.locator("#live [name=activation-0]").input_value() == "tanh"
        # below the first picture and its answer
        assert page.evaluate("live.parentElement.parentElement.matches('header')")


def test_with_reduced_motion_it_draws_slowly_and_waits_for_play(browser, site):
    page = opened(browser, site.as_uri(), reduced_motion="reduce")
    assert wait_until_it_stands(page) == 0
    page.evaluate(
        "worker.postMessage = new Proxy(worker.postMessage, { apply: (_, __, [one]) => { window.last = one; } })"
    )
    press(page, "play")
    assert page.evaluate("last.milliseconds") >= 1000
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate("asked = 0; goOn()")
    assert page.evaluate("last.milliseconds") <= 100
    page.close()


def test_it_says_in_words_what_it_shows_and_not_too_often(page):
    told = page.locator("#live [role=status]")
    errors = page.evaluate("moment.points[0].slice(1).map((one) => (100 * one).toFixed(0))")
    assert told.inner_text().startswith(
        f"After 0 updates, tanh, standard errs on {errors[0]} % of the test images and tanh, normalized errs on "
        f"{errors[1]} %; chance is 83 %. Layer 1 gets 0."
    )
    page.evaluate(
        "window.said = []; new MutationObserver(() => said.push(told.textContent)).observe(told, { childList: true })"
    )
    press(page, "play")
    for _ in range(5):
        wait_until_it_trains(page)
    assert page.evaluate("said.length") <= 2
    press(page, "play")
    paused = wait_until_it_stands(page)
    assert told.inner_text().startswith(f"After {paused:,} updates, ")


def test_a_network_that_diverges_is_called_so(page):
    page.evaluate("chooseLive(parsed('relu-4 tanh-1 10 1 1')); setPlaying(true)")
    page.wait_for_function("moment.networks[0].diverged")
    press(page, "play")
    page.wait_for_function("asked === 0")
    assert page.locator("#live .name").first.text_content() == "relu, gain 4: diverged"
    assert "relu, gain 4 has diverged and tanh, gain 1 errs on " in page.locator("#live [role=status]").inner_text()
    assert "Layer 1 gets none and " in page.locator("#live [role=status]").inner_text()
    assert "NaN" not in page.locator("#live svg").inner_html()


def test_no_complaint_no_request_and_only_its_own_worker(shared, site):
    assert [url for url in shared.requests if not url.startswith(("data:", "blob:"))] == [site.as_uri()]
    assert len(shared.workers) == 1
    assert shared.workers[0].url.startswith("blob:")
    policy = shared.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content").split("; ")
    assert policy == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "script-src 'unsafe-inline' 'unsafe-eval'",
        "img-src data:",
        "worker-src blob:",
    ]


def test_the_script_is_small():
    bundles = [report.bundled(f"live/{name}" for name in names) for names in (figure.WORKER, figure.PAGE)]
    assert sum(len(script.encode()) for script in bundles) <= LARGEST_SCRIPT


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_it_fits_the_screen_has_room_for_fingers_and_no_serious_barrier(browser, site, width, scheme):
    page = opened(browser, site.as_uri(), viewport={"width": width, "height": 800}, color_scheme=scheme, has_touch=True)
    page.locator("#live [name=step]").tap()
    page.wait_for_function("moment.updates === 1")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    too_wide = page.locator("#live svg text, #live :is(button, select, input, output)").evaluate_all(
        """(all, width) => all.map((one) => one.getBoundingClientRect())
            .filter(({ left, right }) => left < 0 || right > width).length""",
        width,
    )
    assert too_wide == 0
    sizes = page.locator("#live :is(button, select, input)").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().height)"
    )
    assert len(sizes) == 15
    assert min(sizes) >= (44 if width == 390 else 24)
    found = Axe().run(page, "#live").response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    page.close()


def test_on_paper_it_is_a_picture_without_controls(page):
    page.emulate_media(media="print")
    assert page.locator("#live svg").is_visible()
    assert page.locator("#live :is(button, select, input, output):visible").count() == 0
    page.emulate_media(media="screen")


def test_a_browser_without_workers_shows_the_still_and_why(browser, site):
    page = browser.new_page()
    page.add_init_script("delete window.Worker")
    page.goto(site.as_uri())
    assert "starts no workers" in page.locator("#live .note:visible").inner_text()
    assert not page.locator("#live form").is_visible()
    assert page.locator("#live svg path[class^=network]").count() == 2 * 8
    page.locator("#figure-2 svg.marks").scroll_into_view_if_needed()  # the rest of the page works
    page.close()


def test_a_browser_without_scripts_shows_the_still_and_why(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.as_uri())
    note = page.locator("#live noscript .note")
    assert note.is_visible()
    assert note.inner_text().startswith("Scripts are switched off, so this figure is a still")
    assert not page.locator("#live form").is_visible()
    assert page.locator("#live svg path").count() > 0
    context.close()


def test_the_still_is_what_the_page_draws(page):
    """Its numbers may differ in their last digits, since browsers' exponentials do."""
    page.evaluate("(updates) => ask({ updates })", STILL)
    page.wait_for_function("(updates) => moment.updates === updates", arg=STILL)
    drawn = page.locator("#live svg").evaluate("(one) => one.outerHTML")
    still = (SOURCES / "still.svg").read_text(encoding="utf-8")
    without_numbers = [re.sub(r"[\d.]+", "0", re.sub(r"\s*(<|>)\s*", r"\1", text)) for text in (drawn, still)]
    assert without_numbers[0] == without_numbers[1]
    numbers = [np.array(re.findall(r"[\d.]+", text), dtype=float) for text in (drawn, still)]
    np.testing.assert_allclose(*numbers, atol=3)
