"""Figure 2: the mean and standard deviation of each layer's activations during training."""

import altair as alt
import pandas as pd

from stages.figures import style


def draw(monitored: pd.DataFrame) -> alt.FacetChart:
    """Mean lines in bands of ± one standard deviation, one panel per model.

    monitored: one row per model, update and hidden layer, with panel (heading), activation_mean and activation_std.
    """
    columns = ["update", "activation_mean", "activation_std"]
    table = style.in_lists(monitored, ["model", "layer"], columns)
    chosen = style.isolated("layer")
    base = alt.Chart(table).encode(x=style.updates_axis(monitored), color=style.layer_colour(table))
    bands = (
        base.transform_calculate(
            low="datum.activation_mean - datum.activation_std", high="datum.activation_mean + datum.activation_std"
        )
        .mark_area(fillOpacity=0.16)
        .encode(
            y=alt.Y("low:Q", title=["activation:", "mean ± standard deviation"]),
            y2="high:Q",
            opacity=style.unless_faded_in_panels(chosen, table),
        )
    )
    lines = base.mark_line().encode(y="activation_mean:Q", opacity=style.unless_faded_in_panels(chosen, table))
    readout = style.readout(
        alt.Chart(table),
        style.updates_axis(monitored),
        "layer",
        style.layer_names(table),
        {"activation_mean": "mean", "activation_std": "±"},
        ".3f",
    )
    drawn = style.panels(alt.layer(bands.add_params(chosen), lines, readout), "model", style.headings(monitored))
    return drawn.transform_flatten(columns)
