"""Measurements made up from small tables, for tests of claims: five seeds, and learning rates around the best one."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student

from stages.claims.measurements import Measurements
from stages.params import FixedSet, Model, Pretraining, Scale

TABLE1 = {
    "softsign": Model("softsign", "standard"),
    "softsign-n": Model("softsign", "normalized"),
    "tanh": Model("tanh", "standard"),
    "tanh-n": Model("tanh", "normalized"),
    "sigmoid": Model("sigmoid", "standard"),
}
PRETRAINING = Pretraining("linear", "masking", 0.25, 0.01, updates={"smoke": 100})
IMAGES = 1000  # in the test sets
SEEDS = 5
RATES = (0.03, 0.1, 0.3)
BEST_RATE = 0.1
DIVERGED = np.nan  # as a run's error
OTHER = 99.0  # what nothing that is judged measures
DEVIATIONS = (-0.4, 0.3, 0.1, -0.2, 0.2)  # of the seeds from their mean

Courses = Mapping[str, Mapping[int, Sequence[float]]]
"""quantity → layer → its values over training; a layer that is left out is like layer 1"""


def around(mean: float, size: float = 1, turn: int = 0) -> list[float]:
    """One value a seed, with exactly this mean; another `turn` gives the deviations to other seeds."""
    return [mean + size * DEVIATIONS[(seed + turn) % SEEDS] for seed in range(SEEDS)]


def with_p(p: float, sign: int = 1) -> list[float]:
    """One value a seed, with a mean above or below 0 that has this p-value in a two-sided t-test."""
    return around(sign * student.isf(p / 2, SEEDS - 1) * np.std(DEVIATIONS, ddof=1) / np.sqrt(SEEDS))


def measurements(
    models: Mapping[str, Model],
    tables: Mapping[str, pd.DataFrame],
    hidden_layers: Sequence[int] = (5,),
    datasets: Sequence[str] = ("shapeset",),
) -> Measurements:
    """Measurements that consist of these tables (runs/shapeset/tanh/runs …) and no others."""
    scale = Scale(
        hidden_units=8,
        hidden_layers=list(hidden_layers),
        updates=dict.fromkeys(datasets, 100_000),
        batch_size=10,
        learning_rates=list(RATES),
        seeds=SEEDS,
        monitored_examples=300,
        monitored_updates=10,
        svm=FixedSet(dict.fromkeys(datasets, 1_000), updates=1_000),
    )
    return Measurements(models, scale, datasets, tables.get)


def runs(*rows: tuple[int, float, int, float]) -> pd.DataFrame:
    """A table of runs: hidden layers, learning rate, seed, and the error on validation and test images alike.

    The first run with the lowest error is the chosen one. After the last update, all err 1 % more.
    """
    table = pd.DataFrame(rows, columns=["hidden_layers", "learning_rate", "seed", "test_error"])
    table["diverged_at"] = pd.array([7 if np.isnan(error) else None for error in table["test_error"]], dtype="Int64")
    return table.assign(
        validation_error=table["test_error"],
        last_test_error=table["test_error"] + 0.01,
        chosen=table.index == table["test_error"].fillna(1).idxmin(),
    )


def seed_runs(errors: Sequence[float], hidden_layers: int = 5, others: float = 0.95) -> pd.DataFrame:
    """The runs of one depth with these errors by seed; with the other learning rates, the first seed errs on `others`.

    Errors are shares of the images.
    """
    tried = [(hidden_layers, rate, 0, errors[0] if rate == BEST_RATE else others) for rate in RATES]
    return runs(*tried, *((hidden_layers, BEST_RATE, seed, error) for seed, error in enumerate(errors) if seed))


def predictions(errors: Sequence[float], hidden_layers: int = 5, label: int = 0) -> pd.DataFrame:
    """The answers of each seed to IMAGES test images, of which the first are wrong; none of one that diverged."""
    parts = []
    for seed, error in enumerate(errors):
        if not np.isnan(error):
            wrong = np.arange(IMAGES) < round(error * IMAGES)
            of_seed = pd.DataFrame({"index": range(IMAGES), "label": label, "prediction": label + wrong})
            parts.append(of_seed.assign(hidden_layers=hidden_layers, learning_rate=BEST_RATE, seed=seed))
    return pd.concat(parts, ignore_index=True)


def with_errors(
    percents: Mapping[str, float | Sequence[float]], dataset: str = "shapeset", hidden_layers: int = 5
) -> dict[str, pd.DataFrame]:
    """The tables of models with these test errors in percent, by seed or around a mean.

    Errors around a mean deviate by about 0.4 points, in every model by others.
    """
    tables = {}
    for turn, (name, given) in enumerate(percents.items()):
        errors = np.array(around(given, 1 + turn / 10, turn) if isinstance(given, (int, float)) else given) / 100
        tables[f"runs/{dataset}/{name}/runs"] = seed_runs(errors, hidden_layers)
        tables[f"runs/{dataset}/{name}/predictions"] = predictions(errors, hidden_layers)
    return tables


def monitored(
    name: str,
    updates: Sequence[int],
    courses: Courses | Sequence[Courses],
    hidden_layers: int = 5,
    error: float = 0.1,
    errors: Sequence[float] = (),
) -> dict[str, pd.DataFrame]:
    """The tables of a model with these courses at the best rate, of each seed or alike in all.

    What no claim may judge is OTHER: the output layer, and the other rates after the first update. `error` is that of
    the kept networks, `errors` are those at the updates.
    """
    of_seeds = [courses] * SEEDS if isinstance(courses, Mapping) else courses
    trained = [(BEST_RATE, seed) for seed in range(len(of_seeds))]
    rows, curves = [], []
    for rate, seed in trained + [(rate, 0) for rate in RATES if rate != BEST_RATE]:
        run = {"hidden_layers": hidden_layers, "learning_rate": rate, "seed": seed}
        for number, update in enumerate(updates):
            curves.append(run | {"update": update, "test_error": errors[number] if errors else error})
            for layer in range(1, hidden_layers + 2):
                course = {key: layers.get(layer, layers[1])[number] for key, layers in of_seeds[seed].items()}
                judged = layer <= hidden_layers and (rate == BEST_RATE or update == 0)
                values = course if judged else dict.fromkeys(course, OTHER)
                rows.append(run | {"update": update, "layer": layer} | values)
    return {
        f"runs/shapeset/{name}/runs": seed_runs([error] * len(of_seeds), hidden_layers),
        f"runs/shapeset/{name}/monitored": pd.DataFrame(rows),
        f"runs/shapeset/{name}/curves": pd.DataFrame(curves),
    }
