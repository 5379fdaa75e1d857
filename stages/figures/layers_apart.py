"""Figure 9 in one line per model: how far apart the layers' weight gradients are during training."""

import altair as alt
import numpy as np
import pandas as pd

from stages.figures import style


def draw(apart: pd.DataFrame) -> alt.LayerChart:
    """The geometric mean over the seeds, one line per model, in a band from the lowest to the highest seed.

    apart: one row per model, seed and update, with ratio: the largest standard deviation of a hidden layer's weight
    gradients over the smallest.
    """
    logs = apart.assign(log=np.log(apart["ratio"])).groupby(["model", "update"], observed=True)["log"]
    over_seeds = np.exp(logs.agg(["mean", "min", "max"])).reset_index()
    columns = ["update", "mean", "min", "max"]
    table = style.in_lists(over_seeds, ["model"], columns)
    time = style.updates_axis(over_seeds)
    ticks = style.powers_of_ten(apart["ratio"], (1, 1.5, 2, 3, 5, 7))
    y = alt.Y(
        "mean:Q",
        title="largest layer over smallest",
        scale=style.ratios(),
        axis=alt.Axis(values=ticks, labelExpr="format(datum.value, '~r') + '×'"),
    )
    base = alt.Chart(table).encode(x=time, color=style.model_colour(table))
    bands = base.mark_area(fillOpacity=0.18).encode(y=alt.Y("min:Q"), y2="max:Q")
    lines = base.mark_line().encode(y=y, strokeDash=style.model_dash(table))
    names = {model: model for model in table["model"].unique()}
    readout = style.readout(alt.Chart(table), time, "model", names, {"mean": ""}, ".2f")
    return alt.layer(bands, lines, readout).transform_flatten(columns).properties(width=style.WIDTH, height=260)
