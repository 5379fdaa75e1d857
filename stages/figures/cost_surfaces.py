"""Figure 5: both cost functions as surfaces over two weights, with their plateaus."""

from itertools import pairwise

import altair as alt
import numpy as np
import pandas as pd
from contourpy import FillType, contour_generator

SIDE = 285  # pixels of a panel
BANDS = 10  # of equal height, whose edges are contours
APART = 4  # points of the grid from dot to dot on plateaus
TITLES = {"cross_entropy": "cross-entropy", "quadratic": "quadratic cost"}


def draw(surfaces: pd.DataFrame) -> alt.FacetChart:
    """One panel per cost, in bands of equal height from its lowest to its highest point; dots mark plateaus.

    surfaces: one row per cost, weight_1 and weight_2, on the same square grid for both costs, with value and plateau
    (bool).
    """
    grids = {
        cost: of_cost.pivot(index="weight_1", columns="weight_2", values=["value", "plateau"])
        for cost, of_cost in surfaces.groupby("cost", sort=False)
    }
    headings = {cost: f"{TITLES[cost]}, {plateau_percent(grid):.1f} % plateau" for cost, grid in grids.items()}
    values = [{"cost": cost, **line} for cost, grid in grids.items() for line in [*bands(grid), dots(grid)]]
    edge = float(surfaces["weight_1"].max())
    scale, axis = alt.Scale(domain=[-edge, edge], nice=False), alt.Axis(grid=False, tickCount=6)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X("weight_1:Q", title="W1: weight of the first layer", scale=scale, axis=axis),
        y=alt.Y("weight_2:Q", title="W2: weight of the second layer", scale=scale, axis=axis),
    )
    heights = (
        base.transform_filter("isValid(datum.band)")
        .mark_line(interpolate="linear-closed", stroke=None, order=False)
        .encode(
            fill=alt.Fill(
                "band:O",
                title="share of the way from the lowest to the highest cost",
                scale=alt.Scale(domain=list(range(BANDS)), scheme="tealblues", reverse=True),
                legend=alt.Legend(
                    titleOrient="top",
                    columns=alt.ExprRef("containerSize()[0] < 500 ? 5 : 0"),
                    labelExpr=f"datum.value % 2 ? '' : {100 // BANDS} * datum.value + ' %'",
                    symbolType="square",
                    symbolStrokeWidth=0,
                ),
            ),
            tooltip=[alt.Tooltip(f"{end}:Q", title=f"cost {end}", format=".3f") for end in ("from", "to")],
        )
    )
    plateaus = base.transform_filter("!isValid(datum.band)").mark_point(
        shape="circle", filled=True, size=16, fill="white", stroke="black", strokeWidth=0.7, opacity=1
    )
    return (
        alt.layer(heights, plateaus)
        .properties(width=SIDE, height=SIDE)
        .facet(
            facet=alt.Facet(
                "cost:N", sort=list(grids), title=None, header=alt.Header(labelExpr=f"{headings}[datum.label]")
            ),
            columns=2,
        )
        .transform_flatten(["weight_1", "weight_2"])
        .properties(usermeta={"square": True})
    )


def plateau_percent(grid: pd.DataFrame) -> float:
    """The share of a surface that is plateau, in percent."""
    return 100 * grid["plateau"].to_numpy(float).mean()


def bands(grid: pd.DataFrame) -> list[dict]:
    """The outlines to fill, in drawing order, each of all that is at least as high as its band.

    A row has band, from and to (costs), weight_1 and weight_2. A break separates closed lines. Lines around holes run
    clockwise, so that a hole stays empty.
    """
    values = grid["value"].to_numpy(float)
    weight_1, weight_2 = grid.index.to_numpy(), grid["value"].columns.to_numpy()
    levels = np.linspace(values.min(), values.max(), BANDS + 1)
    generator = contour_generator(weight_1, weight_2, values.T, fill_type=FillType.ChunkCombinedOffset)
    filled = []
    for band, (low, high) in enumerate(pairwise(levels)):
        (points,), (starts,) = generator.filled(low if band else -np.inf, np.inf)
        if points is not None:
            parted = np.insert(points, starts[1:-1].astype(int), np.nan, axis=0)
            filled.append({"band": band, "from": float(f"{low:.6g}"), "to": float(f"{high:.6g}"), **rounded(parted)})
    return filled


def dots(grid: pd.DataFrame) -> dict:
    """Every APART-th grid point that lies on a plateau: weight_1, weight_2."""
    here = grid["plateau"].iloc[APART // 2 :: APART, APART // 2 :: APART].stack()
    return rounded(here[here.astype(bool)].index.to_frame().to_numpy(float))


def rounded(points: np.ndarray) -> dict[str, list[float | None]]:
    """Points (count, 2) as lists of numbers with four significant digits, finer than a pixel; None for a break."""
    columns = np.reshape(points, (-1, 2)).T
    return {
        name: [None if np.isnan(value) else float(f"{value:.4g}") for value in column]
        for name, column in zip(("weight_1", "weight_2"), columns, strict=True)
    }
