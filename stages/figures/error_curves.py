"""Figure 11: the test error of every model during training."""

import altair as alt
import pandas as pd

from stages.figures import style


def draw(curves: pd.DataFrame) -> alt.LayerChart:
    """The chosen run of every model as a line in a band from the lowest to the highest of its seeds.

    curves: one row per model, seed and update with test_error (fraction), chosen, and chance_percent (the error of
    always naming the commonest class). An error of 0, or of a run that diverged (NaN), has no place on a
    logarithmic axis.
    """
    table = style.inlined(
        curves[curves["test_error"] > 0], ["model", "seed", "update", "test_error", "chosen", "chance_percent"]
    )
    chosen = style.isolated("model")
    base = (
        alt.Chart(table)
        .transform_calculate(percent="100 * datum.test_error")
        .encode(x=style.updates_axis(table), color=style.model_colour(table))
    )
    percent = alt.Y("percent:Q", title="test error (%)", scale=alt.Scale(type="log", nice=False))
    bands = (
        base.transform_aggregate(low="min(percent)", high="max(percent)", groupby=["model", "update"])
        .mark_area(fillOpacity=0.18)
        .encode(y=alt.Y("low:Q"), y2="high:Q", opacity=style.unless_faded(chosen))
    )
    lines = base.transform_filter("datum.chosen").mark_line().encode(y=percent, opacity=style.unless_faded(chosen))
    chance = alt.Chart(table).transform_aggregate(chance="max(chance_percent)", last="max(update)")
    chance_line = chance.mark_rule(strokeDash=[4, 4], color="#777777").encode(y="chance:Q")
    chance_text = (
        chance.transform_calculate(name="'- - -  chance: ' + format(datum.chance, '.1f') + ' %'")
        .mark_text(align="right")
        .encode(x="last:Q", y=alt.value(-9), text="name:N")
    )
    readout = style.readout(
        alt.Chart(table).transform_filter("datum.chosen"),
        "model",
        {model: model for model in table["model"].unique()},
        {"test_error": ""},
        ".1%",
    )
    return alt.layer(bands.add_params(chosen), lines, chance_line, chance_text, readout).properties(
        width=style.WIDTH, height=340
    )
