"""One data set's results, as the figures read them."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from stages.claims.recipes import in_words
from stages.datasets.dataset import Dataset, find_dataset
from stages.params import Model


@dataclass(frozen=True)
class Results:
    """Tables of one data set. The column `model` has all models of the page as categories, `layer` all hidden layers.

    dataset: its name in params.yaml. recipes: model → recipe, as in params.yaml. absent: model → why it has no rows.
    devices: what the models were trained on. examples: class_name, example, image. runs: every run. monitored: the
    chosen run's statistics. curves: the errors of all seeds at the chosen rate and depth. histograms: the chosen run's.
    jacobians, spectra, theory: measured on the chosen run; jacobians has paper_model, the paper's name for this recipe.
    """

    dataset: str
    recipes: dict[str, Model]
    absent: dict[str, str]
    devices: list[str]
    examples: pd.DataFrame
    runs: pd.DataFrame
    monitored: pd.DataFrame
    curves: pd.DataFrame
    histograms: pd.DataFrame
    jacobians: pd.DataFrame
    spectra: pd.DataFrame
    theory: pd.DataFrame

    @property
    def about(self) -> Dataset:
        """The data set's description."""
        return find_dataset(self.dataset)

    @property
    def labels(self) -> dict[str, str]:
        """Each model with its recipe in words."""
        return {model: f"{model}: {in_words(recipe)}" for model, recipe in self.recipes.items()}

    @cached_property
    def chosen(self) -> dict[str, NamedTuple]:
        """Each model's chosen run, with the columns of `runs`; models whose runs all diverged are left out."""
        return {run.model: run for run in self.runs.itertuples() if run.chosen}

    @property
    def headings(self) -> dict[str, str]:
        """The panel heading of each model with results: its label and, in a second line, its chosen run."""
        return {
            model: f"{self.labels[model]}\n{hidden_layers(run.hidden_layers)}, "
            f"learning rate {run.learning_rate:g}, seed {run.seed}"
            for model, run in self.chosen.items()
            if model in self.labels
        }


def hidden_layers(count: int) -> str:
    """`count` hidden layers, in words."""
    return f"{count} hidden layer{'s' if count > 1 else ''}"
