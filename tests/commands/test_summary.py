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
        "mean_percent": [27.156, 16.5, 2.349],
        "margin_percent": [0.456, None, 0.05],
        "seeds": [5, 1, 5],
        "std_percent": [0.367, None, 0.04],
        "last_percent": [28.3, 16.7, 2.51],
        "test_error_percent": [26.9, 16.5, 2.3],
        "low_percent": [26.251, 15.75, 2.1],
        "high_percent": [28.012, 17.25, 2.7],
        "rate_at_edge": [None, "highest", None],
        "at_chance": [False, False, False],
        "marked": [False, True, True],
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
    assert table == ["27.16±0.46", "27.15", "2.35±0.05*", "1.76", "–a", "55.90", "–a", "70.58"]
    table, *_ = words_of(printed, "mine")
    assert table == ["16.50*b", "–", "–c", "–", "–a", "–", "–a", "–"]


def test_a_data_set_beyond_the_paper_is_a_column_without_the_papers_number(table1, capsys):
    ROWS.assign(dataset="fashion_mnist").iloc[1:2].to_csv(table1, index=False)
    write_params(table1.parent.parent, {"mine": MODELS["mine"]}, ["fashion_mnist"])
    summary.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split() == ["Shapeset-3×2", "MNIST", "CIFAR-10", "Small-ImageNet", "Fashion-MNIST"]
    assert words_of(lines, "mine")[0] == ["–a", "–", "–a", "–", "–a", "–", "–a", "–", "16.50*b", "–"]


def test_a_number_that_is_missing_or_needs_a_note_has_it_below(printed):
    assert words_of(printed, "the paper's sigmoid") == [["–d", "82.61", "–d", "2.21", "–a", "57.28", "–a", "70.66"]]
    notes = [line.split(maxsplit=1)[1] for line in printed if line[:2] == line[3:5] == "  " and line[2] in "abcd"]
    assert notes == [
        "params.yaml does not list this data set",
        "its learning rate, 0.1, is the highest of those that were tried",
        "not run yet; run `dvc repro`",
        "params.yaml does not list this model",
    ]


def test_a_model_at_chance_has_a_note_in_place_of_that_of_its_learning_rate(table1, capsys):
    ROWS.assign(at_chance=True).iloc[1:2].to_csv(table1, index=False)
    summary.main()
    lines = capsys.readouterr().out.splitlines()
    assert "not clearly better than chance with any learning rate; shown: 0.1" in "\n".join(lines)
    assert "highest" not in "\n".join(lines)


def test_the_judged_runs_are_printed_below_their_data_set(printed):
    shapeset, mnist = (printed.index(f"{title}: the judged runs") for title in ("Shapeset-3×2", "MNIST"))
    (tanh,), (mine,) = (words_of(printed[shapeset:mnist], model) for model in MODELS)
    assert tanh == ["5", "28.30", "26.90", "26.25", "to", "28.01", "0.05", "5"]
    assert mine == ["1", "16.70", "16.50", "15.75", "to", "17.25", "0.1", "5"]
    assert words_of(printed[mnist:], "tanh") == [["5", "2.51", "2.30", "2.10", "to", "2.70", "0.2", "5"]]


def test_a_removed_data_set_or_model_is_not_printed(table1, capsys):
    ROWS.to_csv(table1, index=False)
    write_params(table1.parent.parent, {"tanh": MODELS["tanh"]})
    summary.main()
    lines = capsys.readouterr().out.splitlines()
    numbers = ["27.16±0.46", "27.15", "–a", "1.76", "–a", "55.90", "–a", "70.58"]
    assert words_of(lines, "tanh")[0] == numbers
    assert "Shapeset-3×2: the judged runs" in lines
    assert "MNIST: the judged runs" not in lines
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
            "error: reports/table1.csv: lacks the columns activation, initialization, mean_percent,",
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
