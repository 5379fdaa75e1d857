"""Measurements made up from small tables, for tests of claims."""

from collections.abc import Mapping, Sequence

import pandas as pd

from stages.claims.measurements import Measurements
from stages.params import FixedSet, Model, Scale

TABLE1 = {
    "softsign": Model("softsign", "standard"),
    "softsign-n": Model("softsign", "normalized"),
    "tanh": Model("tanh", "standard"),
    "tanh-n": Model("tanh", "normalized"),
    "sigmoid": Model("sigmoid", "standard"),
}
IMAGES = 100  # in the test sets


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
        learning_rates=[0.1],
        seeds=1,
        monitored_examples=300,
        monitored_updates=10,
        svm=FixedSet(dict.fromkeys(datasets, 1_000), updates=1_000),
    )
    return Measurements(models, scale, datasets, tables.get)


def runs(*rows: tuple[int, float, int, float]) -> pd.DataFrame:
    """A table of runs: hidden layers, learning rate, seed, and the error on validation and test images alike."""
    table = pd.DataFrame(rows, columns=["hidden_layers", "learning_rate", "seed", "test_error"])
    diverged_at = pd.array([None] * len(table), dtype="Int64")
    return table.assign(validation_error=table["test_error"], diverged_at=diverged_at)


def predictions(wrong: int) -> pd.DataFrame:
    """Answers to IMAGES test images of which the first `wrong` are wrong."""
    answers = [1] * wrong + [0] * (IMAGES - wrong)
    return pd.DataFrame({"index": range(IMAGES), "label": 0, "prediction": answers})


def with_errors(
    wrong: Mapping[str, int], dataset: str = "shapeset", seeds: Mapping[str, Sequence[int]] | None = None
) -> dict[str, pd.DataFrame]:
    """The tables of models that err on so many of IMAGES test images, a model with more errors also where others do.

    seeds: model → errors of the chosen depth's and learning rate's other seeds, which have more on validation images.
    """
    tables = {}
    for name, count in wrong.items():
        others = [(5, 0.1, seed, error / IMAGES) for seed, error in enumerate((seeds or {}).get(name, ()), start=1)]
        table = runs((5, 0.1, 0, count / IMAGES), *others)
        table.loc[1:, "validation_error"] = 1.0
        tables[f"runs/{dataset}/{name}/runs"] = table
        tables[f"runs/{dataset}/{name}/predictions"] = predictions(count)
    return tables


def monitored(
    name: str,
    updates: Sequence[int],
    hidden_layers: int = 5,
    error: float = 0.1,
    errors: Sequence[float] = (),
    **courses: Mapping[int, Sequence],
) -> dict[str, pd.DataFrame]:
    """The tables of one run: quantity=layer → its value at each of `updates`; a layer left out stays at the first.

    `error` is that of the end, `errors` are those at the updates.
    """
    rows = []
    for number, update in enumerate(updates):
        for layer in range(1, hidden_layers + 1):
            values = {
                quantity: course.get(layer, course.get(1, [0.0] * len(updates)))[number]
                for quantity, course in courses.items()
            }
            at = {"hidden_layers": hidden_layers, "learning_rate": 0.1, "seed": 0, "update": update, "layer": layer}
            rows.append(at | values)
    return {
        f"runs/shapeset/{name}/runs": runs((hidden_layers, 0.1, 0, error)),
        f"runs/shapeset/{name}/monitored": pd.DataFrame(rows),
        f"runs/shapeset/{name}/curves": pd.DataFrame(
            {"hidden_layers": hidden_layers, "learning_rate": 0.1, "seed": 0, "update": updates}
        ).assign(test_error=errors or error),
    }
