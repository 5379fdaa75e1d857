"""Figures 2 and 9: the mean and standard deviation of each layer's activations or weight gradients during training."""

from functools import partial

import altair as alt
import pandas as pd

from stages.figures import style

LABEL = 15  # pixels from a label to the next


def draw(quantity: str, title: str, number_format: str, monitored: pd.DataFrame) -> alt.FacetChart:
    """Mean lines in bands of ± one standard deviation, one panel per model.

    monitored: one row per model, update and hidden layer, with panel (heading), and {quantity}_mean and {quantity}_std.
    """
    mean, std = f"{quantity}_mean", f"{quantity}_std"
    columns = ["update", mean, std]
    last = monitored["update"].max()
    places = label_places(monitored[monitored["update"] == last], mean, reach(monitored, mean, std))
    table = style.in_lists(monitored, ["model", "layer"], columns).merge(places, how="left", on=["model", "layer"])
    base = alt.Chart(table).encode(x=style.updates_axis(monitored), color=style.layer_colour(table))
    bands = (
        base.transform_calculate(low=f"datum.{mean} - datum.{std}", high=f"datum.{mean} + datum.{std}")
        .mark_area(fillOpacity=0.16)
        .encode(
            y=alt.Y("low:Q", title=[f"{title}:", "mean ± standard deviation"]),
            y2="high:Q",
            opacity=style.unless_faded(),
        )
    )
    lines = base.mark_line().encode(y=f"{mean}:Q", opacity=style.unless_faded())
    labels = (
        base.transform_filter(f"datum.update == {last}")
        .transform_calculate(name="'layer ' + datum.layer")
        .mark_text(align="left", dx=4)
        .encode(y="label_at:Q", text="name:N", opacity=style.unless_faded())
    )
    readout = style.readout(
        alt.Chart(table),
        style.updates_axis(monitored),
        "layer",
        style.layer_names(table),
        {mean: "mean", std: "±"},
        number_format,
    )
    drawn = style.panels(alt.layer(bands, lines, labels, readout), "model", style.headings(monitored))
    return drawn.transform_flatten(columns)


def label_places(at_the_end: pd.DataFrame, mean: str, reach: float) -> pd.DataFrame:
    """model, layer and label_at: where the label of each line stands, beside its end and clear of the other labels.

    reach: from the lowest to the highest value of the axis.
    """
    by_model = at_the_end.groupby("model", observed=True)[mean]
    places = by_model.transform(style.apart, gap=reach * LABEL / style.HEIGHT)
    return style.inlined(at_the_end.assign(label_at=places), ["model", "layer", "label_at"])


def reach(monitored: pd.DataFrame, mean: str, std: str) -> float:
    """From the lowest end of a band to the highest."""
    return (monitored[mean] + monitored[std]).max() - (monitored[mean] - monitored[std]).min()


activations = partial(draw, "activation", "activation", ".3f")
weight_gradients = partial(draw, "weight_gradient", "weight gradient", ".1e")
