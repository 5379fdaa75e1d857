"""The paper's argument in one figure: how signals grow or shrink on their way through untrained layers."""

import altair as alt
import pandas as pd

from stages.figures import style

PANELS = {  # the monitored quantity: its heading, and where its signal enters
    "activation_std": ("activations, going up", "lowest"),
    "back_propagated_gradient_std": ("gradients, going down", "top"),
    "weight_gradient_std": ("weight gradients", "top"),
}
NAMES = {"tanh": "standard (torch.nn.Linear today)", "tanh-n": "normalized (Xavier, Glorot)"}
PARTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # that an axis names


def draw(monitored: pd.DataFrame) -> alt.FacetChart:
    """Standard deviations before training, relative to the layer where the signal enters: a panel for each quantity.

    monitored: one row per model, update and hidden layer, with the columns of PANELS.
    """
    first = monitored[monitored["update"] == 0]
    table = pd.concat([relative(first, column, where) for column, (_, where) in PANELS.items()])
    low, high = range_of(table["size"])
    ticks = [1 / part for part in PARTS if part <= 2 / low]
    y = alt.Y(
        "size:Q",
        title="size, relative to where the signal enters",
        scale=alt.Scale(type="log", nice=False, domain=[low / 1.3, high * 1.3]),
        axis=alt.Axis(values=ticks, labelExpr="datum.value == 1 ? '1' : '1/' + format(1 / datum.value, '.0f')"),
    )
    shown = [model for model in table["model"].cat.categories if (table["model"] == model).any()]
    legend = alt.Legend(
        labelExpr=f"{NAMES}[datum.label] || datum.label",
        symbolType="stroke",
        labelLimit=0,
        values=shown,
        columns=alt.ExprRef("containerSize()[0] < 500 ? 1 : 0"),
    )
    base = (
        alt.Chart(style.inlined(table, list(table)))
        .transform_filter("datum.size > 0")
        .encode(
            x=alt.X("layer:O", title="hidden layer", axis=alt.Axis(labelAngle=0)),
            y=y,
            color=style.model_colour(table).legend(legend),
            tooltip=["model:N", alt.Tooltip("layer:O", title="hidden layer"), alt.Tooltip("size:Q", format=".3f")],
        )
    )
    lines = alt.layer(base.mark_line(strokeWidth=3), base.mark_circle(size=70, opacity=1))
    headings = {column: heading for column, (heading, _) in PANELS.items()}
    header = alt.Header(labelExpr=f"{headings}[datum.label]", labelLimit=0)
    facet = alt.Facet("quantity:N", sort=list(PANELS), title=None, header=header)
    return lines.properties(width=style.WIDTH / len(PANELS), height=230).facet(facet=facet, columns=len(PANELS))


def range_of(sizes: pd.Series) -> tuple[float, float]:
    """The smallest and the largest of the sizes that a logarithmic axis can show."""
    shown = sizes[(sizes > 0) & (sizes < float("inf"))]
    return (shown.min(), shown.max()) if len(shown) else (1, 1)


def relative(first: pd.DataFrame, column: str, where: str) -> pd.DataFrame:
    """Each layer's standard deviation over that of the layer where the signal enters, for every model."""
    first = first.astype({"layer": int})
    layer = first.groupby("model", observed=True)["layer"].transform("min" if where == "lowest" else "max")
    entering = first[first["layer"] == layer].set_index("model")[column]
    size = first[column] / first["model"].map(entering).astype(float)
    return first[["model", "layer"]].assign(quantity=column, size=size)
