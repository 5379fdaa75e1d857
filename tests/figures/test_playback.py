"""The playback draws the recorded histograms of one model at the chosen update."""

import numpy as np
import pandas as pd
import pytest

from stages.figures import playback, ridges, style
from stages.figures.histograms import POOLED
from tests.figures.drawing import marks
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


@pytest.mark.parametrize(("model", "moment"), [("sigmoid", 0), ("tanh-n", 0), ("tanh-n", 7), ("tanh-n", 15)])
def test_a_row_is_its_layers_histogram_at_the_moment_on_axes_that_stay(root, results, model, moment):
    """Positions are compared for all moments together, so an axis that moved would be found."""
    update = playback.spread(pd.Series(UPDATES))[moment]
    panels, at_first = of_moment(results, model, moment), of_moment(results, model, 0)
    assert list(panels) == list(playback.QUANTITIES.values())
    for quantity, title in playback.QUANTITIES.items():
        largest = np.abs(results.histograms.query("quantity == @quantity and model == @model")[["left", "right"]]).max(
            axis=None
        )
        linear = largest / 10**playback.DECADES
        across, places = [], []
        for drawn, when in ((at_first, 0), (panels, update)):
            bins = in_fours(recorded(root, model, when, quantity))
            areas = [mark for mark in drawn[title] if mark.kind == "area"]
            assert len(areas) == 5
            highest = bins.groupby("layer")["density"].transform("max")
            rows = bins.layer + ridges.ROW * bins.density / highest
            tops = np.concatenate([np.minimum(mark.ys, mark.y2s) for mark in areas])
            slope, offset = np.polyfit(rows, tops, 1)
            np.testing.assert_allclose(tops, slope * rows + offset, atol=playback.HEIGHT / playback.HIGHEST)
            across += [mark.xs for mark in areas]
            middle = bins.middle.to_numpy()
            places.append(middle if quantity == "activation" else np.sign(middle) * np.log1p(np.abs(middle) / linear))
        pixels, values = np.concatenate(across), np.concatenate(places)
        slope, offset = np.polyfit(values, pixels, 1)
        assert np.ptp(pixels) > 50
        np.testing.assert_allclose(pixels, slope * values + offset, atol=0.1)  # edges have six digits


def of_moment(results, model: str, moment: int) -> dict:
    """The drawn marks of one model at one of the shown moments."""
    chart = style.of_one_model(playback.draw(results.histograms), model)
    next(one for one in chart.params if one.name == "moment").value = moment
    return marks(chart)


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
