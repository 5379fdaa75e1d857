"""Keep this run's results in git, for later editions to stand beside: `python -m commands.record <name>`.

A record holds what claims and figures read, as in data/, but of each depth only the runs at its best learning rate, and
of the histograms only some moments. What is kept is kept exactly, so the verdicts are the same.
"""

import argparse
import hashlib
import re
import shutil
from collections.abc import Sequence
from io import StringIO
from itertools import product
from pathlib import Path

import pandas as pd
import pyarrow
import torch
from pyarrow.parquet import write_table as write_parquet
from ruamel.yaml import YAML

from publishing.git import git
from stages.claims.editions import CHECKSUMS, RECORDED
from stages.claims.measurements import at_best_rate
from stages.claims.verdict import Undecided
from stages.figures.made import versions
from stages.figures.playback import spread
from stages.handover.machine import processor
from stages.handover.objects import read_json
from stages.handover.schemas import RUN
from stages.handover.tables import read_runs, read_table
from stages.params import Params, load_params
from stages.running.errors import InputError, report_input_errors, say
from stages.running.files import whole_folder, write_whole

DATA, PARAMS, DURATIONS = Path("data"), Path("params.yaml"), Path("data/durations.csv")
MOMENTS = 8  # of the histograms
OF_BEST_RATE = ("monitored", "predictions")  # the tables of which other learning rates are left out


def main() -> None:
    """Write reports/recorded/<name>/; raises InputError if there is one of this name, or nothing to keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of the record, such as epyc-2-cores-overnight")
    name = parser.parse_args().name
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise InputError(f"NAME is {name!r}; allowed: small letters, digits and hyphens")
    if (RECORDED / name).exists():
        raise InputError(f"{RECORDED / name} exists already; a record is never edited, so choose another name")
    params = load_params()
    absent = without_results(params)
    if absent:
        say(f"left out, since they have no results of these parameters: {', '.join(absent)}")
    if len(absent) == len(params.models):
        raise InputError("no model of params.yaml has results on all of its data sets; run `dvc repro` first")
    with whole_folder(RECORDED / name) as folder:
        keep(params, [model for model in params.models if model not in absent], folder)
        write_whole(folder / PARAMS, parameters_without(absent))
        write_whole(folder / "environment.md", environment(folder))
        if DURATIONS.exists():
            shutil.copy(DURATIONS, folder)
        write_whole(folder / CHECKSUMS, checksums(folder))
    size = sum(file.stat().st_size for file in (RECORDED / name).rglob("*") if file.is_file())
    print(f"{RECORDED / name}: {size / 1e6:.1f} MB")


def without_results(params: Params) -> list[str]:
    """Return the models that have not been trained with these parameters and measured, on one of the data sets."""
    return [
        model for model in params.models if not all(has_results(params, dataset, model) for dataset in params.datasets)
    ]


def has_results(params: Params, dataset: str, model: str) -> bool:
    """Return whether the results of a model in data/ are complete and of these parameters."""
    runs, measured = (DATA / folder / dataset / model for folder in ("runs", "measured"))
    made = runs / "made.json"
    return measured.is_dir() and made.exists() and read_json(made)["parameters"] == params.of_training(dataset, model)


def keep(params: Params, models: Sequence[str], folder: Path) -> None:
    """Write the tables of `models`, of the SVM and of figure 5 into `folder`, in the places that they have in data/."""
    for dataset, model in product(params.datasets, models):
        runs = read_runs(DATA / "runs" / dataset / model / "runs.parquet")
        best = best_runs(runs)
        for file in files_of(DATA / "runs" / dataset / model) + files_of(DATA / "measured" / dataset / model):
            table = read_table(file)
            write_table(thinned(file.stem, table, best), folder / file.relative_to(DATA))
        shutil.copy(DATA / "runs" / dataset / model / "made.json", folder / "runs" / dataset / model)
    for place in [*(Path("svm") / dataset for dataset in params.datasets), Path("surfaces")]:
        for file in files_of(DATA / place):
            write_table(read_table(file), folder / place / file.name)


def files_of(folder: Path) -> list[Path]:
    """Return the tables in `folder` by name."""
    return sorted(folder.glob("*.parquet"))


def best_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of all seeds at the best learning rate of each depth."""
    found = []
    for _, of_depth in runs.groupby("hidden_layers"):
        try:
            found.append(at_best_rate(of_depth, "a model", "a data set"))
        except Undecided:  # all of them diverged
            found.append(of_depth)
    return pd.concat(found)


def thinned(name: str, table: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a model's table that a record keeps."""
    if name in OF_BEST_RATE:
        kept = table.merge(best[list(RUN)].assign(best=True), how="left", on=list(RUN))["best"].notna()
        if "update" in table:  # at initialization all learning rates have the same networks
            kept |= table["update"] == 0
        return table[kept.to_numpy()]
    if name == "histograms":
        return table[table["update"].isin(spread(table["update"], MOMENTS))]
    return table


def write_table(table: pd.DataFrame, file: Path) -> None:
    """Write a table as small as Parquet makes it without a change of any value."""
    file.parent.mkdir(parents=True, exist_ok=True)
    encodings = {column: "BYTE_STREAM_SPLIT" for column in table.select_dtypes("floating") if column not in RUN}
    if "index" in table:  # the seeds' answers to the same image are mostly alike
        table, encodings["index"] = table.sort_values("index", kind="stable"), "DELTA_BINARY_PACKED"
    columns = pyarrow.Table.from_pandas(table, preserve_index=False).replace_schema_metadata()
    write_parquet(
        columns,
        file,
        compression="zstd",
        compression_level=19,
        use_dictionary=[column for column in table if column not in encodings],
        column_encoding=encodings,
        store_schema=False,
    )


def parameters_without(models: Sequence[str]) -> str:
    """Return params.yaml as text without these models."""
    yaml = YAML()
    yaml.width = 4096  # no line is broken
    values = yaml.load(PARAMS)
    for model in models:
        del values["models"][model]
    written = StringIO()
    yaml.dump(values, written)
    return written.getvalue()


def environment(folder: Path) -> str:
    """Return where the results in `folder` come from, as Markdown."""
    devices = {read_json(file)["device"] for file in folder.glob("runs/*/*/made.json")}
    told = ", ".join(f"{library} {version}" for library, version in versions().items())
    return (
        "# Where these results come from\n\n"
        f"- Trained on: {', '.join(sorted(devices))}\n"
        f"- Recorded on: {processor()}, {torch.backends.cpu.get_cpu_capability()}\n"
        f"- Versions: {told}\n"
        f"- Commit: {git('rev-parse', 'HEAD')}\n"
        "- Command: `dvc repro` with the `params.yaml` beside this file\n"
    )


def checksums(folder: Path) -> str:
    """Return the SHA-256 of every file in `folder`, as `sha256sum --check` reads it."""
    lines = []
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        lines.append(f"{digest}  {file.relative_to(folder).as_posix()}\n")
    return "".join(lines)


if __name__ == "__main__":
    report_input_errors(main)
