"""Every layer's histograms during training, controlled by one slider."""

import altair as alt
import numpy as np
import pandas as pd

from stages.figures import style
from stages.figures.histograms import pooled

QUANTITIES = {
    "activation": "activations: z",
    "back_propagated_gradient": "back-propagated gradients: ∂Cost/∂s",
    "weight_gradient": "weight gradients: ∂Cost/∂W",
}
MOMENTS = 16  # shown of the recorded ones
DIGITS = 2  # of a stored density, in base 36
HIGHEST = 36**DIGITS - 1
HEIGHT = 150
UNPACKED = {
    "left": "datum.packed.low + datum.bin * datum.packed.width",
    "right": "min(datum.left + datum.packed.width, datum.packed.high)",
    "density": f"parseInt(substring(datum.packed.densities, {DIGITS} * datum.bin, {DIGITS} * (datum.bin + 1)), 36) "
    "* datum.packed.unit",
}


def draw(histograms: pd.DataFrame) -> alt.FacetChart:
    """One panel per quantity, one line per layer, for the model and update that the reader chooses.

    histograms: one row per model, update, quantity, hidden layer and bin (left, right) with its density.
    """
    moments = spread(histograms["update"])
    table = packed(histograms[histograms["update"].isin(moments)])
    models = [model for model in histograms["model"].cat.categories if (histograms["model"] == model).any()]
    last = len(moments) - 1
    time = alt.param(
        name="moment", value=last, bind=alt.binding_range(min=0, max=last, step=1, name="time of training ")
    )
    text = alt.param(name="moment_text", expr=f"format({moments}[moment], ',') + ' updates'")
    model = alt.param(name="model", value=models[0], bind=alt.binding_select(options=models, name="model "))
    title = f"model + (indexof({models}, model) < 0 ? ' has no data here' : ' after ' + moment_text)"
    chosen = style.isolated("layer")
    base = (
        alt.Chart(table)
        .transform_calculate(middle="(datum.left + datum.right) / 2")
        .encode(
            x=alt.X("middle:Q", title=None, axis=alt.Axis(grid=False, tickCount=7), scale=alt.Scale(nice=False)),
            y=alt.Y("density:Q", title="density", axis=alt.Axis(tickCount=4)),
            color=style.layer_colour(table),
        )
    )
    lines = base.mark_line().encode(opacity=style.unless_faded(chosen)).add_params(chosen)
    values = [alt.Tooltip("layer:O"), *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("middle", "density"))]
    drawn = style.panels(alt.layer(lines, style.hover_dots(base, values)), "quantity", QUANTITIES)
    drawn.spec.height = HEIGHT
    drawn = (
        drawn.transform_filter("datum.model == model")
        .transform_flatten(["update", "packed"])
        .transform_filter(f"datum.update == {moments}[moment]")
        .transform_calculate(bin=f"sequence(length(datum.packed.densities) / {DIGITS})")
        .transform_flatten(["bin"])
    )
    for name, expression in UNPACKED.items():
        drawn = drawn.transform_calculate(**{name: expression})
    return (
        drawn.resolve_scale(x="independent", y="independent")
        .add_params(time, text, model)
        .properties(title=alt.Title(alt.ExprRef(title)))
    )


def spread(updates: pd.Series, moments: int = MOMENTS) -> list[int]:
    """At most so many of the recorded updates, about evenly spaced from the first to the last."""
    recorded = np.unique(updates)
    return recorded[np.unique(np.linspace(0, len(recorded) - 1, moments).round().astype(int))].tolist()


def packed(histograms: pd.DataFrame) -> pd.DataFrame:
    """One row per model, quantity and layer, with lists of updates and of their packed histograms.

    A packed histogram has the ends of its bins (low, high), the width of a bin, and its densities as one text: each is
    an integer multiple of `unit` up to HIGHEST, in DIGITS digits of base 36.
    """
    by = ["model", "quantity", "layer", "update"]
    bins = pooled(histograms, by)
    groups = bins.groupby(by, observed=True, sort=False)
    group = groups.ngroup()
    found = groups.agg(low=("left", "first"), high=("right", "last"), width=("right", "first"), unit=("density", "max"))
    found["width"] -= found["low"]
    found["unit"] /= HIGHEST
    found = found.map(lambda value: float(f"{value:.6g}")).replace({"unit": {0.0: 1.0}})
    levels = np.rint(bins["density"] / found["unit"].to_numpy()[group]).astype(int)
    texts = levels.map({level: np.base_repr(level, 36).zfill(DIGITS) for level in levels.unique()})
    found["densities"] = texts.groupby(group).agg("".join).to_numpy()
    identities = found.index.to_frame(index=False).astype({name: histograms[name].dtype for name in ("model", "layer")})
    return style.in_lists(identities.assign(packed=found.to_dict("records")), by[:-1], ["update", "packed"])
