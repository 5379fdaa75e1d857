"""Figures 2 and 9: the mean and standard deviation of each layer's activations or weight gradients during training."""

from functools import partial

import altair as alt
import pandas as pd

from stages.figures import style


def draw(quantity: str, title: str, number_format: str, monitored: pd.DataFrame) -> alt.FacetChart:
    """Mean lines in bands of ± one standard deviation, one panel per model.

    monitored: one row per model, update and hidden layer, with panel (heading), and {quantity}_mean and {quantity}_std.
    """
    mean, std = f"{quantity}_mean", f"{quantity}_std"
    columns = ["update", mean, std]
    table = style.in_lists(monitored, ["model", "layer"], columns)
    chosen = style.isolated("layer")
    base = alt.Chart(table).encode(x=style.updates_axis(monitored), color=style.layer_colour(table))
    bands = (
        base.transform_calculate(low=f"datum.{mean} - datum.{std}", high=f"datum.{mean} + datum.{std}")
        .mark_area(fillOpacity=0.16)
        .encode(
            y=alt.Y("low:Q", title=[f"{title}:", "mean ± standard deviation"]),
            y2="high:Q",
            opacity=style.unless_faded_in_panels(chosen, table),
        )
    )
    lines = base.mark_line().encode(y=f"{mean}:Q", opacity=style.unless_faded_in_panels(chosen, table))
    readout = style.readout(
        alt.Chart(table),
        style.updates_axis(monitored),
        "layer",
        style.layer_names(table),
        {mean: "mean", std: "±"},
        number_format,
    )
    drawn = style.panels(alt.layer(bands.add_params(chosen), lines, readout), "model", style.headings(monitored))
    return drawn.transform_flatten(columns)


activations = partial(draw, "activation", "activation", ".3f")
weight_gradients = partial(draw, "weight_gradient", "weight gradient", ".1e")
