"""The results that claims are judged from, read when a claim asks for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pandas as pd

from stages.claims.recipes import in_words
from stages.claims.verdict import Undecided
from stages.datasets.dataset import find_dataset
from stages.handover.choice import preference
from stages.handover.schemas import RUN
from stages.handover.tables import read_table
from stages.params import Model, Params, Scale

SHAPESET = "shapeset"  # the data set of the paper's claims
PAPER_LAYERS = 5  # hidden layers of the networks of Table 1
FEWEST_LAYERS = 3  # hidden ones, to compare them from the lowest to the top
WATCHED = f"The judged run is the best one with {PAPER_LAYERS} hidden layers, or the chosen run if there is none."
LEARNED = 0.9  # of chance: with more errors than this share of a constant answer's, a network has not learned

TANH, TANH_N = Model("tanh", "standard"), Model("tanh", "normalized")
SOFTSIGN, SOFTSIGN_N = Model("softsign", "standard"), Model("softsign", "normalized")
SIGMOID = Model("sigmoid", "standard")
TABLE1_MODELS = (SOFTSIGN, SOFTSIGN_N, TANH, TANH_N, SIGMOID)

Tables = Callable[[str], pd.DataFrame | None]
"""tables(name): the table of that name, None where there is none"""


@dataclass(frozen=True)
class Measurements:
    """The results of the models of params.yaml; raises Undecided, which names what is missing, if there is none."""

    models: Mapping[str, Model]
    scale: Scale
    datasets: Sequence[str]
    tables: Tables

    def find(self, wanted: Model, *hidden_layers: int) -> str:
        """Return the name of the model that is `wanted` and trained with each of these depths, if any are given.

        Of several, such as one for each depth, this is the first with PAPER_LAYERS, or else the first.
        """
        alike = [name for name, model in self.models.items() if without_search(model) == without_search(wanted)]
        if not alike:
            raise Undecided(f"params.yaml lacks this model: {in_words(wanted)}")
        alike = [name for name in alike if set(hidden_layers) <= set(self.depths(name))]
        if not alike:
            depths = ", ".join(map(str, hidden_layers))
            raise Undecided(f"params.yaml lacks this model with {depths} hidden layers: {in_words(wanted)}")
        return min(alike, key=lambda name: PAPER_LAYERS not in self.depths(name))

    def find_pretrained(self, plain: Model) -> str:
        """Return the name of the model that is `plain` after pre-training, from whatever initialization."""
        for model in self.models.values():
            if model.pretraining:
                without = replace(model, pretraining=None, initialization=plain.initialization)
                if without_search(without) == plain:
                    return self.find(model)
        raise Undecided(f"params.yaml has no model with {plain.activation} units and pre-training")

    def depths(self, name: str) -> list[int]:
        """Return the numbers of hidden layers that a model is trained with."""
        return self.models[name].at(self.scale).hidden_layers

    def runs(self, name: str, dataset: str = SHAPESET) -> pd.DataFrame:
        """Return a model's runs that did not diverge."""
        runs = self._results("runs", dataset, name, "runs")
        return runs[runs["diverged_at"].isna()]

    def best_run(self, name: str, hidden_layers: int | None = None, dataset: str = SHAPESET) -> pd.Series:
        """Return the chosen run, or the one that `preference` would choose among the runs with this depth."""
        runs = self.runs(name, dataset)
        if hidden_layers is not None:
            runs = runs[runs["hidden_layers"] == hidden_layers]
        return _best(runs, name, dataset)

    def best_of_first_seed(self, name: str, hidden_layers: int) -> pd.Series:
        """Return the best run with this depth among those to compare depths by."""
        runs = of_first_seed(self.runs(name))
        return _best(runs[runs["hidden_layers"] == hidden_layers], name, SHAPESET)

    def watched_run(self, name: str) -> pd.Series:
        """Return the judged run: the best one with PAPER_LAYERS, or the chosen one if there is none."""
        deep = (self.runs(name)["hidden_layers"] == PAPER_LAYERS).any()
        return self.best_run(name, PAPER_LAYERS if deep else None)

    def has_learned(self, name: str, hidden_layers: int) -> pd.Series:
        """Return, by update, whether the best run with this depth erred clearly less than by chance on test images."""
        errors = self._of_run("curves", name, self.best_run(name, hidden_layers)).set_index("update")["test_error"]
        return errors <= LEARNED * (1 - find_dataset(SHAPESET).commonest_share)

    def require_learned(self, name: str) -> None:
        """Raise Undecided if the watched run errs about as often as always naming the commonest class does."""
        error, chance = self.watched_run(name)["test_error"], 1 - find_dataset(SHAPESET).commonest_share
        if error > LEARNED * chance:
            raise Undecided(
                f"{name} has not been trained for long enough to learn: it errs on {100 * error:.1f} % of the test "
                f"images; always naming the commonest class errs on {100 * chance:.1f} %"
            )

    def course(self, name: str, quantity: str, hidden_layers: int | None = None) -> pd.DataFrame:
        """Return a monitored quantity over training, of the watched run or, if a depth is given, the best one with it.

        It has one row an update and one column a hidden layer.
        """
        best = self.watched_run(name) if hidden_layers is None else self.best_run(name, hidden_layers)
        return self._course(name, best, quantity)

    def courses(self, name: str, quantity: str) -> dict[int, pd.DataFrame]:
        """Return the same by seed, of every seed of the watched run's depth and learning rate that did not diverge."""
        runs, watched = self.runs(name), self.watched_run(name)
        alike = (runs[["hidden_layers", "learning_rate"]] == watched[["hidden_layers", "learning_rate"]]).all(axis=1)
        return {int(run["seed"]): self._course(name, run, quantity) for _, run in runs[alike].iterrows()}

    def initial(self, name: str, quantity: str) -> pd.Series:
        """Return a quantity at initialization of each layer that has it, the output layer last."""
        table = self._results("measured", SHAPESET, name, "layers")
        return table[table["moment"] == "initial"].set_index("layer")[quantity].dropna().sort_index()

    def initial_jacobians(self, name: str) -> pd.Series:
        """Return the average singular value between neighbouring hidden layers at initialization."""
        table = self._results("measured", SHAPESET, name, "jacobians")
        return table[table["moment"] == "initial"].set_index("layer")["average_singular_value"].sort_index()

    def theory(self, name: str) -> pd.DataFrame:
        """Return the hidden layers' variances at initialization: quantity, layer, measured, linear, mean_field."""
        table = self._results("measured", SHAPESET, name, "theory")
        if table.empty:
            raise Undecided(f"no theory predicts the variances of {name} before training")
        hidden_layers = table.loc[table["quantity"] == "activation", "layer"].max()
        return table[table["layer"] <= hidden_layers]

    def activations(self, name: str, update: int | None = None) -> pd.DataFrame:
        """Return the histograms of the chosen run's hidden activations: layer, left, right, density.

        They are those at a monitored `update`, or after training.
        """
        table = self._results("runs", SHAPESET, name, "histograms")
        at = table["update"].max() if update is None else update
        return table[(table["update"] == at) & (table["quantity"] == "activation")]

    def predictions(self, name: str, dataset: str = SHAPESET) -> pd.DataFrame:
        """Return the chosen run's answers to the test images: index, label, prediction."""
        return self._results("runs", dataset, name, "predictions")

    def fixed_set_predictions(self, dataset: str = SHAPESET) -> pd.DataFrame:
        """Return the answers of the SVM and of the network beside it: model, index, label, prediction."""
        self._require_listed(dataset)
        return self.table(f"svm/{dataset}/answers", f"the SVM has not been trained on {dataset}")

    def table(self, name: str, missing: str) -> pd.DataFrame:
        """Return another stage's table; `missing` says what is missing where there is none."""
        table = self.tables(name)
        if table is None:
            raise Undecided(missing)
        return table

    def _of_run(self, table: str, name: str, run: pd.Series) -> pd.DataFrame:
        rows = self._results("runs", SHAPESET, name, table)
        return rows[(rows[list(RUN)] == run[list(RUN)].to_numpy()).all(axis=1)]

    def _results(self, folder: str, dataset: str, name: str, table: str) -> pd.DataFrame:
        self._require_listed(dataset)
        return self.table(
            f"{folder}/{dataset}/{name}/{table}", f"{name} has not been trained and measured on {dataset}"
        )

    def _course(self, name: str, run: pd.Series, quantity: str) -> pd.DataFrame:
        of_run = self._of_run("monitored", name, run)
        hidden = of_run[of_run["layer"] <= of_run["hidden_layers"]]
        if hidden.empty:
            raise Undecided(f"a run of {name} has not been monitored")
        return hidden.pivot(index="update", columns="layer", values=quantity).astype(float)

    def _require_listed(self, dataset: str) -> None:
        if dataset not in self.datasets:
            raise Undecided(f"{dataset} is not among the data sets of params.yaml")


def measurements_in(folder: Path, params: Params) -> Measurements:
    """Return the measurements in the files of `folder`; a damaged one raises InputError when it is asked for."""

    read_once = cache(read_table)  # most are asked for by several claims

    def tables(name: str) -> pd.DataFrame | None:
        file = folder / f"{name}.parquet"
        return read_once(file) if file.exists() else None

    return Measurements(params.models, params.settings, params.datasets, tables)


def of_first_seed(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs to compare depths by: only the first seed is trained with every depth and learning rate."""
    return runs[runs["seed"] == 0]


def errors_over_seeds(runs: pd.DataFrame, chosen: pd.Series) -> pd.Series:
    """Return the test errors at the chosen run's depth and learning rate, of the seeds that did not diverge."""
    alike = (runs["hidden_layers"] == chosen["hidden_layers"]) & (runs["learning_rate"] == chosen["learning_rate"])
    return runs.loc[alike & runs["diverged_at"].isna(), "test_error"]


def without_search(model: Model) -> Model:
    """Return the model without the settings of the search for its best run."""
    return replace(model, hidden_layers=None, learning_rates=None, seeds=None)


def _best(runs: pd.DataFrame, name: str, dataset: str) -> pd.Series:
    if runs.empty:
        raise Undecided(f"all runs of {name} on {dataset} diverged")
    keys = [preference(*one) for one in zip(runs["validation_error"], runs["learning_rate"], strict=True)]
    return runs.iloc[keys.index(min(keys))]
