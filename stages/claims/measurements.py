"""The results that claims are judged from, read when a claim asks for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pandas as pd

from stages.claims.recipes import in_words
from stages.claims.verdict import NotRun, Undecided
from stages.datasets.dataset import find_dataset
from stages.handover.choice import preference
from stages.handover.schemas import RUN
from stages.handover.tables import read_table
from stages.params import Model, Params, Scale

SHAPESET = "shapeset"  # the data set of the paper's claims
PAPER_LAYERS = 5  # hidden layers of the networks of Table 1
FEWEST_LAYERS = 3  # hidden ones, to compare them from the lowest to the top
FEWEST_SEEDS = 5  # of every model that a claim is about
LEARNED = 0.9  # of chance: with more errors than this share of a constant answer's, a network has not learned

TANH, TANH_N = Model("tanh", "standard"), Model("tanh", "normalized")
SOFTSIGN, SOFTSIGN_N = Model("softsign", "standard"), Model("softsign", "normalized")
SIGMOID = Model("sigmoid", "standard")
TABLE1_MODELS = (SOFTSIGN, SOFTSIGN_N, TANH, TANH_N, SIGMOID)

Tables = Callable[[str], pd.DataFrame | None]
"""tables(name): the table of that name, None where there is none"""


@dataclass(frozen=True)
class Measurements:
    """The results of the models of params.yaml; raises Undecided, which names what is missing, if there is none.

    The judged runs of a model are those of all seeds at PAPER_LAYERS hidden layers, or at the chosen depth if there are
    none, with the learning rate that the first seed chose there.
    """

    models: Mapping[str, Model]
    scale: Scale
    datasets: Sequence[str]
    tables: Tables
    left_out: int | None = None
    """the seed that is treated as if it had not been trained, to see whether a verdict rests on it"""

    def without(self, seed: int) -> "Measurements":
        """Return the measurements without those of one seed; the choice of learning rates stays."""
        return replace(self, left_out=seed)

    def find(self, wanted: Model, *hidden_layers: int) -> str:
        """Return the name of the model that is `wanted` and trained with each of these depths, if any are given.

        Of several, such as one for each depth, this is the first with PAPER_LAYERS, or else the first.
        """
        alike = [name for name, model in self.models.items() if without_search(model) == without_search(wanted)]
        if not alike:
            raise NotRun(f"params.yaml lacks this model: {in_words(wanted)}")
        alike = [name for name in alike if set(hidden_layers) <= set(self.depths(name))]
        if not alike:
            depths = ", ".join(map(str, hidden_layers))
            raise NotRun(f"params.yaml lacks this model with {depths} hidden layers: {in_words(wanted)}")
        return min(alike, key=lambda name: PAPER_LAYERS not in self.depths(name))

    def find_pretrained(self, plain: Model) -> str:
        """Return the name of the model that is `plain` after pre-training, from whatever initialization."""
        for model in self.models.values():
            if model.pretraining:
                without = replace(model, pretraining=None, initialization=plain.initialization)
                if without_search(without) == plain:
                    return self.find(model)
        raise NotRun(f"params.yaml has no model with {plain.activation} units and pre-training")

    def depths(self, name: str) -> list[int]:
        """Return the numbers of hidden layers that a model is trained with."""
        return self.models[name].at(self.scale).hidden_layers

    def seeds(self, name: str, hidden_layers: int | None = None, dataset: str = SHAPESET) -> pd.DataFrame:
        """Return the judged runs of a model by seed, at `hidden_layers` if given, with those that diverged.

        Raises Undecided also where they are fewer than FEWEST_SEEDS, or where a learning rate beyond those tried might
        be better, although the network has learned.
        """
        runs = self.tried(name, hidden_layers, dataset)
        judged = self._present(at_best_rate(runs, name, dataset))
        edge = edge_of(runs)
        if edge and not self._at_chance(judged, dataset):
            rate = judged["learning_rate"].iloc[0]
            raise Undecided(
                f"the best learning rate of {name} on {dataset}, {rate:g}, is the {edge} of those that were tried; "
                "another might be better"
            )
        self._require_seeds(name, len(judged), dataset)
        return judged

    def tried(self, name: str, hidden_layers: int | None = None, dataset: str = SHAPESET) -> pd.DataFrame:
        """Return the runs of every learning rate and seed at the judged depth, or at `hidden_layers` if given."""
        runs = self._results("runs", dataset, name, "runs")
        depth = judged_depth(runs) if hidden_layers is None else hidden_layers
        return runs[runs["hidden_layers"] == depth]

    def errors(self, name: str, hidden_layers: int | None = None, dataset: str = SHAPESET) -> pd.Series:
        """Return the test errors of the judged runs by seed."""
        return errors_of(self.seeds(name, hidden_layers, dataset), dataset)

    def require_learned(self, name: str, hidden_layers: int | None = None) -> None:
        """Raise Undecided if the judged runs err about as often as always naming the commonest class does."""
        runs = self.seeds(name, hidden_layers)
        if self._at_chance(runs, SHAPESET):
            error = errors_of(runs, SHAPESET).mean()
            raise Undecided(
                f"{name} has not been trained for long enough to learn: it errs on {100 * error:.1f} % of the test "
                f"images; always naming the commonest class errs on {100 * chance(SHAPESET):.1f} %"
            )

    def courses(self, name: str, quantity: str, hidden_layers: int | None = None) -> dict[int, pd.DataFrame]:
        """Return a monitored quantity over training by seed, of the judged runs; raises Undecided where one diverged.

        Each table has one row an update and one column a hidden layer.
        """
        monitored = self._of_runs("monitored", name, self._whole(name, hidden_layers))
        hidden = monitored[monitored["layer"] <= monitored["hidden_layers"]]
        if hidden.empty:
            raise Undecided(f"the runs of {name} have not been monitored")
        return {
            int(seed): rows.pivot(index="update", columns="layer", values=quantity).astype(float)
            for seed, rows in hidden.groupby("seed")
        }

    def has_learned(self, name: str, hidden_layers: int) -> dict[int, pd.Series]:
        """Return by seed whether a judged run erred clearly less than by chance on test images, by update."""
        curves = self._of_runs("curves", name, self._whole(name, hidden_layers))
        return {
            int(seed): rows.set_index("update")["test_error"] <= LEARNED * chance(SHAPESET)
            for seed, rows in curves.groupby("seed")
        }

    @property
    def of_initialization(self) -> str:
        """The data set on which claims about untrained networks are judged: Shapeset, or the first if it was not run.

        What the weights do to a signal before training depends little on the images.
        """
        return SHAPESET if SHAPESET in self.datasets else self.datasets[0]

    def initial(self, name: str, quantity: str) -> pd.DataFrame:
        """Return a monitored quantity at initialization: a row a seed, a column a layer that has it."""
        dataset = self.of_initialization
        runs = self._present(self.tried(name, dataset=dataset).drop_duplicates("seed"))
        self._require_seeds(name, len(runs), dataset)
        monitored = self._of_runs("monitored", name, runs, dataset)
        at_first = monitored[monitored["update"] == 0].pivot(index="seed", columns="layer", values=quantity)
        return at_first.astype(float).dropna(axis="columns")

    def initial_jacobians(self, name: str) -> pd.DataFrame:
        """Return the average singular values between neighbouring hidden layers at initialization: a row a seed."""
        table = self._present(self._results("measured", self.of_initialization, name, "initial_jacobians"))
        found = table.pivot(index="seed", columns="layer", values="average_singular_value")
        self._require_seeds(name, len(found), self.of_initialization)
        return found

    def theory(self, name: str) -> pd.DataFrame:
        """Return the hidden layers' variances at initialization: seed, quantity, layer, measured and predictions."""
        table = self._present(self._results("measured", self.of_initialization, name, "theory"))
        if table.empty:
            raise Undecided(f"no theory predicts the variances of {name} before training")
        self._require_seeds(name, table["seed"].nunique(), self.of_initialization)
        hidden_layers = table.loc[table["quantity"] == "activation", "layer"].max()
        return table[table["layer"] <= hidden_layers]

    def predictions(self, name: str, dataset: str = SHAPESET) -> pd.DataFrame:
        """Return the answers of all runs to the test images, with their runs, index, label and prediction."""
        return self._results("runs", dataset, name, "predictions")

    def fixed_set_predictions(self, dataset: str = SHAPESET) -> pd.DataFrame:
        """Return the answers of the SVM and of the network beside it: model, seed, index, label, prediction."""
        self._require_listed(dataset)
        answers = self.table(f"svm/{dataset}/answers", f"the SVM has not been trained on {dataset}")
        of_network = self._present(answers[answers["model"] == "network"])
        self._require_seeds("the network beside the SVM", of_network["seed"].nunique(), dataset)
        return pd.concat([answers[answers["model"] != "network"], of_network])

    def plateaus(self) -> pd.DataFrame:
        """Return the plateau shares of the two costs' surfaces, for each draw of examples, the column `seed`."""
        missing = "the costs' surfaces have not been measured: data/surfaces/plateaus.parquet is missing"
        table = self.table("surfaces/plateaus", missing)
        draws = table["seed"].nunique()
        if draws < FEWEST_SEEDS:
            raise Undecided(f"figure 5 has too few draws of examples: {draws}; needed: {FEWEST_SEEDS}")
        return self._present(table)

    def table(self, name: str, missing: str) -> pd.DataFrame:
        """Return another stage's table; `missing` says what is missing where there is none."""
        table = self.tables(name)
        if table is None:
            raise NotRun(missing)
        return table

    def _whole(self, name: str, hidden_layers: int | None) -> pd.DataFrame:
        """Return the judged runs; raises Undecided where one diverged, since that is no course of training."""
        runs = self.seeds(name, hidden_layers)
        diverged = runs.loc[runs["diverged_at"].notna(), "seed"]
        if len(diverged):
            raise Undecided(f"seed {diverged.iloc[0]} of {name} diverged; a lower learning rate is needed")
        return runs

    def _at_chance(self, runs: pd.DataFrame, dataset: str) -> bool:
        return bool(errors_of(runs, dataset).mean() > LEARNED * chance(dataset))

    def _present(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of `table` that are not of the seed left out."""
        return table if self.left_out is None else table[table["seed"] != self.left_out]

    def _require_seeds(self, name: str, seeds: int, dataset: str) -> None:
        fewest = FEWEST_SEEDS if self.left_out is None else FEWEST_SEEDS - 1
        if seeds < fewest:
            raise Undecided(f"{name} has too few seeds on {dataset}: {seeds}; needed: {FEWEST_SEEDS}")

    def _of_runs(self, table: str, name: str, runs: pd.DataFrame, dataset: str = SHAPESET) -> pd.DataFrame:
        return self._results("runs", dataset, name, table).merge(runs[list(RUN)], on=list(RUN))

    def _results(self, folder: str, dataset: str, name: str, table: str) -> pd.DataFrame:
        self._require_listed(dataset)
        return self.table(
            f"{folder}/{dataset}/{name}/{table}", f"{name} has not been trained and measured on {dataset}"
        )

    def _require_listed(self, dataset: str) -> None:
        if dataset not in self.datasets:
            raise NotRun(f"{dataset} is not among the data sets of params.yaml")


def measurements_in(folder: Path, params: Params) -> Measurements:
    """Return the measurements in the files of `folder`; a damaged one raises InputError when it is asked for."""

    read_once = cache(read_table)  # most are asked for by several claims

    def tables(name: str) -> pd.DataFrame | None:
        file = folder / f"{name}.parquet"
        return read_once(file) if file.exists() else None

    return Measurements(params.models, params.settings, params.datasets, tables)


def judged_depth(runs: pd.DataFrame) -> int:
    """Return PAPER_LAYERS where a run of a model with this depth has not diverged, or else the chosen run's depth."""
    finite = of_first_seed(runs[runs["diverged_at"].isna()])
    if (finite["hidden_layers"] == PAPER_LAYERS).any():
        return PAPER_LAYERS
    return int(runs.loc[runs["chosen"], "hidden_layers"].iloc[0])


def judged_runs(runs: pd.DataFrame, name: str, dataset: str) -> pd.DataFrame:
    """Return those of a model's `runs` that are judged: all seeds at the judged depth and its best learning rate."""
    return at_best_rate(runs[runs["hidden_layers"] == judged_depth(runs)], name, dataset)


def at_best_rate(runs: pd.DataFrame, name: str, dataset: str) -> pd.DataFrame:
    """Return those of `runs`, of one depth, with the learning rate that `preference` chooses for the first seed."""
    finite = of_first_seed(runs[runs["diverged_at"].isna()])
    if finite.empty:
        raise Undecided(f"all runs of {name} on {dataset} diverged")
    keys = [preference(*one) for one in zip(finite["validation_error"], finite["learning_rate"], strict=True)]
    return runs[runs["learning_rate"] == finite["learning_rate"].iloc[keys.index(min(keys))]]


def edge_of(runs: pd.DataFrame) -> str | None:
    """Return whether the best learning rate of `runs`, of one depth, is the lowest or the highest that was tried."""
    rates = of_first_seed(runs)["learning_rate"]
    best = at_best_rate(runs, "", "")["learning_rate"].iloc[0]
    if len(rates) == 1:
        return "only one"
    return {rates.min(): "lowest", rates.max(): "highest"}.get(best)


def of_first_seed(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs to choose a learning rate by: only the first seed is trained with all of them."""
    return runs[runs["seed"] == 0]


def errors_of(runs: pd.DataFrame, dataset: str) -> pd.Series:
    """Return the test errors of `runs` by seed; one that diverged errs as often as by chance."""
    return runs.set_index("seed")["test_error"].fillna(chance(dataset)).sort_index()


def chance(dataset: str) -> float:
    """Return the error of always naming the commonest class."""
    return 1 - find_dataset(dataset).commonest_share


def without_search(model: Model) -> Model:
    """Return the model without the settings of the search for its best run."""
    return replace(model, hidden_layers=None, learning_rates=None, seeds=None)
