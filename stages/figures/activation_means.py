"""Figure 2: the mean and standard deviation of each layer's activations during training."""

import altair as alt
import pandas as pd

from stages.figures import style


def draw(monitored: pd.DataFrame) -> alt.FacetChart:
    """Means as lines in bands one standard deviation up and down, one panel a model.

    monitored: one row per panel, update and hidden layer with activation_mean and activation_std.
    """
    table = style.inlined(monitored, ["panel", "update", "layer", "activation_mean", "activation_std"])
    chosen = style.isolated("layer")
    base = alt.Chart(table).encode(x=style.updates_axis(table), color=style.layer_colour(table))
    bands = (
        base.transform_calculate(
            low="datum.activation_mean - datum.activation_std", high="datum.activation_mean + datum.activation_std"
        )
        .mark_area(fillOpacity=0.16)
        .encode(
            y=alt.Y("low:Q", title=["activation:", "mean ± standard deviation"]),
            y2="high:Q",
            opacity=style.unless_faded(chosen),
        )
    )
    lines = base.mark_line().encode(y="activation_mean:Q", opacity=style.unless_faded(chosen))
    readout = style.readout(
        alt.Chart(table),
        "layer",
        style.layer_names(table),
        {"activation_mean": "mean", "activation_std": "±"},
        ".3f",
    )
    return style.panels(alt.layer(bands.add_params(chosen), lines, readout), table)
