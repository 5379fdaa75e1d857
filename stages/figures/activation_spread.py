"""Figures 3 and 10: the 98th percentiles and the standard deviation of each layer's activations during training."""

import altair as alt
import pandas as pd

from stages.figures import style


def draw(monitored: pd.DataFrame) -> alt.FacetChart:
    """Standard deviations as lines and 98th percentiles as dots, one panel a model.

    monitored: one row per panel, update and hidden layer with activation_std and activation_p98.
    """
    table = style.inlined(monitored, ["panel", "update", "layer", "activation_std", "activation_p98"])
    chosen = style.isolated("layer")
    base = alt.Chart(table).encode(
        x=style.updates_axis(table), color=style.layer_colour(table), opacity=style.unless_faded(chosen)
    )
    title = ["activation: ● 98th percentile,", "— standard deviation"]
    lines = base.mark_line().encode(y=alt.Y("activation_std:Q", title=title))
    dots = base.mark_circle(size=28, opacity=1).encode(y="activation_p98:Q")
    readout = style.readout(
        alt.Chart(table),
        "layer",
        style.layer_names(table),
        {"activation_p98": "●", "activation_std": "—"},
        ".3f",
    )
    return style.panels(alt.layer(lines.add_params(chosen), dots, readout), table)
