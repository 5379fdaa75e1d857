"""Figure 2 draws each layer's mean activation as a line and mean ± standard deviation as a band."""

import numpy as np
import pandas as pd

from stages.figures import activation_means
from stages.figures.charts import in_panels
from tests.figures.drawing import assert_drawn_to_scale, marks


def test_lines_are_the_means_and_bands_the_standard_deviations(root, results):
    chart = activation_means.draw(in_panels(results.monitored, ["sigmoid"], results.headings))
    table = pd.read_parquet(root / "data/runs/shapeset/sigmoid/monitored.parquet")
    chosen = table[(table.learning_rate == 0.03) & (table.seed == 1) & (table.layer <= 5)]
    means = [rows.activation_mean.to_numpy() for _, rows in chosen.groupby("layer")]
    stds = [rows.activation_std.to_numpy() for _, rows in chosen.groupby("layer")]

    ((panel, drawn),) = marks(chart).items()
    assert panel == "sigmoid: sigmoid units, standard initialization"
    lines = [mark for mark in drawn if mark.kind == "line"]
    bands = [mark for mark in drawn if mark.kind == "area"]
    assert len(lines) == len(bands) == 5
    pixels = [mark.ys for mark in lines] + [mark.ys for mark in bands] + [mark.y2s for mark in bands]
    lows = [mean - std for mean, std in zip(means, stds, strict=True)]
    highs = [mean + std for mean, std in zip(means, stds, strict=True)]
    edges = [lows, highs] if bands[0].ys[0] > bands[0].y2s[0] else [highs, lows]
    assert_drawn_to_scale(np.concatenate(pixels), np.concatenate(means + edges[0] + edges[1]))
    assert_drawn_to_scale(lines[0].xs, np.sqrt(chosen[chosen.layer == 1]["update"]))
