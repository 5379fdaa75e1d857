"""Made-up results of the paper's models and one other, read as the stage `render` reads them."""

import contextlib
from pathlib import Path

import pytest

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
