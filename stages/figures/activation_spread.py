"""Figures 3 and 10: 98th percentile and standard deviation of each layer's activations during training."""

import altair as alt
import pandas as pd

from stages.figures import style


def draw(monitored: pd.DataFrame) -> alt.FacetChart:
    """Standard deviations as lines and 98th percentiles as dots, one panel per model.

    monitored: one row per model, update and hidden layer, with panel (heading), activation_std and activation_p98.
    """
    columns = ["update", "activation_std", "activation_p98"]
    table = style.in_lists(monitored, ["model", "layer"], columns)
    chosen = style.isolated("layer")
    base = alt.Chart(table).encode(
        x=style.updates_axis(monitored),
        color=style.layer_colour(table),
        opacity=style.unless_faded_in_panels(chosen, table),
    )
    title = ["activation: ● 98th percentile,", "— standard deviation"]
    lines = base.mark_line().encode(y=alt.Y("activation_std:Q", title=title))
    dots = base.mark_circle(size=28, opacity=1).encode(y="activation_p98:Q")
    readout = style.readout(
        alt.Chart(table),
        style.updates_axis(monitored),
        "layer",
        style.layer_names(table),
        {"activation_p98": "●", "activation_std": "—"},
        ".3f",
    )
    drawn = style.panels(alt.layer(lines.add_params(chosen), dots, readout), "model", style.headings(monitored))
    return drawn.transform_flatten(columns)
