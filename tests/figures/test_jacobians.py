"""The chart of average singular values shows every model's, and the paper's two at initialization."""

import numpy as np
import pandas as pd

from stages.figures import jacobians
from stages.figures.style import PAPER_COLOURS
from tests.figures.drawing import assert_drawn_to_scale, marks


def diamonds(drawn: list) -> list:
    """The paper's values, at one place each or both at one."""
    return [mark for mark in drawn if mark.kind == "symbol" and len(set(mark.xs)) == 1]


def test_lines_are_the_measured_values_and_diamonds_the_papers(root, results):
    panels = marks(jacobians.draw(results.jacobians))
    assert list(panels) == ["at initialization", "at the end of training"]
    pixels, values = [], []
    for (panel, drawn), moment in zip(panels.items(), ("initial", "final"), strict=True):
        lines = {mark.colour: mark for mark in drawn if mark.kind == "line"}
        for model, colour in PAPER_COLOURS.items():
            table = pd.read_parquet(root / f"data/measured/shapeset/{model}/jacobians.parquet")
            pixels.append(lines[colour].ys)
            values.append(table[table.moment == moment].average_singular_value)
        paper = diamonds(drawn)
        assert len(paper) == (panel == "at initialization")
        pixels += [mark.ys for mark in paper]
        values += [[0.5, 0.8]] * len(paper)
    assert_drawn_to_scale(np.concatenate(pixels), np.concatenate(values))


def test_a_model_is_compared_with_the_papers_value_for_its_recipe(results):
    """A tanh edited to the paper's tanh-n stands beside 0.8, not 0.5."""
    edited = results.jacobians[results.jacobians["model"].isin(["tanh", "tanh-n"])].assign(paper_model="tanh-n")
    (paper,) = diamonds(marks(jacobians.draw(edited))["at initialization"])
    assert len(paper.ys) == 2
    assert paper.ys[0] == paper.ys[1]
