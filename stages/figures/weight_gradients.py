"""Figure 9: the standard deviation of each layer's weight gradients during training."""

import math

import altair as alt
import pandas as pd

from stages.figures import style


def draw(monitored: pd.DataFrame) -> alt.FacetChart:
    """Standard deviations on a logarithmic axis, where equal ratios between layers are equal distances.

    monitored: one row per panel, update and hidden layer with weight_gradient_std.
    """
    table = style.inlined(monitored, ["panel", "update", "layer", "weight_gradient_std"])
    chosen = style.isolated("layer")
    lines = (
        alt.Chart(table)
        .mark_line()
        .encode(
            x=style.updates_axis(table),
            y=alt.Y(
                "weight_gradient_std:Q",
                title=["weight gradient:", "standard deviation"],
                scale=style.ratios(),
                axis=alt.Axis(format=".0e", values=ticks(table["weight_gradient_std"])),
            ),
            color=style.layer_colour(table),
            opacity=style.unless_faded(chosen),
        )
        .transform_filter("datum.weight_gradient_std > 0")
    )
    readout = style.readout(
        alt.Chart(table),
        "layer",
        style.layer_names(table),
        {"weight_gradient_std": ""},
        ".2e",
    )
    return style.panels(alt.layer(lines.add_params(chosen), readout), table)


def ticks(values: pd.Series) -> list[float]:
    """1 and 3 times the powers of ten that the positive values span: about equal steps on a logarithmic axis."""
    positive = values[values > 0]
    if positive.empty:
        return []
    powers = range(math.floor(math.log10(positive.min())), math.ceil(math.log10(positive.max())) + 1)
    return [float(f"{first}e{power}") for power in powers for first in (1, 3)]
