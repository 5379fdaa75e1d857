"""Figures 3 and 10 in one: 98th percentile and standard deviation of each layer's activations during training."""

import altair as alt
import pandas as pd

from stages.claims.saturation import TANH_SATURATED
from stages.figures import style

COLUMNS = 3  # panels side by side: tanh, tanh-n, softsign


def draw(monitored: pd.DataFrame) -> alt.FacetChart:
    """Standard deviations as lines and 98th percentiles as dots, one panel per model; dashed: from where it saturates.

    monitored: one row per model, update and hidden layer, with panel (heading), activation_std and activation_p98.
    """
    columns = ["update", "activation_std", "activation_p98"]
    table = style.in_lists(monitored, ["model", "layer"], columns)
    base = alt.Chart(table).encode(
        x=style.updates_axis(monitored),
        color=style.layer_colour(table),
        opacity=style.unless_faded(),
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
    threshold = alt.Chart(table).transform_aggregate(last="max(update)").transform_calculate(at=str(TANH_SATURATED))
    rule = threshold.mark_rule(strokeDash=[4, 4], color="#777777").encode(y="at:Q")
    layered = alt.layer(lines, dots, rule, readout)
    drawn = style.panels(layered, "model", style.headings(monitored), COLUMNS)
    return drawn.transform_flatten(columns)
