"""One data set's results as the figures take them, and why a model that a figure asks for is not in it."""

from dataclasses import dataclass
from typing import NamedTuple

import altair as alt
import pandas as pd

from stages.figures.contents import PAPER_MODELS, Figure


@dataclass(frozen=True)
class Results:
    """Tables of one data set. The column `model` has all models of the page as categories, `layer` all hidden layers.

    title: the data set's name. labels: each model with its recipe. absent: why a model has no rows in the tables.
    examples: class_name, example, image. runs: every run. monitored, curves: the chosen run's statistics; the errors
    of all seeds at the chosen rate and depth. histograms, jacobians: measured on the chosen run; jacobians also with
    the recipe's activation and initialization.
    """

    title: str
    labels: dict[str, str]
    absent: dict[str, str]
    examples: pd.DataFrame
    runs: pd.DataFrame
    monitored: pd.DataFrame
    curves: pd.DataFrame
    histograms: pd.DataFrame
    jacobians: pd.DataFrame

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
    notes = [results.absent.get(model, f"{model} is not among the models of params.yaml.") for model in lacking]
    table = getattr(results, figure.table)
    if wanted:
        table = in_panels(table, [model for model in wanted if model not in lacking], results.headings)
    if table.empty:
        return None, notes or [f"{results.title} has nothing for this figure yet; `dvc repro` makes it."]
    return figure.draw(table), notes


def depth(figure: Figure, results: Results) -> str:
    """How deep the networks of this figure are and the paper's are, where the paper's are known to differ."""
    shown = sorted({results.chosen[model].hidden_layers for model in figure.models if model in results.chosen})
    if figure.paper_hidden_layers is None or shown in ([], [figure.paper_hidden_layers]):
        return ""
    here = " or ".join(hidden_layers(count) for count in shown)
    return f"Here the network has {here}; the one in the paper's figure has {figure.paper_hidden_layers}."


def in_panels(table: pd.DataFrame, models: list[str], headings: dict[str, str]) -> pd.DataFrame:
    """The rows of `models`, with a column `panel` that names each model's panel, in the order of `models`."""
    rows = table[table["model"].isin(models)]
    names = rows["model"].astype(str).map(headings)
    return rows.assign(panel=pd.Categorical(names, [headings[model] for model in models]))
