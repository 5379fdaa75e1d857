"""One data set's results as the figures take them, and why a model that a figure asks for is not in it."""

from dataclasses import dataclass
from typing import NamedTuple

import altair as alt
import pandas as pd

from stages.claims.table1 import NOT_RUN, PAPER_MODELS
from stages.datasets.catalogue import CATALOGUE, Dataset
from stages.figures.contents import Figure


@dataclass(frozen=True)
class Results:
    """Tables of one data set. The column `model` has all models of the page as categories, `layer` all hidden layers.

    dataset: its name in params.yaml. labels: each model with its recipe. absent: why a model has no rows in the tables.
    examples: class_name, example, image. runs: every run. monitored, curves: the chosen run's statistics; the errors
    of all seeds at the chosen rate and depth. histograms, jacobians: measured on the chosen run; jacobians also with
    paper_model, the paper's name of the model with this recipe, None where it has none.
    """

    dataset: str
    labels: dict[str, str]
    absent: dict[str, str]
    examples: pd.DataFrame
    runs: pd.DataFrame
    monitored: pd.DataFrame
    curves: pd.DataFrame
    histograms: pd.DataFrame
    jacobians: pd.DataFrame

    @property
    def about(self) -> Dataset:
        """What is known of the data set itself."""
        return CATALOGUE[self.dataset]

    @property
    def chosen(self) -> dict[str, NamedTuple]:
        """Each model's chosen run, with the columns of `runs`; none of a model whose runs all diverged."""
        return {run.model: run for run in self.runs.itertuples() if run.chosen}

    @property
    def headings(self) -> dict[str, str]:
        """What stands over the panel of each model with results: its label, and in a second line its chosen run."""
        return {
            model: f"{self.labels[model]}\n{hidden_layers(run.hidden_layers)}, "
            f"learning rate {run.learning_rate:g}, seed {run.seed}"
            for model, run in self.chosen.items()
            if model in self.labels
        }


def hidden_layers(count: int) -> str:
    """So many hidden layers, in words."""
    return f"{count} hidden layer{'s' if count > 1 else ''}"


def drawn(figure: Figure, results: Results) -> tuple[alt.TopLevelMixin | None, list[str]]:
    """The figure of these results, None where nothing of it is there, and a sentence for each model that it lacks."""
    further = [model for model in results.labels if model not in PAPER_MODELS] if figure.further_models else []
    wanted = [*figure.models, *further]
    lacking = [model for model in wanted if model not in results.labels or model in results.absent]
    notes = [why_absent(model, results) for model in lacking]
    table = getattr(results, figure.table)
    if wanted:
        table = in_panels(table, [model for model in wanted if model not in lacking], results.headings)
    if table.empty:
        return None, notes or [f"{results.about.title} has nothing for this figure: {NOT_RUN}."]
    return figure.draw(table), notes


def why_absent(model: str, results: Results) -> str:
    """Why these results have nothing of a model."""
    if model not in results.labels:
        return f"{model} is not among the models of params.yaml."
    return f"{model} has no results on {results.about.title}: {results.absent[model]}."


def words(figure: Figure, results: Results) -> list[str]:
    """What is said beside the figure of these results alone: of the data set, and of another depth than the paper's."""
    sentences = [figure.of_datasets[results.dataset]] if results.dataset in figure.of_datasets else []
    shown = sorted({results.chosen[model].hidden_layers for model in figure.models if model in results.chosen})
    if figure.paper_hidden_layers is not None and shown not in ([], [figure.paper_hidden_layers]):
        here = " or ".join(hidden_layers(count) for count in shown)
        sentences.append(
            f"Here the network has {here}; the one in the paper's figure has {figure.paper_hidden_layers}."
        )
    return sentences


def in_panels(table: pd.DataFrame, models: list[str], headings: dict[str, str]) -> pd.DataFrame:
    """The rows of `models`, with a column `panel` that names each model's panel, in the order of `models`."""
    rows = table[table["model"].isin(models)]
    names = rows["model"].astype(str).map(headings)
    return rows.assign(panel=pd.Categorical(names, [headings[model] for model in models]))
