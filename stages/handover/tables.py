"""Tables that one stage leaves for another: read, and checked against the schema of their name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.handover.schemas import (
    PERHAPS,
    RUN,
    SCHEMAS,
    SHARE,
    SHARE_PERHAPS,
    TEXT,
    TRUTH,
    WHOLE,
    Schema,
)
from stages.running.errors import AGAIN, InputError, unreadable

TYPES = {WHOLE: int, TEXT: str, TRUTH: bool}  # of pandas; every other kind is a float
BITS = 12  # significant ones of a statistic
LARGEST = 1e38  # about float32's: no measured number is larger


def read_table(file: Path) -> pd.DataFrame:
    """Return the table in `file`, Parquet or CSV, whose name has a schema in SCHEMAS.

    Raises InputError where the file cannot be read or does not follow its schema.
    """
    table = read_csv(file) if file.suffix == ".csv" else read_parquet(file)
    _check(file, table, SCHEMAS[file.stem])
    return table


def read_parquet(file: Path) -> pd.DataFrame:
    """Return a Parquet table of any columns; raises InputError where it cannot be read."""
    try:
        return pd.read_parquet(file)
    except Exception as error:  # damaged metadata may raise anything
        raise unreadable(file, error) from error


def read_csv(file: Path) -> pd.DataFrame:
    """Return a CSV table of any columns; raises InputError where it cannot be read."""
    try:
        return pd.read_csv(file)
    except (OSError, ValueError) as error:  # pandas' own errors and decoding errors are ValueErrors
        raise unreadable(file, error) from error


def table_of(name: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return `rows` as the table of this name, with the columns and types of its schema also where there are none."""
    schema = SCHEMAS[name]
    kinds = schema.key | schema.columns
    table = pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*kinds])
    return table.astype({column: TYPES.get(kind, float) for column, kind in kinds.items()})


def shortened(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return `table` with these columns as float32 of BITS significant bits, which compress to half the size.

    Each number changes by at most 0.025 %, less than other examples or units would change any statistic.
    """
    fractions, exponents = np.frexp(table[[*columns]].to_numpy(float))
    short = np.ldexp(np.rint(fractions * 2**BITS) / 2**BITS, exponents).astype(np.float32)
    return table.assign(**dict(zip(columns, short.T, strict=True)))


def read_runs(file: Path) -> pd.DataFrame:
    """Return a model's table of runs; raises InputError where it cannot be read or not exactly one run is chosen."""
    runs = read_table(file)
    chosen = int(runs["chosen"].sum())
    if chosen != 1:
        raise InputError(f"{file}: {chosen} of its {len(runs)} runs are chosen; allowed: exactly one; {AGAIN}")
    diverged = runs["diverged_at"].notna()
    needed = [column for column in SCHEMAS["runs"].columns if column != "diverged_at"]
    if diverged[runs["chosen"]].any() or runs.loc[~diverged, needed].isna().any(axis=None):
        raise InputError(f"{file}: a run that is chosen or has not diverged lacks its errors; {AGAIN}")
    return runs


def chosen_run(file: Path, table: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `table`, from `file`, that belong to the chosen one of `runs`; raises InputError for none."""
    found = table.merge(runs.loc[runs["chosen"], list(RUN)], on=list(RUN))
    if found.empty and runs["chosen"].any():
        raise InputError(f"{file}: has no rows of the chosen run; {AGAIN}")
    return found


def _check(file: Path, table: pd.DataFrame, known: Schema) -> None:
    """Raise InputError where a table does not have the columns, rows and layers of its schema."""
    missing = [column for column in (*known.key, *known.columns) if column not in table]
    if missing:
        raise InputError(f"{file}: lacks the columns {', '.join(missing)}; {AGAIN}")
    there = {column: kind for column, kind in known.perhaps.items() if column in table}
    for column, kind in (known.key | known.columns | there).items():
        if not _holds(table[column], kind):
            raise InputError(f"{file}: the column {column} must hold {kind}; {AGAIN}")
    if table.empty and not known.may_be_empty:
        raise InputError(f"{file}: has no rows; {AGAIN}")
    if table.duplicated([*known.key]).any():
        raise InputError(f"{file}: has rows with the same {', '.join(known.key)}; {AGAIN}")
    if known.layers_of and len(table):
        _check_layers(file, table, known)


def _check_layers(file: Path, table: pd.DataFrame, known: Schema) -> None:
    """Raise InputError where a table lacks a layer, or a hidden layer lacks a number."""
    for column, texts in known.texts.items():
        if set(table[column].unique()) != texts:
            raise InputError(f"{file}: the column {column} has not just {', '.join(sorted(texts))}; {AGAIN}")
    groups = table[[*known.layers_of]].drop_duplicates()
    if known.texts and len(groups) != np.prod([groups[column].nunique() for column in groups]):
        raise InputError(f"{file}: lacks some of each {', '.join(known.layers_of)}; {AGAIN}")
    layers = table.groupby([*known.layers_of])["layer"]
    top = layers.transform("max")
    if (layers.min() != 1).any() or (layers.nunique() != layers.max()).any():
        raise InputError(f"{file}: leaves out a layer; {AGAIN}")
    if "hidden_layers" in table and (top != table["hidden_layers"] + 1).any():
        raise InputError(f"{file}: has other layers than hidden_layers says; {AGAIN}")
    for column, kind in known.columns.items():
        if kind in (PERHAPS, SHARE_PERHAPS) and table.loc[table["layer"] < top, column].isna().any():
            raise InputError(f"{file}: the column {column} lacks the number of a hidden layer; {AGAIN}")


def _holds(column: pd.Series, kind: str) -> bool:
    """Return whether all values of a column are of this kind."""
    if kind == TEXT:
        return pd.api.types.is_string_dtype(column) and not column.isna().any()
    if kind == TRUTH:
        return column.dtype == bool
    if not pd.api.types.is_numeric_dtype(column) or column.dtype == bool:
        return False
    if kind in (PERHAPS, SHARE_PERHAPS):
        column = column.dropna()
    values = column.to_numpy(float, na_value=np.nan)
    if kind == WHOLE:
        return pd.api.types.is_integer_dtype(column) and bool((values >= 0).all())
    if kind in (SHARE, SHARE_PERHAPS):
        return bool(((values >= 0) & (values <= 1)).all())
    return bool((np.abs(values) < LARGEST).all())
