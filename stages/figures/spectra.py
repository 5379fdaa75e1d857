"""Section 4.2.1: all singular values of the Jacobian from each layer to the next, not only their average."""

import altair as alt
import pandas as pd

from stages.figures import style

DASHES = {"initial": style.DOTTED, "final": [1, 0]}  # the last is a solid line


def draw(spectra: pd.DataFrame) -> alt.FacetChart:
    """Sorted singular values, one line per pair of layers, one panel per model.

    Dotted lines show initialization, solid lines the end of training. The square-root axis shows small values and 0:
    with ReLUs about half of the singular values are 0.
    spectra: one row per model, moment, layer (the lower of the pair) and share, with panel (heading) and singular_value
    (this share of the singular values is smaller).
    """
    columns = ["share", "singular_value"]
    table = style.in_lists(spectra, ["model", "moment", "layer"], columns)
    axis = alt.Axis(labelExpr="100 * datum.value + ' %'", tickCount=6, grid=False)
    base = (
        alt.Chart(table)
        .transform_calculate(pair="datum.layer + ' → ' + (toNumber(datum.layer) + 1)")
        .encode(
            x=alt.X("share:Q", title="share of the singular values that are smaller", axis=axis),
            y=alt.Y(
                "singular_value:Q",
                title=["singular value:", "···· initial, — final"],
                scale=alt.Scale(type="sqrt"),
                axis=alt.Axis(tickCount=6),
            ),
            color=style.layer_colour(table).title("from hidden layer"),
        )
    )
    lines = [
        base.transform_filter(f"datum.moment == '{moment}'")
        .mark_line(strokeDash=dashes)
        .encode(opacity=style.unless_faded())
        for moment, dashes in DASHES.items()
    ]
    dots = style.hover_dots(
        base,
        [
            alt.Tooltip("pair:N", title="layers"),
            "moment:N",
            alt.Tooltip("share:Q", title="share below", format=".0%"),
            alt.Tooltip("singular_value:Q", title="singular value", format=".3g"),
        ],
    )
    drawn = style.panels(alt.layer(*lines, dots), "model", style.headings(spectra))
    return drawn.transform_flatten(columns).resolve_scale(y="independent")
