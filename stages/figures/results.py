"""One data set's results as the figures take them."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from stages.datasets.dataset import Dataset, find_dataset
from stages.figures.recipes import in_words
from stages.params import Model


@dataclass(frozen=True)
class Results:
    """Tables of one data set. The column `model` has all models of the page as categories, `layer` all hidden layers.

    dataset: its name in params.yaml. recipes: of the models of params.yaml. absent: why a model has no rows here.
    devices: what the models were trained on.
    examples: class_name, example, image. runs: every run. monitored, curves: the chosen run's statistics; the errors
    of all seeds at the chosen rate and depth. histograms: recorded of the chosen run. jacobians, spectra, theory:
    measured on it; jacobians also with paper_model, the paper's name of the model with this recipe, if it has one.
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
        """What is known of the data set itself."""
        return find_dataset(self.dataset)

    @property
    def labels(self) -> dict[str, str]:
        """Each model with its recipe in words."""
        return {model: f"{model}: {in_words(recipe)}" for model, recipe in self.recipes.items()}

    @cached_property
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
