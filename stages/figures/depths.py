"""Section 2.3: the lowest validation error that every model reached with each number of hidden layers."""

import altair as alt
import pandas as pd

from stages.figures import style


def draw(runs: pd.DataFrame) -> alt.LayerChart:
    """Errors over depths, a line a model; the best depth, which is the chosen run's, is the large dot.

    runs: one row per run with model, hidden_layers and validation_error (a fraction; NaN of a run that diverged).
    """
    found = runs.dropna(subset=["validation_error"])
    lowest = found.groupby(["model", "hidden_layers"], observed=True)["validation_error"].min().reset_index()
    best = lowest.groupby("model", observed=True)["validation_error"].transform("min")
    table = style.inlined(
        lowest.assign(percent=100 * lowest["validation_error"], best=lowest["validation_error"] == best),
        ["model", "hidden_layers", "percent", "best"],
    )
    chosen = style.isolated("model")
    base = alt.Chart(table).encode(
        x=alt.X("hidden_layers:O", title="hidden layers", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("percent:Q", title="lowest validation error (%)", scale=alt.Scale(zero=False)),
        color=style.model_colour(table),
        opacity=style.unless_faded(chosen),
    )
    dots = base.mark_circle(opacity=1).encode(
        size=alt.condition("datum.best", alt.value(130), alt.value(35)),
        tooltip=[
            "model:N",
            alt.Tooltip("hidden_layers:O", title="hidden layers"),
            alt.Tooltip("percent:Q", format=".2f"),
        ],
    )
    return alt.layer(base.mark_line(), dots.add_params(chosen)).properties(width=style.WIDTH, height=240)
