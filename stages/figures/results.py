"""One data set's results, as the figures read them."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from stages.claims.measurements import PAPER_LAYERS, TANH, TANH_N, without_search
from stages.datasets.dataset import Dataset, find_dataset
from stages.params import Model

FEWEST_DEPTHS = 3  # of a model, to compare them


@dataclass(frozen=True)
class Results:
    """Tables of one data set. The column `model` has all models of the page as categories, `layer` all hidden layers.

    dataset: its name in params.yaml. recipes: model → recipe, as in params.yaml. absent: model → why it has no rows.
    devices: what the models were trained on. hidden_units: in each layer, of models that do not say. examples:
    class_name, example, image. runs: every run. monitored: the chosen run's statistics. apart, curves: of all seeds at
    the chosen rate and depth, how far apart the layers' weight gradients are, and the errors. histograms: the chosen
    run's. jacobians, spectra, theory: measured on the chosen run; jacobians has paper_model, the paper's name for this
    recipe.
    """

    dataset: str
    recipes: dict[str, Model]
    absent: dict[str, str]
    devices: list[str]
    hidden_units: int
    examples: pd.DataFrame
    runs: pd.DataFrame
    monitored: pd.DataFrame
    apart: pd.DataFrame
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
    def headings(self) -> dict[str, str]:
        """The panel heading of each model with results: its start and, in a second line, its chosen run."""
        return {
            model: f"{model}: {self.recipes[model].initialization}\n"
            f"{hidden_layers(run.hidden_layers)}, rate {run.learning_rate:g}, seed {run.seed}"
            for model, run in self.chosen.items()
            if model in self.recipes
        }

    @cached_property
    def chosen(self) -> dict[str, NamedTuple]:
        """Each model's chosen run, with the columns of `runs`; models whose runs all diverged are left out."""
        return {run.model: run for run in self.runs.itertuples() if run.chosen}

    @cached_property
    def depths(self) -> pd.DataFrame:
        """Every run, where a model has at least FEWEST_DEPTHS depths; an empty table elsewhere."""
        if self.runs.empty:
            return self.runs
        depths = self.runs.groupby("model", observed=True)["hidden_layers"].nunique()
        return self.runs if depths.max() >= FEWEST_DEPTHS else self.runs.iloc[:0]

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """The points by which standard tanh errs more than normalized: units, seed, update, points, epoch_updates."""
        parts = [pd.DataFrame(columns=["units", "seed", "update", "points", "epoch_updates"])]
        normalized = self.of_widths(TANH_N)
        for units, standard in self.of_widths(TANH).items():
            of_both = [self.curves[self.curves["model"] == name] for name in (standard, normalized.get(units))]
            if all(map(len, of_both)):
                pairs = of_both[0].merge(of_both[1], on=["seed", "update"], suffixes=("", "_normalized"))
                points = 100 * (pairs["test_error"] - pairs["test_error_normalized"])
                parts.append(pairs[["seed", "update", "epoch_updates"]].assign(units=units, points=points))
        return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)

    def of_widths(self, wanted: Model) -> dict[int, str]:
        """Units in each hidden layer → the first model that is `wanted` of that width, with the paper's depth."""
        found = {}
        for name, recipe in self.recipes.items():
            of_width = replace(without_search(recipe), hidden_units=None)
            if of_width == wanted and PAPER_LAYERS in (recipe.hidden_layers or [PAPER_LAYERS]):
                found.setdefault(recipe.hidden_units or self.hidden_units, name)
        return found


def hidden_layers(count: int) -> str:
    """`count` hidden layers, in words."""
    return f"{count} hidden layer{'s' if count > 1 else ''}"
