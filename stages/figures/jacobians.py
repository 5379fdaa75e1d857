"""Section 4.2.1: the average singular value of the Jacobian from each layer to the next."""

import altair as alt
import pandas as pd

from stages.figures import style

PAPER_VALUES = {"tanh": 0.5, "tanh-n": 0.8}  # at initialization
MOMENTS = {
    "initial": "at initialization\nbefore the first update",
    "final": "at the end of training\nafter the last update",
}


def draw(jacobians: pd.DataFrame) -> alt.FacetChart:
    """Values over the pairs of layers, one line per model, one panel per moment, beside the paper's two values.

    jacobians: one row per model, moment and layer (the lower of the pair) with average_singular_value and paper_model
    (the paper's name for this recipe).
    """
    table = style.inlined(jacobians, ["model", "moment", "layer", "average_singular_value"])
    table["paper_value"] = jacobians["paper_model"].map(PAPER_VALUES).where(table["moment"] == "initial")
    base = alt.Chart(table).encode(color=style.model_colour(table))
    measured = (
        base.transform_calculate(pair="datum.layer + ' → ' + (toNumber(datum.layer) + 1)")
        .mark_line(point=alt.OverlayMarkDef(size=45, filled=True))
        .encode(
            x=alt.X("pair:O", title="from layer → to layer", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("average_singular_value:Q", title="average singular value"),
            tooltip=[
                "model:N",
                alt.Tooltip("pair:N", title="layers"),
                alt.Tooltip("average_singular_value:Q", title="average singular value", format=".3f"),
            ],
            strokeDash=style.model_dash(table),
        )
    )
    paper = (
        base.transform_filter("isValid(datum.paper_value)")
        .transform_aggregate(paper_value="max(paper_value)", groupby=["model", "moment"])
        .transform_calculate(pair="'the paper'")
        .mark_point(shape="diamond", size=90, filled=True)
        .encode(x="pair:O", y="paper_value:Q", tooltip=["model:N", alt.Tooltip("paper_value:Q", title="the paper")])
    )
    return style.panels(alt.layer(measured, paper), "moment", MOMENTS, columns=2)
