"""Figure 9: the standard deviation of each layer's weight gradients during training."""

import altair as alt
import pandas as pd

from stages.figures import style


def draw(monitored: pd.DataFrame) -> alt.FacetChart:
    """Standard deviations on a logarithmic axis, one panel per model.

    monitored: one row per model, update and hidden layer, with panel (heading) and weight_gradient_std.
    """
    columns = ["update", "weight_gradient_std"]
    table = style.in_lists(monitored, ["model", "layer"], columns)
    chosen = style.isolated("layer")
    lines = (
        alt.Chart(table)
        .mark_line()
        .encode(
            x=style.updates_axis(monitored),
            y=alt.Y(
                "weight_gradient_std:Q",
                title=["weight gradient:", "standard deviation"],
                scale=style.ratios(),
                axis=alt.Axis(format=".0e", values=style.powers_of_ten(monitored["weight_gradient_std"], (1, 3))),
            ),
            color=style.layer_colour(table),
            opacity=style.unless_faded_in_panels(chosen, table),
        )
        .transform_filter("datum.weight_gradient_std > 0")
    )
    readout = style.readout(
        alt.Chart(table),
        style.updates_axis(monitored),
        "layer",
        style.layer_names(table),
        {"weight_gradient_std": ""},
        ".2e",
    )
    drawn = style.panels(alt.layer(lines.add_params(chosen), readout), "model", style.headings(monitored))
    return drawn.transform_flatten(columns)
