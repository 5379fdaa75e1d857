"""A file that an earlier stage should have written, and did not or not so, is named in one line."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from stages.handover.artifacts import read_csv, read_runs, read_table, read_tensors
from stages.running.errors import InputError

READERS = [read_table, read_csv, read_tensors]
RUNS = pd.DataFrame(
    {
        "hidden_layers": [2, 2, 3],
        "learning_rate": [0.1, 0.2, 0.1],
        "seed": [0, 0, 0],
        "chosen": [False, True, False],
        "diverged_at": pd.array([None, None, 7], dtype="Int64"),
        "validation_error": [0.3, 0.2, np.nan],
        "test_error": [0.4, 0.3, np.nan],
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


def test_tensors_cut_short_are_damaged(tmp_path):
    file = tmp_path / "final.safetensors"
    save_file({"weight_1": np.ones((4, 3), np.float32)}, file)
    assert np.array_equal(read_tensors(file)["weight_1"], np.ones((4, 3)))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"final\.safetensors: missing or damaged"):
        read_tensors(file)


@pytest.mark.parametrize(("read", "write"), [(read_table, "to_parquet"), (read_csv, "to_csv")])
def test_missing_columns_are_named(tmp_path, read, write):
    file, table = tmp_path / "table", pd.DataFrame({"layer": [1, 2], "update": [0, 10]})
    getattr(table, write)(file, index=False)
    for columns in ([], ["layer"], ["update", "layer"]):
        pd.testing.assert_frame_equal(read(file, columns), table)
    with pytest.raises(InputError) as raised:
        read(file, ["layer", "seed", "chosen"])
    assert_one_line(raised.value, str(file), "lacks the columns seed, chosen;")


def test_runs_are_read_with_their_one_chosen_run(tmp_path):
    RUNS.to_parquet(tmp_path / "runs.parquet", index=False)
    pd.testing.assert_frame_equal(read_runs(tmp_path / "runs.parquet"), RUNS)


@pytest.mark.parametrize(
    ("chosen", "line"),
    [
        ([False, False, False], "0 of its 3 runs are chosen; allowed: exactly one"),
        ([True, False, True], "2 of its 3 runs are chosen; allowed: exactly one"),
        (["", "yes", ""], "the column chosen holds something else than truth values"),
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
