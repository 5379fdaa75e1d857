"""Figures 11 and 12: the test error of every model during training."""

import math

import altair as alt
import numpy as np
import pandas as pd

from stages.figures import style

HEIGHT, LABEL = 340, 14  # pixels of the chart, and from a label to the next
RISEN = 1.1  # times its lowest value: a rise beyond the noise of the last updates
FAR_LOWER = 0.5  # of the test error


def draw(curves: pd.DataFrame) -> alt.LayerChart:
    """Every model's chosen run as a line, in a band from the lowest to the highest seed.

    curves: one row per model, seed and update with test_error (fraction), chosen, chance_percent (the error of always
    predicting the most common class) and epoch_updates (updates per epoch; NaN for endless data). Errors of 0 and of
    diverged runs (NaN) are left out, since the axis is logarithmic.
    """
    shown = curves[curves["test_error"] > 0]
    columns = ["update", "test_error"]
    last = shown["update"].max()
    ends = label_places(shown[shown["chosen"] & (shown["update"] == last)], np.log(shown["test_error"]))
    table = style.in_lists(shown, ["model", "seed", "chosen", "chance_percent"], columns).merge(
        ends, how="left", on="model"
    )
    time = style.updates_axis(shown)
    in_ink = alt.Chart(table).transform_calculate(percent="100 * datum.test_error").encode(x=time)
    base = in_ink.encode(color=style.model_colour(table))
    percent = alt.Y(
        "percent:Q",
        title="test error (%)",
        scale=style.ratios(),
        axis=alt.Axis(values=ticks(100 * shown["test_error"]), labelExpr="format(datum.value, '~r')"),
    )
    bands = (
        base.transform_aggregate(low="min(percent)", high="max(percent)", groupby=["model", "update"])
        .mark_area(fillOpacity=0.18)
        .encode(y=alt.Y("low:Q"), y2="high:Q")
    )
    lines = base.transform_filter("datum.chosen").mark_line().encode(y=percent, strokeDash=style.model_dash(table))
    names = (
        in_ink.transform_filter(f"datum.chosen && datum.update == {last}")
        .mark_text(align="left", dx=4)
        .encode(y="label_at:Q", text="model:N")
    )
    chance = alt.Chart(table).transform_aggregate(chance="max(chance_percent)", last="max(update)")
    chance_line = chance.mark_rule(strokeDash=[4, 4], color="#777777").encode(y="chance:Q")
    chance_text = (
        chance.transform_calculate(name="'- - -  chance: ' + format(datum.chance, '.1f') + ' %'")
        .mark_text(align="right")
        .encode(x="last:Q", y=alt.value(-9), text="name:N")
    )
    readout = style.readout(
        alt.Chart(table).transform_filter("datum.chosen"),
        time,
        "model",
        {model: model for model in table["model"].unique()},
        {"test_error": ""},
        ".2%",
    )
    drawn = alt.layer(bands, lines, names, chance_line, chance_text, readout)
    return drawn.transform_flatten(columns).properties(width=style.WIDTH, height=HEIGHT)


def label_places(ends: pd.DataFrame, logarithms: pd.Series) -> pd.DataFrame:
    """model and label_at (percent): where each model's name stands, beside the end of its line.

    The names of the paper's models are clear of each other. logarithms: of all errors on the axis.
    """
    places, papers = np.log(ends["test_error"].to_numpy(float)), ends["model"].isin(style.PAPER_COLOURS).to_numpy()
    places[papers] = style.apart(pd.Series(places[papers]), np.ptp(logarithms) * LABEL / HEIGHT)
    return style.inlined(ends.assign(label_at=100 * np.exp(places)), ["model", "label_at"])


def ticks(percent: pd.Series) -> list[float]:
    """Round percentages within the range of `percent`: at about equal ratios, or at equal steps in a narrow range."""
    low, high = percent.min(), percent.max()

    def round_numbers(*firsts: int) -> list[float]:
        return [float(f"{first}e{power}") for power in range(-3, 3) for first in firsts]

    found = [tick for tick in round_numbers(1, 2, 3, 5, 7) if low <= tick <= high]
    if len(found) < 4:
        step = min(step for step in round_numbers(1, 2, 5) if step >= (high - low) / 8)
        found = [round(step * count, 3) for count in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return found


def overfitted(curves: pd.DataFrame) -> list[str]:
    """A sentence for each model whose chosen run's test error rises again while its training error is far lower.

    curves: as for `draw`, with train_error on finite data sets; a record may lack it.
    """
    sentences = []
    for model, run in curves[curves["chosen"]].groupby("model", observed=True, sort=False):
        last, lowest = run.loc[run["update"].idxmax()], run["test_error"].min()
        trained = last.get("train_error", math.nan)
        if last["test_error"] > RISEN * lowest and trained < FAR_LOWER * last["test_error"]:
            sentences.append(
                f"{model} overfits: its test error rises again from {lowest:.2%} to {last['test_error']:.2%}, while it "
                f"errs on {trained:.2%} of the training images."
            )
    return sentences
