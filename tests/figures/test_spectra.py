"""The chart of spectra draws every quantile of both moments, one line per pair of layers."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.figures import spectra, style
from tests.figures.drawing import assert_drawn_to_scale, marks

SHARES = np.linspace(0, 1, 101)
LAYERS = [1, 2, 3, 4]


def made_up(panels: list[str]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"share": SHARES, "singular_value": size * layer * SHARES**2}).assign(
            model=panel.split("\n")[0], panel=panel, moment=moment, layer=layer
        )
        for panel in panels
        for moment, size in (("initial", 0.3), ("final", 0.5))
        for layer in LAYERS
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(panel=pd.Categorical(table["panel"], panels), layer=pd.Categorical(table["layer"], LAYERS))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_up(["one\nchosen run", "other\nchosen run"])


def test_lines_are_the_quantiles_of_both_moments(table):
    panels = marks(spectra.draw(table))
    assert list(panels) == ["one", "other"]
    for drawn in panels.values():
        lines = [mark for mark in drawn if mark.kind == "line"]
        assert len(lines) == len(drawn) == 2 * len(LAYERS)
        assert len({mark.colour for mark in lines}) == len(LAYERS)
        roots = [np.sqrt(size * layer) * SHARES for size in (0.3, 0.5) for layer in LAYERS]
        assert_drawn_to_scale(np.concatenate([mark.ys for mark in lines]), np.concatenate(roots))
        assert_drawn_to_scale(np.concatenate([mark.xs for mark in lines]), np.tile(SHARES, len(lines)))


def test_singular_values_of_zero_are_drawn():
    """Half of a ReLU network's are 0, on an axis where a logarithm would lose them."""
    table = made_up(["relu"])
    table.loc[table["share"] < 0.5, "singular_value"] = 0.0
    (drawn,) = marks(spectra.draw(table)).values()
    assert all(np.isfinite(mark.ys).all() and (np.ptp(mark.ys[:50]) == 0) for mark in drawn)


def test_the_figure_of_many_models_is_small():
    specification = style.specification(
        spectra.draw(made_up([f"model {number}" for number in range(8)])), "Spectra", ""
    )
    assert len(json.dumps(specification)) < 150_000
