"""Reading what earlier stages wrote; a file that is missing, damaged or of other contents is named in one line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowException
from safetensors import SafetensorError
from safetensors.numpy import load_file

from stages.errors import InputError

RUN = ("hidden_layers", "learning_rate", "seed")  # the columns that tell a model's runs apart
AGAIN = "`dvc repro` makes it anew"


def read_table(file: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return the Parquet table in `file`; raises InputError where it cannot be read or lacks one of `columns`."""
    try:
        table = pd.read_parquet(file)
    except (OSError, ValueError, ArrowException) as error:
        raise _unreadable(file, error) from error
    return _with_columns(file, table, columns)


def read_csv(file: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Return the CSV table in `file`; raises InputError where it cannot be read or lacks one of `columns`."""
    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:  # pandas' own errors, and those of an encoding, are ValueErrors
        raise _unreadable(file, error) from error
    return _with_columns(file, table, columns)


def read_runs(file: Path) -> pd.DataFrame:
    """Return a model's table of runs; raises InputError where it cannot be read or not exactly one run is chosen."""
    runs = read_table(file, [*RUN, "chosen", "diverged_at", "validation_error", "test_error"])
    chosen = int(runs["chosen"].sum()) if runs["chosen"].dtype == bool else 0
    if chosen != 1:
        raise InputError(f"{file}: {chosen} of its {len(runs)} runs are chosen; allowed: exactly one; {AGAIN}")
    return runs


def read_tensors(file: Path) -> dict[str, np.ndarray]:
    """Return the named arrays in the safetensors `file`; raises InputError where it cannot be read."""
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise _unreadable(file, error) from error


def _with_columns(file: Path, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    missing = [column for column in columns if column not in table]
    if missing:
        raise InputError(f"{file}: lacks the columns {', '.join(missing)}; {AGAIN}")
    return table


def _unreadable(file: Path, error: Exception) -> InputError:
    return InputError(f"{file}: missing or damaged ({' '.join(str(error).split())}); {AGAIN}")
