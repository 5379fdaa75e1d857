"""Figures 2 and 9: the mean and standard deviation of each layer's activations or weight gradients during training."""

import altair as alt
import pandas as pd

from stages.figures import style

LABEL = 15  # pixels from a label to the next


def activations(monitored: pd.DataFrame) -> alt.FacetChart:
    """Figure 2: each layer's activations, with the layer's name at the end of its line, one panel per model.

    monitored: one row per model, update and hidden layer, with panel (heading), activation_mean and activation_std.
    """
    last = monitored["update"].max()
    places = label_places(monitored[monitored["update"] == last], reach(monitored))
    table = in_lists(monitored, "activation").merge(places, how="left", on=["model", "layer"])
    layers = of_layers(table, monitored, "activation", "activation", ".3f")
    labels = (
        alt.Chart(table)
        .transform_filter(f"datum.update == {last}")
        .transform_calculate(name="'layer ' + datum.layer")
        .mark_text(align="left", dx=4)
        .encode(
            x=style.updates_axis(monitored),
            y="label_at:Q",
            text="name:N",
            color=style.layer_colour(table),
            opacity=style.unless_faded(),
        )
    )
    return in_panels([*layers, labels], monitored, "activation")


def weight_gradients(monitored: pd.DataFrame) -> alt.FacetChart:
    """Figure 9: each layer's weight gradients, one panel per model.

    monitored: as for `activations`, with weight_gradient_mean and weight_gradient_std.
    """
    table = in_lists(monitored, "weight_gradient")
    layers = of_layers(table, monitored, "weight_gradient", "weight gradient", ".1e")
    return in_panels(layers, monitored, "weight_gradient")


def of_layers(
    table: pd.DataFrame, monitored: pd.DataFrame, quantity: str, title: str, number_format: str
) -> list[alt.Chart]:
    """Mean lines in bands of ± one standard deviation, and what the pointer reads."""
    mean, std = f"{quantity}_mean", f"{quantity}_std"
    time = style.updates_axis(monitored)
    base = alt.Chart(table).encode(x=time, color=style.layer_colour(table), opacity=style.unless_faded())
    bands = (
        base.transform_calculate(low=f"datum.{mean} - datum.{std}", high=f"datum.{mean} + datum.{std}")
        .mark_area(fillOpacity=0.16)
        .encode(y=alt.Y("low:Q", title=[f"{title}:", "mean ± standard deviation"]), y2="high:Q")
    )
    lines = base.mark_line().encode(y=f"{mean}:Q")
    names = style.layer_names(table)
    readout = style.readout(alt.Chart(table), time, "layer", names, {mean: "mean", std: "±"}, number_format)
    return [bands, lines, readout]


def in_lists(monitored: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """One row per model and layer, with the quantity's columns as lists."""
    return style.in_lists(monitored, ["model", "layer"], ["update", f"{quantity}_mean", f"{quantity}_std"])


def in_panels(layers: list[alt.Chart], monitored: pd.DataFrame, quantity: str) -> alt.FacetChart:
    """The layers of the chart in one panel per model, of the lists unpacked."""
    drawn = style.panels(alt.layer(*layers), "model", style.headings(monitored))
    return drawn.transform_flatten(["update", f"{quantity}_mean", f"{quantity}_std"])


def label_places(at_the_end: pd.DataFrame, reach: float) -> pd.DataFrame:
    """model, layer and label_at: where the label of each line stands, beside its end and clear of the other labels.

    reach: from the lowest to the highest value of the axis.
    """
    by_model = at_the_end.groupby("model", observed=True)["activation_mean"]
    places = by_model.transform(style.apart, gap=reach * LABEL / style.HEIGHT)
    return style.inlined(at_the_end.assign(label_at=places), ["model", "layer", "label_at"])


def reach(monitored: pd.DataFrame) -> float:
    """From the lowest end of a band of activations to the highest."""
    mean, std = monitored["activation_mean"], monitored["activation_std"]
    return (mean + std).max() - (mean - std).min()
