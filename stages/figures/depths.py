"""Section 2.3: the lowest validation error of every model at each depth."""

import altair as alt
import pandas as pd

from stages.figures import style


def draw(runs: pd.DataFrame) -> alt.LayerChart:
    """Lowest errors over depths, one line per model; a large dot marks the chosen run's depth.

    runs: one row per run with model, hidden_layers, chosen and validation_error (a fraction; NaN where it diverged).
    """
    found = runs.dropna(subset=["validation_error"]).groupby(["model", "hidden_layers"], observed=True)
    lowest = found.agg(percent=("validation_error", "min"), chosen=("chosen", "any")).reset_index()
    table = style.inlined(lowest.assign(percent=100 * lowest["percent"]), list(lowest))
    base = alt.Chart(table).encode(
        x=alt.X("hidden_layers:O", title="hidden layers", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("percent:Q", title="lowest validation error (%)", scale=alt.Scale(zero=False)),
        color=style.model_colour(table),
    )
    dots = base.mark_circle(opacity=1).encode(
        size=alt.condition("datum.chosen", alt.value(130), alt.value(35)),
        tooltip=[
            "model:N",
            alt.Tooltip("hidden_layers:O", title="hidden layers"),
            alt.Tooltip("percent:Q", format=".2f"),
        ],
    )
    lines = base.mark_line().encode(strokeDash=style.model_dash(table))
    return alt.layer(lines, dots).properties(width=style.WIDTH, height=240)
