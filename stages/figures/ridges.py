"""Figure 4: the histograms of each layer's activations, a row a layer, the top layer above."""

import altair as alt
import pandas as pd

from stages.figures import style
from stages.figures.histograms import TOOLTIP, of_quantity

ROW = 0.92  # the highest density of a layer, in rows
COLUMNS = 2  # panels side by side


def final_activations(histograms: pd.DataFrame) -> alt.FacetChart:
    """Figure 4: the activations at the end of training, one panel per model."""
    shown = of_quantity(histograms[histograms["update"] == histograms["update"].max()], "activation")
    columns = ["left", "right", "density"]
    table = style.in_lists(shown, ["model", "layer"], columns)
    x = alt.X("middle:Q", title="activation", axis=alt.Axis(grid=False, tickCount=5))
    drawn = style.panels(rows(alt.Chart(table), table, x), "model", style.headings(shown), COLUMNS)
    return drawn.transform_flatten(columns)


def rows(chart: alt.Chart, table: pd.DataFrame, x: alt.X) -> alt.LayerChart:
    """One row per hidden layer with its histogram, each as high as its row.

    chart: has left, right and density of every model's and layer's bins, once its transforms are done. table: its data,
    with the column layer.
    """
    layers = sorted(table["layer"].unique())
    y = alt.Y(
        "top:Q",
        title=None,
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(
            values=layers, labelExpr="'layer ' + datum.value", labelBaseline="bottom", domain=False, ticks=False
        ),
    )
    base = (
        chart.transform_calculate(middle="(datum.left + datum.right) / 2")
        .transform_joinaggregate(highest="max(density)", groupby=["model", "layer"])
        .transform_calculate(
            floor="toNumber(datum.layer)", top=f"datum.floor + {ROW} * datum.density / (datum.highest || 1)"
        )
        .encode(x=x, color=style.layer_colour(table))
    )
    ridges = base.mark_area(fillOpacity=0.35, line=True).encode(y=y, y2="floor:Q", opacity=style.unless_faded())
    dots = style.hover_dots(base.encode(y="top:Q"), TOOLTIP)
    return alt.layer(ridges, dots)
