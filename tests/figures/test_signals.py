"""The first figure draws each layer's size before training over that of the layer where the signal enters."""

import numpy as np
import pandas as pd

from stages.figures import signals
from stages.figures.charts import drawn
from stages.figures.contents import FIRST
from stages.figures.style import PAPER_COLOURS
from tests.figures.drawing import assert_drawn_to_scale, marks, texts

ENTERS = {
    "activations, going up": ("activation_std", 1),
    "gradients, going down": ("back_propagated_gradient_std", 5),
    "weight gradients": ("weight_gradient_std", 5),
}


def test_sizes_are_relative_to_the_layer_where_the_signal_enters(root, results):
    chart, notes = drawn(FIRST, results)
    assert notes == []
    panels = marks(chart)
    assert list(panels) == list(ENTERS)
    pixels, sizes = [], []
    for title, (column, layer) in ENTERS.items():
        lines = {mark.colour: mark for mark in panels[title] if mark.kind == "line"}
        assert set(lines) == {PAPER_COLOURS[model] for model in ("tanh", "tanh-n")}
        for model in ("tanh", "tanh-n"):
            table = pd.read_parquet(root / f"data/runs/shapeset/{model}/monitored.parquet")
            first = table.query("update == 0 and learning_rate == 0.03 and seed == 1 and layer <= 5")
            of_layers = first.set_index("layer")[column]
            pixels.append(lines[PAPER_COLOURS[model]].ys)
            sizes.append(np.log(of_layers / of_layers[layer]))
    assert_drawn_to_scale(np.concatenate(pixels), np.concatenate(sizes))


def test_the_axis_names_parts_and_the_legend_the_initializations(results):
    found = texts(drawn(FIRST, results)[0])
    assert {"1", "1/2", "1/5"} <= set(map(str, found))
    assert set(signals.NAMES.values()) <= set(map(str, found))
