"""Figure 9 draws each layer's standard deviation of weight gradients on a logarithmic axis."""

import numpy as np
import pandas as pd

from stages.figures import weight_gradients
from stages.figures.charts import in_panels
from tests.figures.drawing import assert_drawn_to_scale, marks


def test_lines_are_the_logarithms_of_the_hidden_layers_standard_deviations(root, results):
    models = ["tanh", "tanh-n"]
    panels = marks(weight_gradients.draw(in_panels(results.monitored, models, results.headings)))
    pixels, values = [], []
    for model, drawn in zip(models, panels.values(), strict=True):
        table = pd.read_parquet(root / f"data/runs/shapeset/{model}/monitored.parquet")
        chosen = table[(table.learning_rate == 0.03) & (table.seed == 1) & (table.layer <= 5)]
        assert len(drawn) == 5
        pixels += [line.ys for line in drawn]
        values += [np.log(rows.weight_gradient_std.to_numpy()) for _, rows in chosen.groupby("layer")]
    assert_drawn_to_scale(np.concatenate(pixels), np.concatenate(values))


def test_gradients_of_zero_are_left_out(results):
    table = in_panels(results.monitored, ["tanh"], results.headings)
    dead = table["layer"] == 1
    chart = weight_gradients.draw(table.assign(weight_gradient_std=table["weight_gradient_std"].where(~dead, 0.0)))
    (drawn,) = marks(chart).values()
    assert len(drawn) == 4


def test_networks_with_only_zero_gradients_draw_an_empty_axis(results):
    table = in_panels(results.monitored, ["tanh"], results.headings).assign(weight_gradient_std=0.0)
    assert not any(marks(weight_gradients.draw(table)).values())
