"""Figure 4 draws a row per layer, the top layer above, with the densities of its bins."""

import numpy as np

from stages.figures import ridges
from stages.figures.charts import in_panels
from tests.figures.drawing import assert_drawn_to_scale, marks, texts
from tests.figures.test_histograms import recorded
from tests.synthetic_results import UPDATES

MODELS = ["tanh", "mine"]


def test_each_row_is_its_layers_histogram_as_high_as_the_row(root, results):
    chart = ridges.final_activations(in_panels(results.histograms, MODELS, results.headings))
    panels = marks(chart)
    pixels, heights, across, middles = [], [], [], []
    for model, drawn in zip(MODELS, panels.values(), strict=True):
        bins = recorded(root, model, UPDATES[-1], "activation")
        highest = bins.groupby("layer")["density"].transform("max")
        areas = [mark for mark in drawn if mark.kind == "area"]
        assert len(areas) == 5
        pixels += [mark.ys for mark in areas] + [mark.y2s for mark in areas]
        rows = bins.layer + ridges.ROW * bins.density / highest
        heights += [rows, bins.layer] if areas[0].ys[0] < areas[0].y2s[0] else [bins.layer, rows]
        across += [mark.xs for mark in areas]
        middles.append(bins.middle)
    assert_drawn_to_scale(np.concatenate(pixels), np.concatenate(heights))
    assert_drawn_to_scale(np.concatenate(across), np.concatenate(middles))
    rows = [text for text in texts(chart) if str(text).startswith("layer ")]
    assert rows == [f"layer {one}" for one in range(1, 6)]


def test_a_layer_without_any_density_lies_flat(results):
    table = in_panels(results.histograms, ["tanh"], results.headings)
    (drawn,) = marks(ridges.final_activations(table.assign(density=0.0))).values()
    areas = [mark for mark in drawn if mark.kind == "area"]
    assert len(areas) == 5
    assert all((mark.ys == mark.y2s).all() for mark in areas)
