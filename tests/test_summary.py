"""What is printed after a run: the rows of Table 1 beside the paper's."""

import pandas as pd
import pytest

from stages import summary
from stages.errors import report_input_errors

ROWS = pd.DataFrame(
    {
        "dataset": ["shapeset"] * 2,
        "model": ["tanh", "mine"],
        "activation": ["tanh", "softsign"],
        "initialization": ["standard", "normalized"],
        "test_error_percent": [27.156, 16.5],
        "low_percent": [26.251, 15.75],
        "high_percent": [28.012, 17.25],
        "seeds": [3, 1],
        "mean_percent": [27.9, 16.5],
        "std_percent": [0.456, None],
        "learning_rate": [0.05, 0.1],
        "hidden_layers": [5, 5],
        "diverged_runs": [0, 1],
        "paper_percent": [27.15, None],
    }
)


@pytest.fixture
def table1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports" / "table1.csv"


def test_every_model_is_printed_beside_the_papers_number(table1, capsys):
    ROWS.to_csv(table1, index=False)
    summary.main()
    lines = capsys.readouterr().out.splitlines()
    (tanh,) = [line for line in lines if line.split()[:1] == ["tanh"]]
    (mine,) = [line for line in lines if line.split()[:1] == ["mine"]]
    assert tanh.split() == ["tanh", "27.16", "26.25", "to", "28.01", "27.90", "±", "0.46", "27.15", "0.05"]
    assert mine.split() == ["mine", "16.50", "15.75", "to", "17.25", "16.50", "–", "0.1"]
    assert lines[-1].endswith((table1.parent / "site" / "index.html").resolve().as_uri())


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "error: reports/table1.csv: missing or damaged"),
        (b"", "error: reports/table1.csv: missing or damaged"),
        (b"\xff\xfe\0\1" * 50, "error: reports/table1.csv: missing or damaged"),
        (b"dataset,model\nshapeset,tanh\n", "error: reports/table1.csv: lacks the columns test_error_percent, low_"),
    ],
    ids=["missing", "empty", "binary", "other"],
)
def test_a_table_that_cannot_be_used_is_one_line(table1, content, line):
    if content is not None:
        table1.write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        report_input_errors(summary.main)
    assert str(ended.value).startswith(line)
    assert "\n" not in str(ended.value)
