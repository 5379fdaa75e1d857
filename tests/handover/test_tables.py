"""A table that is missing, damaged or not as its schema says is refused in one line."""

import numpy as np
import pandas as pd
import pytest

from stages.handover.schemas import SCHEMAS
from stages.handover.tables import read_csv, read_parquet, read_runs, read_table, shortened, table_of
from stages.running.errors import InputError

READERS = [read_parquet, read_csv]
RUNS = pd.DataFrame(
    {
        "hidden_layers": [2, 2, 3],
        "learning_rate": [0.1, 0.2, 0.1],
        "seed": [0, 0, 0],
        "chosen": [False, True, False],
        "diverged_at": pd.array([None, None, 7], dtype="Int64"),
        "kept_at": pd.array([40, 60, None], dtype="Int64"),
        "validation_error": [0.3, 0.2, np.nan],
        "test_error": [0.4, 0.3, np.nan],
        "last_validation_error": [0.35, 0.2, np.nan],
        "last_test_error": [0.41, 0.3, np.nan],
    }
)


def assert_one_line(error: InputError, *named: str) -> None:
    line = str(error)
    assert "\n" not in line
    assert all(text in line for text in named), line


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("content", [None, b"", bytes(range(256)) * 20], ids=["missing", "empty", "binary"])
def test_what_cannot_be_read_is_named(tmp_path, read, content):
    file = tmp_path / "table"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError) as raised:
        read(file)
    assert_one_line(raised.value, str(file), "missing or damaged", "dvc repro")


@pytest.mark.parametrize("read", READERS)
def test_a_folder_is_no_file(tmp_path, read):
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "other").write_bytes(b"\0\1\2")
    with pytest.raises(InputError, match="table: missing or damaged"):
        read(tmp_path / "table")


def test_a_table_cut_short_is_damaged(tmp_path):
    file = tmp_path / "runs.parquet"
    RUNS.to_parquet(file)
    whole = file.read_bytes()
    for length in range(0, len(whole), 501):
        file.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"runs\.parquet: missing or damaged"):
            read_table(file)


@pytest.mark.parametrize("name", ["table1.csv", "predictions.parquet"])
def test_a_table_is_read_by_its_name_and_missing_columns_are_named(tmp_path, name):
    file = tmp_path / name
    columns = {**SCHEMAS[file.stem].key, **SCHEMAS[file.stem].columns}
    values = {"texts": ["a", "b"], "truth values": [True, False], "finite numbers": [0.5, 1.5]}
    table = pd.DataFrame({column: values.get(kind, [1, 2]) for column, kind in columns.items()})
    write = {".csv": "to_csv", ".parquet": "to_parquet"}[file.suffix]
    getattr(table, write)(file, index=False)
    pd.testing.assert_frame_equal(read_table(file), table)
    first, second, *_ = columns
    getattr(table.drop(columns=[first, second]), write)(file, index=False)
    with pytest.raises(InputError) as raised:
        read_table(file)
    assert_one_line(raised.value, str(file), f"lacks the columns {first}, {second};")


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if schema.may_be_empty])
def test_an_empty_table_is_read_as_it_was_written(tmp_path, name):
    file = tmp_path / f"{name}.parquet"
    table_of(name, []).to_parquet(file, index=False)
    assert read_table(file).empty


def test_runs_are_read_with_their_one_chosen_run(tmp_path):
    RUNS.to_parquet(tmp_path / "runs.parquet", index=False)
    pd.testing.assert_frame_equal(read_runs(tmp_path / "runs.parquet"), RUNS)


@pytest.mark.parametrize(
    ("chosen", "line"),
    [
        ([False, False, False], "0 of its 3 runs are chosen; allowed: exactly one"),
        ([True, False, True], "2 of its 3 runs are chosen; allowed: exactly one"),
        (["", "yes", ""], "the column chosen must hold truth values"),
    ],
)
def test_runs_without_exactly_one_chosen_run_are_refused(tmp_path, chosen, line):
    file = tmp_path / "runs.parquet"
    RUNS.assign(chosen=chosen).to_parquet(file)
    with pytest.raises(InputError) as raised:
        read_runs(file)
    assert_one_line(raised.value, str(file), line)


@pytest.mark.parametrize("column", RUNS)
def test_runs_without_a_column_are_refused(tmp_path, column):
    RUNS.drop(columns=column).to_parquet(tmp_path / "runs.parquet")
    with pytest.raises(InputError, match=f"lacks the columns {column};"):
        read_runs(tmp_path / "runs.parquet")


def test_the_answers_of_several_runs_have_the_same_indices(tmp_path):
    """A run and an index identify a row, and no less."""
    file = tmp_path / "predictions.parquet"
    index = [0, 1, 2]
    runs = [{"hidden_layers": 2, "learning_rate": rate, "seed": seed} for rate, seed in ((0.1, 0), (0.1, 1), (0.2, 0))]
    tables = [pd.DataFrame({"index": index, "label": 3, "prediction": [3, 3, 4]}).assign(**run) for run in runs]
    whole = pd.concat(tables, ignore_index=True)
    whole.to_parquet(file)
    pd.testing.assert_frame_equal(read_table(file), whole)
    pd.concat([whole, tables[1]]).to_parquet(file)
    with pytest.raises(InputError, match="has rows with the same hidden_layers, learning_rate, seed, index;"):
        read_table(file)


@pytest.mark.parametrize("wrong", [-0.1, 1.1])
def test_tenths_are_shares(tmp_path, wrong):
    """The output layer has none."""
    file = tmp_path / "monitored.parquet"
    known = SCHEMAS["monitored"]
    row = dict.fromkeys([*known.key, *known.columns], 0.0) | {"learning_rate": 0.1}
    row |= {"hidden_layers": 1, "seed": 0, "update": 0}
    of_output = {column: None for column in known.columns if column.startswith("activation")}
    table = pd.DataFrame([row | {"layer": 1}, row | {"layer": 2} | of_output])
    table.to_parquet(file)
    pd.testing.assert_frame_equal(read_table(file), table)
    table.assign(activation_tenth_10=wrong).to_parquet(file)
    with pytest.raises(InputError, match="the column activation_tenth_10 must hold numbers from 0 to 1 or nothing"):
        read_table(file)


def test_a_shortened_number_has_twelve_bits_and_is_the_nearest():
    values = np.array([1 / 3, -np.pi, 1e-9, 0.0, 2.0**-140, np.nan, 7.0])
    found = shortened(pd.DataFrame({"statistic": values, "key": 1 / 3}), ["statistic"])
    assert found["key"].iloc[0] == 1 / 3
    for one, exact in zip(found["statistic"].to_numpy(float), values, strict=True):
        assert (one == exact) or np.isnan(exact) or abs(one / exact - 1) <= 2**-12
        if one and not np.isnan(one):
            significand = abs(one) / 2.0 ** (np.floor(np.log2(abs(one))) - 11)
            assert significand == int(significand)
            step = 2.0 ** (np.floor(np.log2(abs(exact))) - 11)
            assert abs(one - exact) <= step / 2
    pd.testing.assert_frame_equal(shortened(found, ["statistic"]), found)
