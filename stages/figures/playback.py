"""Every layer's histograms during training, played or moved by a slider."""

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from stages.figures import style
from stages.figures.histograms import pooled
from stages.figures.ridges import rows

QUANTITIES = {
    "activation": "activations: z",
    "back_propagated_gradient": "gradients: ∂Cost/∂s",
    "weight_gradient": "weight gradients: ∂Cost/∂W",
}
MOMENTS = 16  # shown of the recorded ones
DIGITS = 2  # of a stored density, in base 36
HIGHEST = 36**DIGITS - 1
HEIGHT = 260
POWER = "datum.value ? format(datum.value, '~e') : '0'"
DECADES = 4  # of the gradients' axis, to either side of 0
UNPACKED = {
    "left": "datum.packed.low + datum.bin * datum.packed.width",
    "right": "min(datum.left + datum.packed.width, datum.packed.high)",
    "density": f"parseInt(substring(datum.packed.densities, {DIGITS} * datum.bin, {DIGITS} * (datum.bin + 1)), 36) "
    "* datum.packed.unit",
}


def draw(histograms: pd.DataFrame) -> alt.ConcatChart:
    """One panel per quantity and one row per layer, at the update that the reader chooses; a model's axes stay.

    histograms: one row per model, update, quantity, hidden layer and bin (left, right) with its density.
    """
    moments = spread(histograms["update"])
    table = packed(histograms[histograms["update"].isin(moments)])
    panels = [panel(quantity, histograms, table) for quantity in QUANTITIES]
    drawn = (
        alt.concat(*panels, data=table, columns=len(panels), spacing=24)
        .transform_flatten(["update", "packed"])
        .transform_filter(f"datum.update == {moments}[moment]")
        .transform_calculate(bin=f"sequence(length(datum.packed.densities) / {DIGITS})")
        .transform_flatten(["bin"])
    )
    for name, expression in UNPACKED.items():
        drawn = drawn.transform_calculate(**{name: expression})
    return drawn.add_params(alt.param(name="moment", value=0)).properties(usermeta={"moments": moments})


def panel(quantity: str, histograms: pd.DataFrame, table: pd.DataFrame) -> alt.LayerChart:
    """The rows of one quantity; around 0, a gradient's axis is linear. The chart needs the parameter `model`."""
    of_models = histograms[histograms["quantity"] == quantity].groupby("model", observed=True)
    low, high = of_models["left"].min(), of_models["right"].max()
    if quantity == "activation":
        scale = alt.Scale(domainMin=of_the_model(low), domainMax=of_the_model(high), nice=False, zero=False)
        axis = alt.Axis(grid=False, tickCount=3)
    else:
        largest = np.maximum(-low, high).replace(0, 1)
        power = np.floor(np.log10(largest))
        values = {name: ticks(power[name]) for name in power.index}
        ends = {"domainMin": of_the_model(-largest), "domainMax": of_the_model(largest)}
        scale = alt.Scale(type="symlog", constant=of_the_model(largest / 10**DECADES), nice=False, **ends)
        axis = alt.Axis(grid=False, values=of_the_model(values), labelExpr=POWER)
    x = alt.X("middle:Q", title=None, scale=scale, axis=axis)
    of_quantity = alt.Chart().transform_filter(f"datum.quantity == '{quantity}'")
    drawn = rows(of_quantity, table, x)
    width = (style.WIDTH - 24 * (len(QUANTITIES) - 1)) / len(QUANTITIES)
    return drawn.properties(width=width, height=HEIGHT, title=QUANTITIES[quantity])


def ticks(power: float) -> list[float]:
    """0, the power of ten and a smaller one, to either side."""
    sizes = [float(f"1e{power - below:.0f}") for below in (0, DECADES // 2)]
    return sorted([0.0, *sizes, *(-size for size in sizes)])


def of_the_model(values: Mapping[str, Any]) -> alt.ExprRef:
    """The value of the model that is shown."""
    return alt.ExprRef(f"({json.dumps({str(model): value for model, value in values.items()})})[model]")


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
