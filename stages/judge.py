"""Judge the claims, Table 1 and the metrics from runs and measurements: `python -m stages.judge`.

It reads only the data sets and models that params.yaml lists, this run's own or a record's.
"""

import json
from dataclasses import asdict
from itertools import product
from pathlib import Path

import pandas as pd

from stages.claims.editions import JUDGED, Edition, own, records
from stages.claims.ledger import DIGITS, counts, judge_claims, rounded
from stages.claims.marks import Mark, marks
from stages.claims.measurements import errors_of, judged_runs, measurements_in
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


def main(params: Params) -> None:
    """Write reports/ for this run and, by the same rules, reports/judged/<name>/ for every record."""
    edition = own(params)
    texts = judged(edition)
    plots = {name: csv(curves(edition.params, table, columns)) for name, (table, columns) in CURVES.items()}
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
    """Return the texts of the tables, the claims and the two files of DVC's metrics, by name.

    layers.csv has each layer's statistics before and after training; the layer above the hidden ones is the output.
    Raises InputError if a file of the edition is missing or damaged.
    """
    folder, params = edition.data, edition.params
    rows, of_runs, of_layers, test_errors, errors = [], [], [], {}, {}
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
        layers, jacobians = (read_table(measured / f"{table}.parquet") for table in ("layers", "jacobians"))
        statistics = layers.merge(jacobians, how="left", on=["moment", "layer"])
        of_layers.append(statistics.assign(dataset=dataset, model=name))
        test_errors.setdefault(dataset, {})[name] = rounded(row["mean_percent"])
    of_columns = {dataset: marks(of_models) for dataset, of_models in errors.items()}
    for row in rows:
        row |= asdict(of_columns.get(row["dataset"], {}).get(row["model"], NO_MARK))
    claims = judge_claims(measurements_in(folder, params))
    metrics = {"test_error_percent": test_errors, **counts(claims)}
    verdicts = {name: claim["verdict"] for name, claim in claims.items()}
    return {
        "table1.csv": csv(pd.DataFrame(rows)),
        "seeds.csv": csv(seeds_table(pd.concat(of_runs))),
        "layers.csv": csv(pd.concat(of_layers).set_index(["dataset", "model"]).reset_index()),
        "claims.json": json.dumps(claims, indent=2, ensure_ascii=False) + "\n",
        "metrics.json": json.dumps(metrics, indent=2) + "\n",
        "verdicts.json": json.dumps(verdicts, indent=2) + "\n",
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


def seeds_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return every run with its errors in percent, from which tests over seeds can be done again."""
    errors = [column for column in runs if column.endswith("_error")]
    percents = {f"{column}_percent": 100 * runs[column] for column in errors}
    first = ["dataset", "model", *RUN]
    updates = dict.fromkeys(("diverged_at", "kept_at"), "Int64")
    others = runs.drop(columns=[*first, *errors]).astype(updates).assign(**percents)
    return pd.concat([runs[first], others], axis="columns")


def csv(table: pd.DataFrame) -> str:
    """Return `table` as CSV with DIGITS significant digits."""
    return table.to_csv(index=False, float_format=f"%.{DIGITS}g")


if __name__ == "__main__":
    run_stage(main, load_params)
