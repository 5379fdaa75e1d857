"""Judge the claims, Table 1 and the metrics from runs and measurements: `python -m stages.judge`.

It reads only the data sets and models that params.yaml lists, this run's own or a record's.
"""

import json
from dataclasses import asdict
from itertools import product
from pathlib import Path

import pandas as pd

from stages.claims.editions import JUDGED, Edition, own, records
from stages.claims.ledger import DIGITS, claim_metrics, judge_claims, rounded
from stages.claims.marks import Mark, marks
from stages.claims.measurements import errors_of, judged_runs, measurements_in, of_first_seed
from stages.claims.table1 import paper_model, paper_percent, table1_row
from stages.handover.schemas import RUN
from stages.handover.tables import chosen_run, read_runs, read_table
from stages.params import Params, load_params
from stages.running.files import whole_folder, write_whole
from stages.running.stage import run_stage

CURVES = {  # file in reports/plots: the run table and its columns
    "error_curves": ("curves", ["update", "validation_error", "test_error"]),
    "saturation_curves": (
        "monitored",
        ["update", "layer", "activation_mean", "activation_std", "activation_p2", "activation_p98"],
    ),
    "gradient_curves": ("monitored", ["update", "layer", "back_propagated_gradient_std", "weight_gradient_std"]),
}
OF_RECORDS = "What `judge` found in each record of `reports/recorded/`, by the same rules as in this run.\n"
NO_MARK = Mark(None, marked=False)  # of models that the paper's Table 1 does not have
LAYER_METRICS = {  # the measured table and its columns
    "layers": [
        "activation_mean",
        "activation_std",
        "saturated_share",
        "back_propagated_gradient_std",
        "weight_gradient_std",
    ],
    "jacobians": ["average_singular_value"],
}


def main(params: Params) -> None:
    """Write reports/ for this run and, by the same rules, reports/judged/<name>/ for every record."""
    texts = judged(own(params))
    plots = {name: csv(curves(params, table, columns)) for name, (table, columns) in CURVES.items()}
    of_records = {record.name: judged(record) for record in records()}
    for name, text in texts.items():
        write_whole(Path("reports") / name, text)
    with whole_folder(Path("reports/plots")) as folder:
        for name, text in plots.items():
            write_whole(folder / f"{name}.csv", text)
    with whole_folder(JUDGED) as folder:
        write_whole(folder / "README.md", OF_RECORDS)
        for record, texts in of_records.items():
            for name, text in texts.items():
                write_whole(folder / record / name, text)


def judged(edition: Edition) -> dict[str, str]:
    """Return the texts of table1.csv, seeds.csv, claims.json and metrics.json by name.

    Raises InputError if a file of the edition is missing or damaged.
    """
    folder, params = edition.data, edition.params
    rows, of_runs, metrics, errors = [], [], {}, {}
    for dataset, (name, model) in product(params.datasets, params.models.items()):
        runs = read_runs(folder / "runs" / dataset / name / "runs.parquet")
        predictions = read_table(folder / "runs" / dataset / name / "predictions.parquet")
        row = table1_row(runs, predictions, dataset)
        of_runs.append(runs.assign(dataset=dataset, model=name))
        if paper_model(model):
            errors.setdefault(dataset, {})[name] = errors_of(judged_runs(runs, name, dataset), dataset)
        recipe = {key: getattr(model, key) for key in ("activation", "initialization", "update_rule")}
        rows.append({"dataset": dataset, "model": name, **recipe, **row})
        rows[-1]["paper_percent"] = paper_percent(dataset, model)
        measured = folder / "measured" / dataset / name
        layers, jacobians = (read_table(measured / f"{table}.parquet") for table in LAYER_METRICS)
        metrics.setdefault(dataset, {})[name] = {
            **headline(row),
            "validation_error_percent": by_depth(runs),
            **layer_metrics(layers, jacobians),
        }
    of_columns = {dataset: marks(of_models) for dataset, of_models in errors.items()}
    for row in rows:
        row |= asdict(of_columns.get(row["dataset"], {}).get(row["model"], NO_MARK))
    claims = judge_claims(measurements_in(folder, params))
    metrics["claims"] = claim_metrics(claims)
    return {
        "table1.csv": csv(pd.DataFrame(rows)),
        "seeds.csv": csv(seeds_table(pd.concat(of_runs))),
        "claims.json": json.dumps(claims, indent=2, ensure_ascii=False) + "\n",
        "metrics.json": json.dumps(metrics, indent=2) + "\n",
    }


def curves(params: Params, table: str, columns: list[str]) -> pd.DataFrame:
    """Return these columns of a run table of this run's models, only of their chosen runs."""
    found = []
    for dataset, name in product(params.datasets, params.models):
        file = Path("data/runs") / dataset / name / f"{table}.parquet"
        of_chosen = chosen_run(file, read_table(file), read_runs(file.with_name("runs.parquet")))
        if "layer" in columns:  # hidden ones only, as in the paper's figures
            of_chosen = of_chosen[of_chosen["layer"] <= of_chosen["hidden_layers"]]
        found.append(of_chosen[columns].assign(dataset=dataset, model=name))
    return pd.concat(found)


def headline(row: dict[str, float]) -> dict[str, float]:
    """Return a model's main metrics: its test error, and the rate and depth of the chosen run."""
    return {
        "test_error_percent": rounded(row["mean_percent"]),
        "test_error_percent_of_chosen_run": rounded(row["test_error_percent"]),
        "learning_rate": row["learning_rate"],
        "hidden_layers": int(row["hidden_layers"]),
        "diverged_runs": row["diverged_runs"],
    }


def seeds_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return every run with its errors in percent, from which tests over seeds can be done again."""
    errors = [column for column in runs if column.endswith("_error")]
    percents = {f"{column}_percent": 100 * runs[column] for column in errors}
    first = ["dataset", "model", *RUN]
    updates = dict.fromkeys(("diverged_at", "kept_at"), "Int64")
    others = runs.drop(columns=[*first, *errors]).astype(updates).assign(**percents)
    return pd.concat([runs[first], others], axis="columns")


def by_depth(runs: pd.DataFrame) -> dict[str, float]:
    """Return the lowest validation error in percent at each depth, over runs of the first seed that did not diverge."""
    lowest = 100 * of_first_seed(runs).groupby("hidden_layers")["validation_error"].min().dropna()
    return {f"{depth}_hidden_layers": rounded(percent) for depth, percent in lowest.items()}


def layer_metrics(layers: pd.DataFrame, jacobians: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Return moment → layer → metric → value, from the measure stage's tables; missing values are left out."""
    table = layers.merge(jacobians, how="left", on=["moment", "layer"])
    names = {layer: f"layer_{layer}" for layer in table["layer"]} | {table["layer"].max(): "output"}
    metrics = [column for columns in LAYER_METRICS.values() for column in columns]
    found = {}
    for row in table.to_dict("records"):
        there = {key: rounded(row[key]) for key in metrics if not pd.isna(row[key])}
        found.setdefault(row["moment"], {})[names[row["layer"]]] = there
    return found


def csv(table: pd.DataFrame) -> str:
    """Return `table` as CSV with DIGITS significant digits."""
    return table.to_csv(index=False, float_format=f"%.{DIGITS}g")


if __name__ == "__main__":
    run_stage(main, load_params)
