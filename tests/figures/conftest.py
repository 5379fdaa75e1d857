"""Made-up results of the paper's models and one other, as the stage `render` reads them, and a browser for the page."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from stages import render
from stages.claims.editions import own
from stages.figures.results import Results
from stages.params import load_params
from tests.synthetic_results import RECIPES, write_params, write_results

MODELS = {**RECIPES, "mine": ("softplus", "standard")}


@pytest.fixture(scope="session")
def root(tmp_path_factory) -> Path:
    """The folder with the results."""
    folder = tmp_path_factory.mktemp("results")
    write_params(folder, MODELS)
    write_results(folder, "shapeset", MODELS)
    return folder


@pytest.fixture(scope="session")
def results(root) -> Results:
    """The results that the figures draw."""
    with contextlib.chdir(root):
        return render.read_results("shapeset", own(load_params()))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without one, the tests that open the page are skipped."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed to open the page with")
    # it needs the fonts that stages.figures.pictures hides from this process
    environment = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=found, args=arguments, env=environment)
        yield opened
        opened.close()
