"""The playback draws the recorded histograms of one model at the chosen update."""

import numpy as np
import pandas as pd
import pytest

from stages.figures import playback
from stages.figures.histograms import POOLED
from tests.figures.drawing import assert_drawn_to_scale, marks, texts
from tests.figures.test_histograms import in_fours, recorded
from tests.synthetic_results import UPDATES


def test_moments_are_spread_from_the_first_update_to_the_last():
    moments = playback.spread(pd.Series(UPDATES))
    assert len(moments) == playback.MOMENTS < len(UPDATES)
    assert (moments[0], moments[-1]) == (0, UPDATES[-1])
    steps = np.diff(np.searchsorted(UPDATES, moments))
    assert set(steps) == {3, 4}


def test_few_moments_are_all_kept():
    assert playback.spread(pd.Series([0, 5, 9, 5])) == [0, 5, 9]


@pytest.mark.parametrize("model", ["sigmoid", "tanh-n"])
def test_it_opens_with_the_end_of_the_first_models_training(root, results, model):
    histograms = results.histograms[results.histograms["model"] == model]
    chart = playback.draw(histograms)
    assert f"{model} after 60,000 updates" in texts(chart)
    panels = marks(chart)
    assert list(panels) == list(playback.QUANTITIES.values())
    for quantity, lines in zip(playback.QUANTITIES, panels.values(), strict=True):
        bins = in_fours(recorded(root, model, UPDATES[-1], quantity))
        assert len(lines) == 5
        ys = np.concatenate([line.ys for line in lines])
        slope, offset = np.polyfit(bins.density, ys, 1)
        step = playback.HEIGHT / playback.HIGHEST  # a layer's densities are rounded to that share of its highest
        np.testing.assert_allclose(ys, slope * bins.density + offset, atol=step)
        assert_drawn_to_scale(np.concatenate([line.xs for line in lines]), bins.middle)


def test_a_model_without_histograms_is_not_taken_for_another(results):
    chart = playback.draw(results.histograms)
    next(one for one in chart.params if one.name == "model").value = "nobody"
    assert "nobody has no data here" in texts(chart)
    assert not any(marks(chart).values())


def test_a_last_pool_of_fewer_bins_ends_where_the_bins_ended():
    count = 2 * POOLED + 2
    edges = np.linspace(-1, 1, count + 1)
    bins = pd.DataFrame({"left": edges[:-1], "right": edges[1:], "density": np.arange(float(count))})
    keys = {"model": "tanh", "quantity": "activation", "layer": 1, "update": 0}
    ((packed,),) = playback.packed(bins.assign(**keys))["packed"]
    assert [packed[name] for name in ("low", "high", "width")] == pytest.approx([-1, 1, 0.8])
    np.testing.assert_allclose(densities(packed), [1.5, 5.5, 8.5], atol=8.5 / playback.HIGHEST)


def test_histograms_of_zeros_are_zeros(results):
    table = playback.packed(results.histograms.assign(density=0.0))
    assert not any(np.any(densities(packed)) for moments in table["packed"] for packed in moments)


def densities(packed: dict) -> np.ndarray:
    """The densities of a packed histogram."""
    digits = ["".join(pair) for pair in zip(packed["densities"][::2], packed["densities"][1::2], strict=True)]
    return packed["unit"] * np.array([int(text, 36) for text in digits])
