"""Reading what earlier stages wrote; a file that is missing, damaged or of other contents is named in one line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load_file

from stages.handover.tables import RUN, check, with_columns
from stages.running.errors import AGAIN, InputError


def read_table(file: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return the Parquet table in `file`.

    Raises InputError where it cannot be read, lacks one of `columns`, or is one of TABLES by name but not by contents.
    """
    try:
        table = pd.read_parquet(file)
    except Exception as error:  # a file describes its columns itself, and damaged words of that may raise anything
        raise _unreadable(file, error) from error
    check(file, table)
    return with_columns(file, table, columns)


def read_csv(file: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return the CSV table in `file`; raises InputError as `read_table` does."""
    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:  # pandas' own errors, and those of an encoding, are ValueErrors
        raise _unreadable(file, error) from error
    check(file, table)
    return with_columns(file, table, columns)


def read_runs(file: Path) -> pd.DataFrame:
    """Return a model's table of runs; raises InputError where it cannot be read or not exactly one run is chosen."""
    runs = read_table(file)
    chosen = int(runs["chosen"].sum())
    if chosen != 1:
        raise InputError(f"{file}: {chosen} of its {len(runs)} runs are chosen; allowed: exactly one; {AGAIN}")
    diverged = runs["diverged_at"].notna()
    if diverged[runs["chosen"]].any() or runs.loc[~diverged, ["validation_error", "test_error"]].isna().any(axis=None):
        raise InputError(f"{file}: a run that is chosen or has not diverged lacks its errors; {AGAIN}")
    return runs


def chosen_run(file: Path, table: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `table`, from `file`, that belong to the chosen one of `runs`; raises InputError for none."""
    found = table.merge(runs.loc[runs["chosen"], list(RUN)], on=list(RUN))
    if found.empty and runs["chosen"].any():
        raise InputError(f"{file}: has no rows of the chosen run; {AGAIN}")
    return found


def read_tensors(file: Path) -> dict[str, np.ndarray]:
    """Return the named arrays in the safetensors `file`; raises InputError where it cannot be read."""
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise _unreadable(file, error) from error


def read_parameters(file: Path, inputs: int, classes: int) -> dict[str, np.ndarray]:
    """Return a network's parameters by their names, float32: weight_1 (inputs, units), bias_1 (units,), weight_2, …

    Raises InputError where they cannot be read, are not finite, or are of no network with so many inputs and classes.
    """
    arrays = read_tensors(file)
    layers = range(1, len(arrays) // 2 + 1)
    names = [f"{kind}_{layer}" for layer in layers for kind in ("weight", "bias")]
    if sorted(arrays) != sorted(names) or len(layers) < 2:
        raise InputError(f"{file}: holds {listed(arrays)}; allowed: weight_1, bias_1, weight_2, …; {AGAIN}")
    below = inputs
    for layer in layers:
        weight, bias = arrays[f"weight_{layer}"], arrays[f"bias_{layer}"]
        units = classes if layer == layers[-1] else bias.size
        if weight.shape != (below, units) or bias.shape != (units,) or units == 0:
            raise InputError(
                f"{file}: weight_{layer} is {weight.shape} and bias_{layer} {bias.shape}; allowed: "
                f"({below}, {units or 'units'}) and ({units or 'units'},); {AGAIN}"
            )
        below = units
    for name, array in arrays.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise InputError(f"{file}: {name} is {array.dtype} or not finite; allowed: finite float32; {AGAIN}")
    return arrays


def read_json(file: Path) -> dict[str, Any]:
    """Return the object in a JSON file; raises InputError where it cannot be read or is something else."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(file, error) from error
    if not isinstance(found, dict):
        raise InputError(f"{file}: damaged (no values by their names); {AGAIN}")
    return found


def listed(names: Sequence[str]) -> str:
    """Return the first of many names; they may be anything."""
    shown = ", ".join(repr(name)[1:-1][:40] for name in sorted(names)[:6])
    return f"{shown}, …" if len(names) > 6 else shown or "nothing"


def _unreadable(file: Path, error: Exception) -> InputError:
    return InputError(f"{file}: missing or damaged ({' '.join(str(error).split())}); {AGAIN}")
