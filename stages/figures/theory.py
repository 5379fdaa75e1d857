"""Section 4.2.1: the variances of every layer at initialization, measured and predicted."""

import altair as alt
import pandas as pd

from stages.figures import style

HEIGHT = 150  # pixels of a panel: the sigmoid's gradients span many powers of ten
QUANTITIES = {
    "activation": "activations: Var[z]\nfrom the inputs up",
    "back_propagated_gradient": "back-propagated gradients: Var[∂Cost/∂s]\nfrom the output layer down",
    "weight_gradient": "weight gradients: Var[∂Cost/∂W]\nthe product of both, for the mean cost",
}
VALUES = {"measured": "measured", "mean_field": "mean field", "linear": "linear"}


def draw(theory: pd.DataFrame) -> alt.FacetChart:
    """Variances over the hidden layers on a logarithmic axis, one colour per model, one panel per quantity.

    Dots are measured; solid lines are the mean-field prediction, dotted lines the linear one.
    theory: one row per model, quantity and layer with measured, linear and mean_field.
    """
    table = style.inlined(theory, ["model", "layer", "quantity", *VALUES])
    base = alt.Chart(table).encode(
        x=alt.X("layer:O", title="hidden layer", axis=alt.Axis(labelAngle=0)),
        color=style.model_colour(table),
    )
    scale = alt.Scale(type="log", nice=False, padding=8)
    axis = alt.Axis(format=".0e", values=style.powers_of_ten(table[list(VALUES)].stack()), labelOverlap="greedy")

    def shown(column: str) -> alt.Chart:
        y = alt.Y(f"{column}:Q", title=["variance: ● measured,", "— mean field, ···· linear"], scale=scale, axis=axis)
        return base.transform_filter(f"datum.{column} > 0").encode(y=y)

    linear = shown("linear").mark_line(strokeDash=style.DOTTED)
    mean_field = shown("mean_field").mark_line()
    measured = (
        shown("measured")
        .mark_circle(size=60, opacity=1)
        .encode(
            tooltip=[
                "model:N",
                alt.Tooltip("layer:O", title="hidden layer"),
                *(alt.Tooltip(f"{column}:Q", title=name, format=".3g") for column, name in VALUES.items()),
            ]
        )
    )
    drawn = style.panels(alt.layer(linear, mean_field, measured), "quantity", QUANTITIES)
    drawn.spec.height = HEIGHT
    return drawn.resolve_scale(y="independent")
