"""How much normalized initialization helps tanh networks, during training and at each width."""

import altair as alt
import pandas as pd

from stages.claims.table1 import PAPER
from stages.figures import style


def draw(gaps: pd.DataFrame) -> alt.LayerChart:
    """A line for each width, the mean over seeds, in a band from the lowest to the highest seed.

    gaps: one row per width (`units`, of each hidden layer), seed and update, with the points (percent of the test
    images) by which the network with standard initialization errs more, and epoch_updates as in figure 11.
    """
    columns = ["update", "points"]
    table = style.in_lists(gaps, ["units", "seed"], columns)
    time = style.updates_axis(gaps)
    colour = alt.Color("units:O", title="units in each hidden layer", legend=alt.Legend(symbolType="stroke"))
    base = alt.Chart(table).encode(x=time, color=colour)
    over_seeds = base.transform_aggregate(
        low="min(points)", high="max(points)", mean="mean(points)", groupby=["units", "update"]
    )
    bands = over_seeds.mark_area(fillOpacity=0.18).encode(y="low:Q", y2="high:Q")
    lines = over_seeds.mark_line().encode(y=alt.Y("mean:Q", title="standard minus normalized (points of test error)"))
    readings = style.hover_dots(
        over_seeds.encode(y="mean:Q"),
        [
            alt.Tooltip("units:O", title="units"),
            alt.Tooltip("update:Q", format=","),
            *(alt.Tooltip(f"{name}:Q", title=f"{name} (points)", format=".2f") for name in ("mean", "low", "high")),
        ],
    )
    papers = alt.Chart(table).transform_aggregate(last="max(update)").transform_calculate(points=str(paper_points()))
    rule = papers.mark_rule(strokeDash=[4, 4], color="#777777").encode(y="points:Q")
    text = (
        papers.transform_calculate(name="'- - -  the paper, at its end: ' + format(datum.points, '.2f')")
        .mark_text(align="right", dy=-9)
        .encode(x="last:Q", y="points:Q", text="name:N")
    )
    drawn = alt.layer(bands, lines, readings, rule, text)
    return drawn.transform_flatten(columns).properties(width=style.WIDTH, height=260)


def paper_points() -> float:
    """The paper's difference on Shapeset (Table 1), with 1,000 units in each hidden layer."""
    return round(PAPER.loc[("tanh", "standard"), "shapeset"] - PAPER.loc[("tanh", "normalized"), "shapeset"], 2)
