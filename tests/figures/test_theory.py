"""The chart of theory draws every model's measured and predicted variances on a logarithmic axis per quantity."""

import numpy as np
import pandas as pd
import pytest

from stages.figures import theory
from stages.figures.style import PAPER_COLOURS
from tests.figures.drawing import assert_drawn_to_scale, marks

MODELS = ["tanh", "tanh-n"]
LAYERS = [1, 2, 3]


@pytest.fixture
def table() -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = pd.MultiIndex.from_product([MODELS, theory.QUANTITIES, LAYERS], names=["model", "quantity", "layer"])
    table = pd.DataFrame(10.0 ** random.uniform(-6, 0, (len(rows), 3)), rows, list(theory.VALUES)).reset_index()
    return table.assign(model=pd.Categorical(table["model"], MODELS), layer=pd.Categorical(table["layer"], LAYERS))


def test_dots_are_measured_and_lines_predicted(table):
    panels = marks(theory.draw(table))
    assert list(panels) == [quantity.split("\n")[0] for quantity in theory.QUANTITIES.values()]
    for quantity, drawn in zip(theory.QUANTITIES, panels.values(), strict=True):
        pixels, values = [], []
        lines = [mark for mark in drawn if mark.kind == "line"]
        (dots,) = [mark for mark in drawn if mark.kind == "symbol"]
        for model in MODELS:
            of_model = table[(table["model"] == model) & (table["quantity"] == quantity)]
            linear, mean_field = [mark for mark in lines if mark.colour == PAPER_COLOURS[model]]
            pixels += [linear.ys, mean_field.ys]
            values += [of_model["linear"], of_model["mean_field"]]
        wanted = table[table["quantity"] == quantity]
        pixels.append(dots.ys)
        values.append(wanted["measured"])
        assert_drawn_to_scale(np.concatenate(pixels), np.log(np.concatenate(values)))


def test_variances_of_zero_are_left_out(table):
    """Such as those of units that are all at rest."""
    table.loc[table["quantity"] == "activation", "measured"] = 0.0
    kinds = [{mark.kind for mark in drawn} for drawn in marks(theory.draw(table)).values()]
    assert kinds == [{"line"}, {"line", "symbol"}, {"line", "symbol"}]
