"""A figure on the page: one chart per data set, its text, and a note for each missing model."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from stages.claims.table1 import NOT_RUN
from stages.figures import style
from stages.figures.contents import SURFACES, Figure, no_model
from stages.figures.results import Results, hidden_layers


def charts_of(
    figure: Figure, results: Mapping[str, Results], surfaces: pd.DataFrame, found: Sequence[str]
) -> list[dict]:
    """One chart of the figure per data set, or one for all; `found` are sentences about this run's results."""
    if figure.table == SURFACES:
        chart = figure.draw(surfaces) if len(surfaces) else None
        notes = [] if chart else [f"The costs' surfaces are {NOT_RUN}."]
        return [chart_of(figure, figure.key, "", chart, notes, [], found)]
    return [
        chart_of(figure, f"{dataset}-{figure.key}", of.about.title, *drawn(figure, of), words(figure, of), found)
        for dataset, of in results.items()
        if figure.endless in (None, of.about.endless)
    ]


def chart_of(
    figure: Figure,
    name: str,
    dataset: str,
    chart: alt.TopLevelMixin | None,
    notes: list[str],
    said: list[str],
    found: Sequence[str],
) -> dict:
    """A chart with its text, as the page template takes it; `dataset` is a title."""
    title = f"{figure.label}. {figure.title}\n{dataset}".strip()
    read_out = " ".join([f"{title.replace(chr(10), ', ')}.", figure.look, *found])
    specification = style.specification(chart, title, read_out) if chart else None
    height = style.drawn_height(specification) if specification else None
    return {
        "name": name,
        "dataset": dataset,
        "words": said,
        "specification": specification,
        "height": height,
        "notes": notes,
    }


def drawn(figure: Figure, results: Results) -> tuple[alt.TopLevelMixin | None, list[str]]:
    """The figure of these results (None without any data), and a sentence for each missing model."""
    wanted = models_of(figure, results)
    lacking = [model for model in wanted if model not in results.recipes or model in results.absent]
    notes = [why_absent(model, results) for model in lacking]
    present = [model for model in wanted if model not in lacking]
    table = getattr(results, figure.table)
    if wanted:
        table = in_panels(table, present, results.headings)
    if table.empty:
        return None, notes or [f"{results.about.title} has no data for this figure: {NOT_RUN}."]
    return with_choices(figure.draw(table), figure, table, present, shown_first(figure, results, present)), notes


def shown_first(figure: Figure, results: Results, present: list[str]) -> list[str]:
    """The present models that the figure shows at first: its own, and those as deep as the network in the paper's."""
    as_deep = {model for model, run in results.chosen.items() if run.hidden_layers == figure.paper_hidden_layers}
    return [model for model in present if model in as_deep.union(figure.models)] or present


def with_choices(
    chart: alt.TopLevelMixin, figure: Figure, table: pd.DataFrame, present: list[str], first: list[str]
) -> alt.TopLevelMixin:
    """The chart with its usermeta: the models, at first `first`, and layers that the reader can choose on the page."""
    layers = [int(layer) for layer in sorted(table["layer"].unique())] if "layer" in table else []
    if figure.one_model:
        chart, models = style.of_one_model(chart, first[0]), {"one_of": present}
    elif len(present) > 1 and figure.others is not no_model:
        more = [model for model in present if model not in first]
        chart, models = style.of_models(chart, first), {"shown": first, "more": more}
    else:
        models = {}
    meta = chart.usermeta if isinstance(chart.usermeta, dict) else {}
    return chart.properties(usermeta=meta | models | {"layers": layers})


def models_of(figure: Figure, results: Results) -> list[str]:
    """The models that the figure shows or that the reader can add, those that it shows at first before the others."""
    others = {model: recipe for model, recipe in results.recipes.items() if model not in figure.models}
    return [*figure.models, *(model for model, recipe in others.items() if figure.others(recipe))]


def why_absent(model: str, results: Results) -> str:
    """Why these results lack a model."""
    if model not in results.recipes:
        return f"params.yaml does not list the model {model}."
    return f"{model} has no results on {results.about.title}: {results.absent[model]}."


def words(figure: Figure, results: Results) -> list[str]:
    """Sentences beside the chart: on the data set, on this run's results, and on a depth that is not the paper's."""
    sentences = [results.about.words] if figure.describes_data else []
    if figure.found:
        table = getattr(results, figure.table)
        sentences += figure.found(table[table["model"].isin(figure.models)])
    models = [model for model in models_of(figure, results) if model in results.chosen]
    shown = sorted({results.chosen[model].hidden_layers for model in models})
    if figure.paper_hidden_layers and shown and figure.paper_hidden_layers not in shown:
        here = " or ".join(hidden_layers(count) for count in shown)
        sentences.append(f"This network has {here}; the one in the paper's figure has {figure.paper_hidden_layers}.")
    return sentences


def in_panels(table: pd.DataFrame, models: list[str], headings: dict[str, str]) -> pd.DataFrame:
    """The rows of `models`, with the heading of each model's panel in the column `panel`, in the order of `models`."""
    rows = table[table["model"].isin(models)]
    panel = rows["model"].cat.set_categories(models).cat.rename_categories([headings[model] for model in models])
    return rows.assign(panel=panel)
