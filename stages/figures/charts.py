"""What the page shows of a figure: a chart for each data set, its words, and why a model is not in it."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from stages.claims.table1 import NOT_RUN, PAPER_MODELS
from stages.figures import style
from stages.figures.contents import SURFACES, Figure
from stages.figures.results import Results, hidden_layers


def charts_of(
    figure: Figure, results: Mapping[str, Results], surfaces: pd.DataFrame, found: Sequence[str]
) -> list[dict]:
    """One chart of the figure for each data set, or one of all; `found` are sentences on what was found."""
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
    """A chart with its words as the page takes it; `dataset` is a title."""
    title = f"{figure.label}. {figure.title}\n{dataset}".strip()
    read_out = " ".join([f"{title.replace(chr(10), ', ')}.", figure.look, *found])
    specification = style.specification(chart, title, read_out) if chart else None
    return {"name": name, "dataset": dataset, "words": said, "specification": specification, "notes": notes}


def drawn(figure: Figure, results: Results) -> tuple[alt.TopLevelMixin | None, list[str]]:
    """The figure of these results, None where nothing of it is there, and a sentence for each model that it lacks."""
    wanted = models_of(figure, results)
    lacking = [model for model in wanted if model not in results.labels or model in results.absent]
    notes = [why_absent(model, results) for model in lacking]
    table = getattr(results, figure.table)
    if wanted:
        table = in_panels(table, [model for model in wanted if model not in lacking], results.headings)
    if table.empty:
        return None, notes or [f"{results.about.title} has nothing for this figure: {NOT_RUN}."]
    return figure.draw(table), notes


def models_of(figure: Figure, results: Results) -> list[str]:
    """The models that are to be in the figure, the paper's first."""
    further = {model: recipe for model, recipe in results.recipes.items() if model not in PAPER_MODELS}
    return [*figure.models, *(model for model, recipe in further.items() if figure.further(recipe))]


def why_absent(model: str, results: Results) -> str:
    """Why these results have nothing of a model."""
    if model not in results.labels:
        return f"{model} is not among the models of params.yaml."
    return f"{model} has no results on {results.about.title}: {results.absent[model]}."


def words(figure: Figure, results: Results) -> list[str]:
    """What is said beside the figure of these results alone: of the data set, and of another depth than the paper's."""
    sentences = [results.about.words] if figure.describes_data else []
    models = [model for model in models_of(figure, results) if model in results.chosen]
    shown = sorted({results.chosen[model].hidden_layers for model in models})
    if figure.paper_hidden_layers and shown and figure.paper_hidden_layers not in shown:
        here = " or ".join(hidden_layers(count) for count in shown)
        sentences.append(
            f"Here the network has {here}; the one in the paper's figure has {figure.paper_hidden_layers}."
        )
    return sentences


def in_panels(table: pd.DataFrame, models: list[str], headings: dict[str, str]) -> pd.DataFrame:
    """The rows of `models`, with a column `panel` that names each model's panel, in the order of `models`."""
    rows = table[table["model"].isin(models)]
    panel = rows["model"].cat.set_categories(models).cat.rename_categories([headings[model] for model in models])
    return rows.assign(panel=panel)
