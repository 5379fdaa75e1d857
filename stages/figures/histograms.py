"""Figures 6, 7 and 8: normalized histograms of each layer's activations and gradients before training."""

import altair as alt
import pandas as pd

from stages.figures import style

TAILS = 0.004  # share of the gradients that is cut off, half on each side
# Neighbouring bins of gradients are merged: at initialization all examples of a class have nearly the same gradients,
# so fine bins would show these clumps instead of the distribution.
POOLED = 4
TOOLTIP = [
    alt.Tooltip("layer:O"),
    alt.Tooltip("left:Q", title="from", format=".3g"),
    alt.Tooltip("right:Q", title="to", format=".3g"),
    alt.Tooltip("density:Q", format=".3g"),
]


def initial_activations(histograms: pd.DataFrame) -> alt.FacetChart:
    """Figure 6: the activations at initialization."""
    return of_activations(of_quantity(at_initialization(histograms), "activation"))


def initial_back_propagated_gradients(histograms: pd.DataFrame) -> alt.FacetChart:
    """Figure 7: the gradients with respect to the pre-activations at initialization."""
    return of_gradients(
        of_quantity(at_initialization(histograms), "back_propagated_gradient"), "back-propagated gradient: ∂Cost/∂s"
    )


def initial_weight_gradients(histograms: pd.DataFrame) -> alt.FacetChart:
    """Figure 8: the gradients with respect to the weights at initialization."""
    return of_gradients(of_quantity(at_initialization(histograms), "weight_gradient"), "weight gradient: ∂Cost/∂W")


def at_initialization(histograms: pd.DataFrame) -> pd.DataFrame:
    """The rows before the first update."""
    return histograms[histograms["update"] == 0]


def of_quantity(histograms: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """The rows of one quantity: model, panel (heading), layer, bin (left, right) and density."""
    return histograms.loc[histograms["quantity"] == quantity, ["model", "panel", "layer", "left", "right", "density"]]


def of_activations(table: pd.DataFrame) -> alt.FacetChart:
    """Histograms with one x axis for all panels and a density axis per panel, so that wide histograms stay visible."""
    return overlaid(table, alt.X("middle:Q", title="activation")).resolve_scale(y="independent")


def of_gradients(table: pd.DataFrame, title: str) -> alt.FacetChart:
    """Histograms with an x axis per panel, since models differ far more than the layers of one model."""
    by_panel = pooled(table, ["model", "panel", "layer"]).groupby("model", observed=True, group_keys=False)[
        table.columns.tolist()
    ]
    x = alt.X("middle:Q", title=title, scale=alt.Scale(nice=False))
    return overlaid(by_panel.apply(without_tails), x).resolve_scale(x="independent", y="independent")


def pooled(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The histograms, grouped by the columns `by`, with every POOLED neighbouring bins merged."""
    bins = table.assign(
        mass=table["density"] * (table["right"] - table["left"]),
        pool=table.groupby(by, observed=True).cumcount() // POOLED,
    ).groupby([*by, "pool"], observed=True)
    found = bins.agg(left=("left", "min"), right=("right", "max"), mass=("mass", "sum")).reset_index()
    return found.assign(density=found["mass"] / (found["right"] - found["left"]))[[*by, "left", "right", "density"]]


def without_tails(panel: pd.DataFrame) -> pd.DataFrame:
    """The bins of a range symmetric around 0 that holds all but TAILS of every layer's values."""
    mass = panel["density"] * (panel["right"] - panel["left"])
    by_layer = mass.groupby(panel["layer"], observed=True)
    share = mass / by_layer.transform("sum")
    up_to = by_layer.cumsum() / by_layer.transform("sum")
    low = panel["left"][up_to > TAILS / 2].min()
    high = panel["right"][up_to - share < 1 - TAILS / 2].max()
    middle = (panel["left"] + panel["right"]) / 2
    return panel[middle.abs() < max(-low, high)]


def overlaid(histograms: pd.DataFrame, x: alt.X) -> alt.FacetChart:
    """The layers' histograms as overlaid lines through the bin middles, one panel per model."""
    columns = ["left", "right", "density"]
    table = style.in_lists(histograms, ["model", "layer"], columns)
    base = (
        alt.Chart(table)
        .transform_calculate(middle="(datum.left + datum.right) / 2")
        .encode(
            x=x.axis(grid=False, tickCount=7),
            y=alt.Y("density:Q", title="density"),
            color=style.layer_colour(table),
        )
    )
    lines = base.mark_line().encode(opacity=style.unless_faded())
    dots = style.hover_dots(base, TOOLTIP)
    drawn = style.panels(alt.layer(lines, dots), "model", style.headings(histograms))
    return drawn.transform_flatten(columns)
