"""What is printed after a run: Table 1 beside the paper's, and how sure its numbers are."""

import pandas as pd
import pytest

from commands import summary
from stages.running.errors import report_input_errors
from tests.synthetic_results import RECIPES, write_params

ROWS = pd.DataFrame(
    {
        "dataset": ["shapeset", "shapeset", "mnist"],
        "model": ["tanh", "mine", "tanh"],
        "test_error_percent": [27.156, 16.5, 2.349],
        "marked": [False, True, True],
        "low_percent": [26.251, 15.75, 2.1],
        "high_percent": [28.012, 17.25, 2.7],
        "seeds": [3, 1, 3],
        "mean_percent": [27.9, 16.5, 2.4],
        "std_percent": [0.456, None, 0.05],
        "activation": ["tanh", "softplus", "tanh"],
        "initialization": ["standard", "standard", "standard"],
        "paper_percent": [27.15, None, 1.76],
        "learning_rate": [0.05, 0.1, 0.2],
        "hidden_layers": [5, 5, 5],
    }
)
MODELS = {"tanh": ("tanh", "standard"), "mine": ("softplus", "standard")}


@pytest.fixture
def table1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    write_params(tmp_path, MODELS, ["shapeset", "mnist"])
    return tmp_path / "reports" / "table1.csv"


@pytest.fixture
def printed(table1, capsys) -> list[str]:
    """The lines that are printed of ROWS."""
    ROWS.to_csv(table1, index=False)
    summary.main()
    return capsys.readouterr().out.splitlines()


def words_of(lines: list[str], model: str) -> list[list[str]]:
    """The words of every line that begins with a model, without the model."""
    return [line.removeprefix(f"  {model} ").split() for line in lines if line.startswith(f"  {model} ")]


def test_every_data_set_is_a_column_beside_the_papers_number(printed):
    table, *_ = words_of(printed, "tanh")
    assert table == ["27.16", "27.15", "2.35*", "1.76", "–a", "55.90", "–a", "70.58"]
    table, *_ = words_of(printed, "mine")
    assert table == ["16.50*", "–", "–b", "–", "–a", "–", "–a", "–"]


def test_a_data_set_beyond_the_paper_is_a_column_without_the_papers_number(table1, capsys):
    ROWS.assign(dataset="fashion_mnist").iloc[1:2].to_csv(table1, index=False)
    write_params(table1.parent.parent, {"mine": MODELS["mine"]}, ["fashion_mnist"])
    summary.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split() == ["Shapeset-3×2", "MNIST", "CIFAR-10", "Small-ImageNet", "Fashion-MNIST"]
    assert words_of(lines, "mine")[0] == ["–a", "–", "–a", "–", "–a", "–", "–a", "–", "16.50*", "–"]


def test_a_number_that_is_missing_has_its_reason_below(printed):
    assert words_of(printed, "the paper's sigmoid") == [["–c", "82.61", "–c", "2.21", "–a", "57.28", "–a", "70.66"]]
    reasons = [line.split(maxsplit=1)[1] for line in printed if line.startswith(("  a  ", "  b  ", "  c  "))]
    assert reasons == [
        "params.yaml does not list this data set",
        "not run yet; run `dvc repro`",
        "params.yaml does not list this model",
    ]


def test_every_chosen_run_is_printed_below_its_data_set(printed):
    shapeset, mnist = (printed.index(f"{title}: the chosen runs") for title in ("Shapeset-3×2", "MNIST"))
    (tanh,), (mine,) = (words_of(printed[shapeset:mnist], model) for model in MODELS)
    assert tanh == ["26.25", "to", "28.01", "27.90", "±", "0.46", "0.05", "5"]
    assert mine == ["15.75", "to", "17.25", "16.50", "0.1", "5"]
    assert words_of(printed[mnist:], "tanh") == [["2.10", "to", "2.70", "2.40", "±", "0.05", "0.2", "5"]]


def test_a_removed_data_set_or_model_is_not_printed(table1, capsys):
    ROWS.to_csv(table1, index=False)
    write_params(table1.parent.parent, {"tanh": MODELS["tanh"]})
    summary.main()
    lines = capsys.readouterr().out.splitlines()
    assert words_of(lines, "tanh")[0] == ["27.16", "27.15", "–a", "1.76", "–a", "55.90", "–a", "70.58"]
    assert "MNIST: the chosen runs" not in lines
    assert words_of(lines, "mine") == []


def test_it_fits_a_terminal_and_ends_with_the_page(table1, capsys):
    everywhere = [
        ROWS.iloc[:1].assign(dataset=dataset, model=model) for dataset in ("mnist", "shapeset") for model in RECIPES
    ]
    pd.concat(everywhere).to_csv(table1, index=False)
    write_params(table1.parent.parent, {**RECIPES, "a" * 22: ("tanh", "standard")}, ["shapeset", "mnist"])
    summary.main()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[:-1])) <= 100
    assert lines[-1].endswith((table1.parent / "site" / "index.html").resolve().as_uri())


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "error: reports/table1.csv: missing or damaged"),
        (b"", "error: reports/table1.csv: missing or damaged"),
        (b"\xff\xfe\0\1" * 50, "error: reports/table1.csv: missing or damaged"),
        (
            b"dataset,model\nshapeset,tanh\n",
            "error: reports/table1.csv: lacks the columns activation, initialization, test_error_percent,",
        ),
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
