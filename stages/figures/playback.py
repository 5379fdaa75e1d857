"""Every layer's histograms at any time of training, moved by one slider."""

import altair as alt
import numpy as np
import pandas as pd

from stages.figures import style

QUANTITIES = {
    "activation": "activations: z",
    "back_propagated_gradient": "back-propagated gradients: ∂Cost/∂s",
    "weight_gradient": "weight gradients: ∂Cost/∂W",
}
POOLED = 4  # bins that are drawn as one
DENSITIES = 999  # the highest of a histogram as it is stored
HEIGHT = 150


def draw(histograms: pd.DataFrame) -> alt.FacetChart:
    """One panel a quantity, a line a layer, of the model and at the update that the reader sets.

    histograms: one row per model, update, quantity, hidden layer and bin (left, right) with its density.
    """
    table = packed(histograms)
    updates = sorted(histograms["update"].unique().tolist())
    models = [model for model in histograms["model"].cat.categories if (histograms["model"] == model).any()]
    time = alt.param(
        name="moment",
        value=len(updates) - 1,
        bind=alt.binding_range(min=0, max=len(updates) - 1, step=1, name="time of training "),
    )
    model = alt.param(name="model", value=models[0], bind=alt.binding_select(options=models, name="model "))
    chosen = style.isolated("layer")
    base = alt.Chart(table).encode(
        x=alt.X("middle:Q", title=None, axis=alt.Axis(grid=False, tickCount=7), scale=alt.Scale(nice=False)),
        y=alt.Y("height:Q", title="density", axis=alt.Axis(tickCount=4)),
        color=style.layer_colour(table),
    )
    lines = base.mark_line().encode(opacity=style.unless_faded(chosen)).add_params(chosen)
    values = [alt.Tooltip("layer:O"), *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("middle", "height"))]
    near = base.mark_circle(size=60, opacity=0).encode(tooltip=values).properties(name=style.POINTER)
    drawn = style.panels(alt.layer(lines, near), table)
    drawn.spec.height = HEIGHT
    return (
        drawn.transform_filter(f"datum.model == model && datum.update == {updates}[moment]")
        .transform_flatten(["density"])
        .transform_window(bin="row_number()", groupby=["panel", "layer"])
        .transform_calculate(
            middle="datum.low + (datum.bin - 0.5) * datum.width", height="datum.density * datum.highest"
        )
        .resolve_scale(x="independent", y="independent")
        .add_params(time, model)
        .properties(title=alt.Title(alt.ExprRef(f"model + ' after ' + format({updates}[moment], ',') + ' updates'")))
    )


def packed(histograms: pd.DataFrame) -> pd.DataFrame:
    """One row per model, update, panel and layer: `low`, the `width` of a bin, and its densities over the `highest`.

    These are whole numbers up to DENSITIES in lists, which keeps the page small.
    """
    rows = []
    by = ["model", "update", "quantity", "layer"]
    for (model, update, quantity, layer), bins in histograms.groupby(by, observed=True, sort=False):
        heights = bins["density"].to_numpy().reshape(-1, POOLED).mean(1)
        highest = heights.max() / DENSITIES or 1.0
        low, high = bins["left"].iloc[0], bins["right"].iloc[-1]
        rows.append(
            {
                "model": model,
                "update": update,
                "panel": QUANTITIES[quantity],
                "layer": layer,
                "low": low,
                "width": (high - low) / len(heights),
                "highest": highest,
                "density": np.rint(heights / highest).astype(int).tolist(),
            }
        )
    table = pd.DataFrame(rows)
    table["panel"] = pd.Categorical(table["panel"], QUANTITIES.values())
    table["layer"] = pd.Categorical(table["layer"], histograms["layer"].cat.categories)
    return style.inlined(table, list(table))
