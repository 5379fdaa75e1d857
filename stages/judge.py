"""The stage that turns runs and measurements into numbers to compare: `python -m stages.judge`.

It reads exactly the data sets and models that params.yaml lists, whatever else lies in the folders.
"""

import json
from itertools import product
from pathlib import Path

import pandas as pd

from stages.artifacts import read_table
from stages.claims.table1 import paper_percent, table1_row
from stages.errors import report_input_errors
from stages.files import whole_folder, write_whole
from stages.params import load_params

CURVES = {  # file in reports/plots: the run table and its columns
    "error_curves": ("curves", ["validation_error", "test_error"]),
    "saturation_curves": ("monitored", ["activation_mean", "activation_std", "activation_p98"]),
    "gradient_curves": ("monitored", ["back_propagated_gradient_std", "weight_gradient_std"]),
}
DIGITS = 6  # significant ones, in every text file


def main() -> None:
    """Write reports/table1.csv, reports/metrics.json and reports/plots/."""
    params = load_params()
    rows, metrics = [], {}
    curves = {name: [] for name in CURVES}
    for dataset, (name, model) in product(params.datasets, params.models.items()):
        folder = Path("data/runs") / dataset / name
        runs = read_table(folder / "runs.parquet")
        row = table1_row(runs, read_table(folder / "predictions.parquet"))
        rows.append({"dataset": dataset, "model": name, **vars(model), **row})
        rows[-1]["paper_percent"] = paper_percent(dataset, model.activation, model.initialization)
        layers = read_table(Path("data/measured") / dataset / name / "layers.parquet")
        jacobians = read_table(Path("data/measured") / dataset / name / "jacobians.parquet")
        metrics.setdefault(dataset, {})[name] = {**headline(row), **layer_metrics(layers, jacobians)}
        for curve, (table, columns) in CURVES.items():
            of_chosen = chosen_run(read_table(folder / f"{table}.parquet"), runs)
            keys = [key for key in ("update", "layer") if key in of_chosen]
            curves[curve].append(of_chosen[[*keys, *columns]].assign(dataset=dataset, model=name))
    write_whole(Path("reports/table1.csv"), csv(pd.DataFrame(rows)))
    write_whole(Path("reports/metrics.json"), json.dumps(metrics, indent=2) + "\n")
    with whole_folder(Path("reports/plots")) as folder:
        for curve, tables in curves.items():
            write_whole(folder / f"{curve}.csv", csv(pd.concat(tables)))


def headline(row: dict[str, float]) -> dict[str, float]:
    """Return what is said of a model first: its test error and how it was chosen."""
    keys = ("test_error_percent", "mean_percent", "learning_rate", "hidden_layers", "diverged_runs")
    return {key: rounded(row[key]) for key in keys}


def layer_metrics(layers: pd.DataFrame, jacobians: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return moment → layer → number, from the measure stage's tables; what a layer does not have is left out."""
    table = layers.merge(jacobians, how="left", on=["moment", "layer"])
    return {
        moment: {
            f"layer_{row.pop('layer')}": {key: rounded(value) for key, value in row.items() if not pd.isna(value)}
            for row in rows[LAYER_METRICS].to_dict("records")
        }
        for moment, rows in table.groupby("moment", sort=False)
    }


LAYER_METRICS = [
    "layer",
    "activation_mean",
    "activation_std",
    "saturated_share",
    "back_propagated_gradient_std",
    "weight_gradient_std",
    "average_singular_value",
]


def chosen_run(table: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `table` that belong to the chosen one of `runs`."""
    run = ["hidden_layers", "learning_rate", "seed"]
    return table.merge(runs.loc[runs["chosen"], run], on=run)


def rounded(value: float) -> float:
    """Return `value` with DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")


def csv(table: pd.DataFrame) -> str:
    """Return `table` as CSV with DIGITS significant digits."""
    return table.to_csv(index=False, float_format=f"%.{DIGITS}g")


if __name__ == "__main__":
    report_input_errors(main)
