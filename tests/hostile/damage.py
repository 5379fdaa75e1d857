"""Ways to damage what a stage reads, and how a stage that was given it may end."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from stages.params import load_params
from stages.running.errors import InputError, report_input_errors

# a place in a file or table, whatever its length; of whole numbers, as `compute_alike` takes the smallest floats away
PART = st.integers(0, 2**20 - 1).map(lambda number: number / 2**20)
BYTES = st.one_of(  # what becomes of a file's bytes
    st.tuples(st.just("cut"), PART),
    st.tuples(st.just("flipped"), st.lists(st.tuples(PART, st.integers(1, 255)), min_size=1, max_size=8)),
    st.tuples(st.just("replaced"), st.binary(max_size=64)),
    st.tuples(st.just("longer"), st.binary(min_size=1, max_size=64)),
    st.tuples(st.just("middle"), PART, st.binary(min_size=1, max_size=64)),
    st.sampled_from([("missing",), ("emptied",), ("folder",)]),
)
CELLS = st.sampled_from([np.nan, np.inf, -np.inf, -1, 0, 1, 2, 0.5, 7, 1e30, 1e-30, 1e300, 5e-324, 2**62])
COLUMNS = st.sampled_from(["text", "numbers as texts", "nothing", "truth", "float32", "times", "lists", "categories"])
ROWS = st.one_of(  # what becomes of a table
    st.tuples(st.just("cell"), PART, PART, CELLS),
    st.tuples(st.just("column"), PART, CELLS),
    st.tuples(st.just("kind"), PART, COLUMNS),
    st.tuples(st.just("without"), PART),
    st.tuples(st.just("renamed"), PART, st.text(max_size=5)),
    st.tuples(st.just("fewer rows"), PART, PART),
    st.tuples(st.just("only rows"), PART, PART),
    st.tuples(st.just("shuffled"), st.integers(0, 9)),
    st.sampled_from([("no rows",), ("rows twice",), ("no columns",)]),
)
ARRAYS = st.one_of(  # what becomes of named arrays
    st.tuples(st.just("number"), PART, PART, CELLS),
    st.tuples(st.just("all"), PART, CELLS),
    st.tuples(st.just("kind"), PART, st.sampled_from(["float64", "float16", "int64", "uint8", "bool"])),
    st.tuples(st.just("shape"), PART, st.sampled_from(["turned", "flat", "deeper", "shorter", "empty", "one"])),
    st.tuples(st.just("without"), PART),
    st.tuples(st.just("renamed"), PART, st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
    st.tuples(st.just("another"), st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
)


def damaged_bytes(content: bytes, how: tuple) -> bytes:
    """Return `content` after one of BYTES, but for what leaves no file."""
    what, *more = how
    if what == "cut":
        return content[: int(more[0] * len(content))]
    if what == "flipped":
        changed = bytearray(content)
        for place, bits in more[0]:
            changed[int(place * len(content))] ^= bits
        return bytes(changed)
    if what == "middle":
        begin = int(more[0] * len(content))
        return content[:begin] + more[1] + content[begin + len(more[1]) :]
    return {"replaced": b"", "longer": content, "emptied": b""}[what] + (more[0] if more else b"")


def damage_bytes(file: Path, how: tuple) -> None:
    """Do one of BYTES to `file`."""
    content = file.read_bytes()
    file.unlink()
    if how[0] == "folder":
        file.mkdir()
    elif how[0] != "missing":
        file.write_bytes(damaged_bytes(content, how))


def damaged_table(table: pd.DataFrame, how: tuple) -> pd.DataFrame:
    """Return a table after one of ROWS."""
    what, *more = how
    if what in ("no rows", "rows twice", "no columns", "shuffled"):
        return {
            "no rows": lambda: table.iloc[:0],
            "rows twice": lambda: pd.concat([table, table]),
            "no columns": lambda: table[[]],
            "shuffled": lambda: table.sample(frac=1, random_state=more[0]),
        }[what]()
    if what in ("fewer rows", "only rows"):
        begin, end = sorted(int(part * (len(table) + 1)) for part in more)
        inside = (np.arange(len(table)) >= begin) & (np.arange(len(table)) < end)
        return table[inside if what == "only rows" else ~inside]
    column = table.columns[int(more[0] * len(table.columns))]
    if what == "without":
        return table.drop(columns=column)
    if what == "renamed":
        return table.rename(columns={column: more[1]})
    if what == "kind":
        return table.assign(**{column: of_kind(table[column], more[1])})
    if what == "column":
        return table.assign(**{column: more[1]})
    cells = table[column].astype(object)
    cells.iloc[int(more[1] * len(cells))] = more[2]
    kept = pd.to_numeric(cells, errors="coerce") if pd.api.types.is_numeric_dtype(table[column]) else cells.map(str)
    return table.assign(**{column: kept})


def of_kind(column: pd.Series, kind: str) -> Any:
    """Return the column, or another of its length, as something else."""
    return {
        "text": lambda: "x",
        "numbers as texts": lambda: column.map(str),
        "nothing": lambda: None,
        "truth": lambda: True,
        "float32": lambda: pd.to_numeric(column, errors="coerce").astype("float32"),
        "times": lambda: pd.Timestamp("2010-05-13"),
        "lists": lambda: [[1]] * len(column),
        "categories": lambda: column.astype(str).astype("category"),
    }[kind]()


def damage_table(file: Path, how: tuple) -> None:
    """Do one of ROWS to the table in `file`, Parquet or CSV."""
    if file.suffix == ".csv":
        damaged_table(pd.read_csv(file), how).to_csv(file, index=False)
    else:
        damaged_table(pd.read_parquet(file), how).to_parquet(file, index=False)


def damage_arrays(file: Path, how: tuple) -> None:
    """Do one of ARRAYS to the arrays in `file`, safetensors."""
    arrays = {name: array.copy() for name, array in load_file(file).items()}
    what, *more = how
    if what == "another":
        arrays[more[0]] = np.zeros(3, np.float32)
    else:
        name = sorted(arrays)[int(more[0] * len(arrays))]
        array = arrays.pop(name)
        if what == "renamed":
            arrays[more[1]] = array
        elif what != "without":
            arrays[name] = np.ascontiguousarray(damaged_array(array, what, *more[1:]))
    save_file(arrays, file)


def damaged_array(array: np.ndarray, what: str, *more: Any) -> np.ndarray:
    """Return an array with another number, or of another kind or shape."""
    if what == "kind":
        return array.astype(more[0])
    if what == "shape":
        return {
            "turned": lambda: array.T,
            "flat": lambda: array.reshape(-1),
            "deeper": lambda: array[None],
            "shorter": lambda: array[:-1],
            "empty": lambda: array[:0],
            "one": lambda: array[:1],
        }[more[0]]()
    with np.errstate(all="ignore"):
        value = np.array(more[-1]).astype(array.dtype)
    array.reshape(-1)[... if what == "all" else int(more[0] * array.size)] = value
    return array


def damage(file: Path, how: tuple) -> None:
    """Do one of BYTES to a file, or else one of ROWS to a table or one of ARRAYS to arrays."""
    if how[0] in ("cut", "flipped", "replaced", "longer", "middle", "missing", "emptied", "folder"):
        damage_bytes(file, how)
    else:
        (damage_arrays if file.suffix == ".safetensors" else damage_table)(file, how)


@contextmanager
def restored(file: Path) -> Iterator[None]:
    """Put `file` back as it was when the block ends."""
    content = file.read_bytes()
    try:
        yield
    finally:
        if file.is_dir():
            file.rmdir()
        file.write_bytes(content)


def snapshot(*places: str) -> dict[str, str]:
    """Return the checksum of every file at or under `places`, hidden ones too."""
    found = (file for place in map(Path, places) for file in ([place] if place.is_file() else place.rglob("*")))
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in found if file.is_file()}


def refused(read: Callable[..., Any], *arguments: Any) -> str:
    """Call a reader; return the one line that refuses what it read, or nothing."""
    try:
        read(*arguments)
    except InputError as error:
        line = str(error)
    else:
        return ""
    assert line.splitlines() == [line]
    return line


def ending(main: Callable[[], None], *arguments: str, table_after: str = "") -> str:
    """Run a stage as from its command line; return the error that it ends with, of one line, or nothing.

    table_after: how an error begins that may have more lines.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["stage", *arguments])
        try:
            report_input_errors(lambda: main(load_params()))
        except SystemExit as stop:
            line = str(stop.code)
            assert line.startswith("error: ")
            assert line.splitlines() == [line] or (table_after and line.startswith(table_after))
            return line
    return ""


def ends_well(main: Callable[[], None], *arguments: str, outputs: tuple[str, ...], named: str) -> bool:
    """Run a stage as `ending` does; tell whether it succeeded.

    Where it did not, its line names one of the files that it reads, and its outputs are what they were; in either case
    nothing half-written is left.
    """
    before = snapshot(*outputs)
    line = ending(main, *arguments)
    assert not list(Path().rglob("*.unfinished"))
    if line:
        assert named in line, line
        assert snapshot(*outputs) == before
    return not line
