"""What the tables that stages hand on are like, and the check of one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from stages.running.errors import AGAIN, InputError

RUN = ("hidden_layers", "learning_rate", "seed")  # the columns that tell a model's runs apart
LARGEST = 1e38  # about float32's: what is larger has not been measured

WHOLE, NUMBER, PERHAPS = "whole numbers from 0 up", "finite numbers", "finite numbers or nothing"
TEXT, TRUTH = "texts", "truth values"
SHARE, SHARE_PERHAPS = "numbers from 0 to 1", "numbers from 0 to 1 or nothing"
OF_RUN = {"hidden_layers": WHOLE, "learning_rate": NUMBER, "seed": WHOLE}
OF_LAYER = {
    "activation_mean": PERHAPS,
    "activation_std": PERHAPS,
    "back_propagated_gradient_std": NUMBER,
    "weight_gradient_std": NUMBER,
}
OF_ERRORS = {"validation_error": SHARE, "test_error": SHARE}


@dataclass(frozen=True)
class Table:
    """What a table that stages hand on is like; where there is nothing, there is nothing of the highest layer only."""

    key: dict[str, str]
    """the columns that tell its rows apart, with what is in them"""
    columns: dict[str, str]
    """what else it has to have"""
    layers_of: tuple[str, ...] = ()
    """each of these has layers from 1 up without a gap"""
    texts: dict[str, set[str]] = field(default_factory=dict)
    """what is in columns of texts, all of it in every group if the table has rows"""
    may_be_empty: bool = False
    """whether it may have no rows: of one hidden layer, or of no random weights"""


BOTH_MOMENTS = {"moment": {"initial", "final"}}
QUANTITIES = {"quantity": {"activation", "back_propagated_gradient", "weight_gradient"}}
TABLES = {
    "runs": Table(
        OF_RUN,
        {"chosen": TRUTH, "diverged_at": PERHAPS, "validation_error": SHARE_PERHAPS, "test_error": SHARE_PERHAPS},
    ),
    "curves": Table({**OF_RUN, "update": WHOLE}, OF_ERRORS),
    "monitored": Table(
        {**OF_RUN, "update": WHOLE, "layer": WHOLE},
        {**OF_LAYER, "activation_p2": PERHAPS, "activation_p98": PERHAPS},
        (*OF_RUN, "update"),
    ),
    "histograms": Table(
        {"update": WHOLE, "quantity": TEXT, "layer": WHOLE, "left": NUMBER},
        {"right": NUMBER, "density": NUMBER},
        ("update", "quantity"),
        QUANTITIES,
    ),
    "predictions": Table({"index": WHOLE}, {"label": WHOLE, "prediction": WHOLE}),
    "layers": Table(
        {"moment": TEXT, "layer": WHOLE}, {**OF_LAYER, "saturated_share": PERHAPS}, ("moment",), BOTH_MOMENTS
    ),
    "jacobians": Table(
        {"moment": TEXT, "layer": WHOLE},
        {"average_singular_value": NUMBER},
        ("moment",),
        BOTH_MOMENTS,
        may_be_empty=True,
    ),
    "spectra": Table(
        {"moment": TEXT, "layer": WHOLE, "share": SHARE},
        {"singular_value": NUMBER},
        ("moment",),
        BOTH_MOMENTS,
        may_be_empty=True,
    ),
    "theory": Table(
        {"quantity": TEXT, "layer": WHOLE},
        dict.fromkeys(["measured", "linear", "mean_field"], NUMBER),
        ("quantity",),
        QUANTITIES,
        may_be_empty=True,
    ),
    "surfaces": Table({"cost": TEXT, "weight_1": NUMBER, "weight_2": NUMBER}, {"value": NUMBER, "plateau": TRUTH}),
    "plateaus": Table(
        {"cost": TEXT},
        dict.fromkeys(["plateau_share", "plateau_share_half_as_strict", "plateau_share_twice_as_strict"], SHARE),
    ),
    "table1": Table(
        {"dataset": TEXT, "model": TEXT},
        {
            **dict.fromkeys(["activation", "initialization"], TEXT),
            **dict.fromkeys(["test_error_percent", "low_percent", "high_percent", "mean_percent"], NUMBER),
            **dict.fromkeys(["std_percent", "paper_percent"], PERHAPS),
            "learning_rate": NUMBER,
            "hidden_layers": WHOLE,
            "seeds": WHOLE,
            "marked": TRUTH,
        },
    ),
}


def check(file: Path, table: pd.DataFrame) -> None:
    """Raise InputError where a table that is one of TABLES by name has other contents, or rows twice or not at all."""
    if file.stem not in TABLES:
        return
    known = TABLES[file.stem]
    with_columns(file, table, [*known.key, *known.columns])
    for column, kind in (known.key | known.columns).items():
        if not _holds(table[column], kind):
            raise InputError(f"{file}: the column {column} holds something else than {kind}; {AGAIN}")
    if table.empty and not known.may_be_empty:
        raise InputError(f"{file}: has no rows; {AGAIN}")
    key = [*known.key, *({"model"} & set(table))]  # the SVM's answers lie in one table with the network's
    if table.duplicated(key).any():
        raise InputError(f"{file}: has rows with the same {', '.join(key)}; {AGAIN}")
    if known.layers_of and len(table):
        _check_layers(file, table, known)


def _check_layers(file: Path, table: pd.DataFrame, known: Table) -> None:
    """Raise InputError where a table that goes through layers leaves out one, or a number of it."""
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
        if kind == PERHAPS and table.loc[table["layer"] < top, column].isna().any():
            raise InputError(f"{file}: the column {column} lacks the number of a hidden layer; {AGAIN}")


def _holds(column: pd.Series, kind: str) -> bool:
    """Tell whether a column has only what `kind` says."""
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


def with_columns(file: Path, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return `table`, which was read from `file`; raises InputError where it lacks one of `columns`."""
    missing = [column for column in columns if column not in table]
    if missing:
        raise InputError(f"{file}: lacks the columns {', '.join(missing)}; {AGAIN}")
    return table
