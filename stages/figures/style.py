"""The style of every chart: fonts, sizes, colours of layers and models, and the axis of training time."""

import json
import math
import re

import altair as alt
import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

WIDTH = 640  # pixels of a panel before the page fits it to the reader's screen
HEIGHT = 190
AROUND = 75  # pixels above and below a panel, for its heading and its axis

# The first is vl-convert's built-in font; the others have the same widths.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
POINTER = "pointer"  # names the layers that appear only near the pointer
NOTE = "note"  # names the style of small print
LOGARITHMIC, LINEAR = 1e-12, 1e12  # constants that make a symmetric logarithm practically either
# The reader's settings of a chart: the power of the time axis, logarithmic or linear sizes, and the layers that stand
# out, or none of them.
SETTINGS = {"time_power": 0.5, "log_constant": LOGARITHMIC, "chosen_layers": []}
MODELS = "shown_models"  # the setting with the models that a chart shows
FADED = 0.08  # opacity
# `layers` is the part of the scheme plasma that contrasts with the background, 3 : 1 or more, most for the top layer
LIGHT = {"background": "white", "ink": "#333333", "soft": "#5b5b5b", "faint": "#e4e4e4", "layers": [0.66, 0]}
DARK = {"background": "#16191d", "ink": "#dddddd", "soft": "#a9a9a9", "faint": "#33383f", "layers": [0.35, 1]}


def config(background: str, ink: str, soft: str, faint: str, layers: list[float]) -> dict:
    """The Vega-Lite config of all charts."""
    return {
        "font": FONT,
        "background": background,
        "range": {"ordinal": {"scheme": "plasma", "extent": layers}},
        "padding": 4,
        "view": {"stroke": None},
        "axis": {
            "domainColor": "#999999",
            "tickColor": "#999999",
            "gridColor": faint,
            "labelColor": ink,
            "titleColor": ink,
            "labelFontSize": 12,
            "titleFontSize": 13,
            "titleFontWeight": "normal",
            "titlePadding": 8,
        },
        "axisX": {"labelFlush": False, "labelOverlap": "greedy", "labelSeparation": 8},
        "axisY": {"minExtent": 34},  # so that charts below each other begin at about the same place
        "header": {
            "labelFontSize": 14,
            "labelFontWeight": "bold",
            "labelColor": ink,
            "labelAnchor": "start",
            "labelPadding": 5,
        },
        "legend": {
            "orient": "top",
            "labelColor": ink,
            "titleColor": ink,
            "labelFontSize": 13,
            "titleFontSize": 13,
            "titleFontWeight": "normal",
            "titleOrient": "left",
            "symbolSize": 120,
            "symbolStrokeWidth": 2.5,
            "titleLimit": 0,
        },
        "mark": {"aria": False},  # screen readers get one description per chart, not thousands of points
        "title": {
            "anchor": "start",
            "fontSize": 15,
            "color": ink,
            "offset": 12,
            "subtitleFontSize": 13,
            "subtitleColor": soft,
            "subtitlePadding": 5,
        },
        "line": {"strokeWidth": 1.8},
        "facet": {"spacing": 24},
        "text": {"font": FONT, "fontSize": 12, "color": ink},
        "style": {NOTE: {"fill": soft}},
    }


CONFIG = config(**LIGHT)

# Okabe and Ito's colour-blind-safe colours; of an activation's two, the darker is the standard initialization.
PAPER_COLOURS = {
    "sigmoid": "#6E6E6E",
    "tanh": "#0072B2",
    "tanh-n": "#56B4E9",
    "softsign": "#D55E00",
    "softsign-n": "#E69F00",
}
OTHER_COLOURS = ("#009E73", "#CC79A7", "#8C6D1F", "#A05EB5")
DOTTED = [1.5, 3]  # dashed lines are those of an edition to compare with
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3])  # the first is solid; every other colour comes in all of them


def specification(chart: alt.TopLevelMixin, title: str, description: str) -> dict:
    """The chart as a Vega-Lite specification with this project's style.

    title: the figure's title and, in a second line, its data set; only pictures draw it, since the page has its own.
    usermeta adds it to what the page offers to choose, with the names of the reader's settings.
    description: the text for screen readers.
    """
    text = numbered_views(json.dumps(chart.to_dict()))
    drawn = json.loads(text)
    settings = {name: value for name, value in SETTINGS.items() if name in text}
    params = [{"name": name, "value": value} for name, value in settings.items()]
    meta = {**drawn.get("usermeta", {}), "title": title, "settings": list(settings)}
    words = {"description": description, "usermeta": meta}
    return {**drawn, "params": [*drawn.get("params", []), *params], **words, "config": CONFIG}


def drawn_height(specification: dict) -> int:
    """About how high the chart is in pixels, which the page keeps free until it is drawn."""
    panel = specification.get("spec", specification)
    panel = specification["concat"][0] if "concat" in specification else panel
    rows = 1
    if "facet" in specification:
        meta, facet = specification["usermeta"], specification["facet"]
        shown = meta.get("shown", facet["sort"]) if facet["field"] == "model" else facet["sort"]
        rows = math.ceil(len(shown) / specification.get("columns", 1))
    height = panel["height"]
    if isinstance(height, dict):  # a step for each row of pictures
        (data,) = specification["datasets"].values()
        height = height["step"] * len({row["class_name"] for row in data})
    return rows * (height + AROUND)


def numbered_views(text: str) -> str:
    """A specification's `text` with its views numbered in order.

    Altair's own names depend on the width of the terminal, through the tables that pandas prints.
    """
    for number, name in enumerate(dict.fromkeys(re.findall(r'"(view_[0-9a-f]{16}\w*)"', text)), start=1):
        text = text.replace(f'"{name}"', f'"view_{number}"')
    return text


def inlined(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """`columns` with numbers rounded to six significant digits, finer than the eye can see."""
    shown = table[columns].copy()
    for column in shown.select_dtypes("floating"):
        shown[column] = [float(f"{value:.6g}") for value in shown[column]]
    return shown


def in_lists(table: pd.DataFrame, by: list[str], columns: list[str]) -> pd.DataFrame:
    """One row per `by` with `columns` as lists, which is much smaller; the chart must flatten them."""
    rows = inlined(table, [*by, *columns])
    return rows.groupby(by, observed=True, sort=False, dropna=False)[columns].agg(list).reset_index()


def ratios() -> alt.Scale:
    """A logarithmic scale that the reader can switch to linear."""
    return alt.Scale(type="symlog", constant=alt.ExprRef("log_constant"), nice=False, zero=False)


def powers_of_ten(values: pd.Series, firsts: tuple[float, ...] = (1,)) -> list[float]:
    """Ticks of a logarithmic axis: `firsts` times the powers of ten that the positive values span."""
    positive = values[values > 0]
    if positive.empty:
        return []
    powers = range(math.floor(math.log10(positive.min())), math.ceil(math.log10(positive.max())) + 1)
    return [float(f"{first}e{power}") for power in powers for first in firsts]


def layer_colour(table: pd.DataFrame) -> alt.Color:
    """Colour by hidden layer; the column `layer` has every hidden layer of the page as its categories."""
    return alt.Color(
        "layer:O",
        title="hidden layer",
        scale=alt.Scale(domain=table["layer"].cat.categories.tolist()),
        legend=alt.Legend(symbolType="stroke", values=sorted(table["layer"].unique().tolist())),
    )


def layer_names(table: pd.DataFrame) -> dict[str, str]:
    """The table's hidden layers with their displayed names, top layer first."""
    return {str(layer): f"layer {layer}" for layer in sorted(table["layer"].unique(), reverse=True)}


def model_colours(models: list[str]) -> dict[str, str]:
    """Each model's colour: fixed for the paper's models, taken in turn from OTHER_COLOURS for others."""
    turns = other_turns(models)
    return {model: PAPER_COLOURS.get(model) or OTHER_COLOURS[turns[model] % len(OTHER_COLOURS)] for model in models}


def model_dashes(models: list[str]) -> dict[str, list[int]]:
    """Each model's dash: solid, until all of OTHER_COLOURS are used."""
    turns = other_turns(models)
    return {model: DASHES[turns.get(model, 0) // len(OTHER_COLOURS) % len(DASHES)] for model in models}


def other_turns(models: list[str]) -> dict[str, int]:
    """Number the models that are not the paper's."""
    return {model: turn for turn, model in enumerate(model for model in models if model not in PAPER_COLOURS)}


def model_colour(table: pd.DataFrame) -> alt.Color:
    """Colour by model; the column `model` has every model of the page as its categories."""
    colours = model_colours(table["model"].cat.categories.tolist())
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color("model:N", title=None, scale=scale, legend=model_legend(table))


def model_dash(table: pd.DataFrame) -> alt.StrokeDash:
    """Dashes that distinguish models of the same colour."""
    dashes = model_dashes(table["model"].cat.categories.tolist())
    scale = alt.Scale(domain=list(dashes), range=list(dashes.values()))
    return alt.StrokeDash("model:N", title=None, scale=scale, legend=model_legend(table))


def model_legend(table: pd.DataFrame) -> alt.Legend:
    """A legend of the models in the table."""
    shown = [model for model in table["model"].cat.categories if (table["model"] == model).any()]
    columns = alt.ExprRef("containerSize()[0] < 500 ? 3 : 0")
    return alt.Legend(symbolType="stroke", values=shown, columns=columns)


def updates_axis(table: pd.DataFrame) -> alt.X:
    """Training time on a square-root axis, which gives room to the early updates, where most happens.

    If the table has numbers in the column `epoch_updates` (updates per epoch), epochs are shown below the updates.
    """
    title, label = ["updates (one mini-batch each)"], "format(datum.value, '~s')"
    if "epoch_updates" in table and table["epoch_updates"].notna().any():
        epoch = table["epoch_updates"].max()
        title.append(f"epochs ({epoch:,.0f} updates each)")
        label = f"[{label}, format(datum.value / {epoch}, '.2~r')]"
    return alt.X(
        "update:Q",
        title=title,
        scale=alt.Scale(type="pow", exponent=alt.ExprRef("time_power"), nice=False),
        axis=alt.Axis(labelExpr=label, values=update_ticks(table["update"].max()), grid=False),
    )


def update_ticks(last: int) -> list[int]:
    """Round numbers from 0 to `last`, about evenly spaced on the square-root axis."""
    evenly = (last * (step / 5) ** 2 for step in range(6))
    return sorted({tick for tick in (int(float(f"{update:.0e}")) for update in evenly) if tick <= last})


def of_models(chart: alt.TopLevelMixin, shown: list[str]) -> alt.TopLevelMixin:
    """The chart with those of its models that the reader wants to see, at first `shown`."""
    chosen = alt.param(name=MODELS, value=shown)
    return chart.add_params(chosen).transform_filter(f"indexof({MODELS}, datum.model) >= 0")


def of_one_model(chart: alt.TopLevelMixin, first: str) -> alt.TopLevelMixin:
    """The chart with the one of its models that the reader chooses, at first `first`."""
    return chart.add_params(alt.param(name="model", value=first)).transform_filter("datum.model == model")


def unless_faded() -> alt.OpacityValue:
    """Full opacity for the layers that the reader chose, or for all if none is chosen; FADED for the rest."""
    stands_out = "length(chosen_layers) == 0 || indexof(chosen_layers, datum.layer) >= 0"
    return alt.OpacityValue(FADED, condition={"test": stands_out, "value": 1})


def apart(values: pd.Series, gap: float) -> pd.Series:
    """The places nearest to `values`, in their order, that are at least `gap` apart: of texts at the ends of lines."""
    order, steps = np.argsort(values.to_numpy(float), kind="stable"), gap * np.arange(len(values))
    places = np.empty(len(values))
    if len(values):
        places[order] = isotonic_regression(values.to_numpy(float)[order] - steps).x + steps
    return pd.Series(places, values.index)


def hover_dots(chart: alt.Chart, tooltip: list) -> alt.Chart:
    """Invisible dots at the marks of `chart`, with tooltips."""
    return chart.mark_circle(size=60, opacity=0).encode(tooltip=tooltip).properties(name=POINTER)


def readout(
    chart: alt.Chart, time: alt.X, column: str, names: dict[str, str], fields: dict[str, str], form: str
) -> alt.Chart:
    """A line at the update nearest to the pointer, with a tooltip of `fields` for every value of `column`.

    time: the axis of updates. names: value of `column` → displayed name. fields: column of numbers → displayed name.
    form: the number format, in d3's notation.
    """
    near = alt.selection_point(name="near", fields=["update"], nearest=True, on="pointerover", clear="pointerout")
    return (
        chart.transform_fold(list(fields), as_=["field", "number"])
        .transform_calculate(number_of=f"datum.{column} + ' ' + datum.field")
        .transform_pivot("number_of", value="number", groupby=["update"], op="max")
        .mark_rule(color="#999999")
        .encode(
            x=time,
            opacity=alt.when(near, empty=False).then(alt.value(1)).otherwise(alt.value(0)),
            tooltip=[
                alt.Tooltip("update:Q", format=","),
                *(
                    alt.Tooltip(f"{value} {field}:Q", title=f"{name} {field_name}".strip(), format=form)
                    for value, name in names.items()
                    for field, field_name in fields.items()
                ),
            ],
        )
        .add_params(near)
        .properties(name=POINTER)
    )


def headings(table: pd.DataFrame) -> dict[str, str]:
    """Each model's panel heading, from the columns `model` and `panel`, in the order of `panel`."""
    pairs = table[["model", "panel"]].drop_duplicates().sort_values("panel")
    return dict(zip(pairs["model"].astype(str), pairs["panel"].astype(str), strict=True))


def panels(layered: alt.LayerChart, column: str, headings: dict[str, str], columns: int = 1) -> alt.FacetChart:
    """One panel for each value of `column`, in the order of `headings`, with so many in a row.

    A heading's second line is smaller.
    """
    texts = json.dumps(headings, ensure_ascii=False)
    second_line = (
        alt.Chart()
        .transform_aggregate(groupby=[column])
        .transform_calculate(second_line=f"split({texts}[datum.{column}] + '\\n', '\\n')[1]")
        .mark_text(align="left", baseline="bottom", style=NOTE)
        .encode(x=alt.value(0), y=alt.value(-8), text="second_line:N")
    )
    first_line = f"split({texts}[datum.label], '\\n')[0]"
    header = alt.Header(
        labelExpr=first_line, labelLimit=alt.ExprRef("child_width")
    )  # a longer one would shrink the chart
    return (
        (layered + second_line)
        .properties(width=(WIDTH - 24 * (columns - 1)) / columns, height=HEIGHT)
        .facet(facet=alt.Facet(f"{column}:N", sort=list(headings), title=None, header=header), columns=columns)
    )
