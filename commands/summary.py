"""Table 1 beside the paper's on the terminal, and where the report lies: `python -m commands.summary`."""

from pathlib import Path

import pandas as pd

from commands.baseline import compared_with_commit
from stages.claims.significance import LEVEL
from stages.claims.table1 import Cell, cells, footnotes, percent
from stages.datasets.dataset import find_dataset
from stages.handover.tables import read_table
from stages.params import load_params
from stages.running.errors import report_input_errors

TABLE, PAGE = Path("reports/table1.csv"), Path("reports/site/index.html")


def main() -> None:
    """Print what `judge` and `render` wrote."""
    params, judged = load_params(), read_table(TABLE)
    print_table1(cells(judged, params, {}))
    for dataset in params.datasets:
        rows = judged[(judged["dataset"] == dataset) & judged["model"].isin(params.models)]
        if len(rows):
            print_runs(find_dataset(dataset).title, rows)
    print(f"\nThe report: {PAGE.resolve().as_uri()}")
    if said := compared_with_commit():
        print(f"\n{said}")


def print_table1(table: dict[str, dict[str, Cell]]) -> None:
    """Print a row for every model and two columns for every data set: our test errors and the paper's."""
    letters, width, datasets = footnotes(table), max(map(len, ["model", *table])), next(iter(table.values()))
    print("\nTable 1: test errors in %, here as mean over the seeds with its 95 % interval, and in the paper\n")
    print(f"  {'':<{width}}" + "".join(f"{find_dataset(name).title:>19}" for name in datasets))
    print(f"  {'model':<{width}}" + f"{'here':>13}{'paper':>6}" * len(datasets))
    for model, row in table.items():
        numbers = (f"{shown(cell, letters):>13}{percent(cell.paper):>6}" for cell in row.values())
        print(f"  {model:<{width}}" + "".join(numbers))
    if any(cell.marked for row in table.values() for cell in row.values()):
        print(f"  *  the best of the paper's, or cannot be told from it (t-test paired by seed, p ≥ {LEVEL})")
    for note, letter in letters.items():
        print(f"  {letter}  {note}")


def shown(cell: Cell, letters: dict[str, str]) -> str:
    """Return our number with its margin, its mark and the letter of its footnote."""
    return percent(cell.here, cell.margin).replace(" ", "") + "*" * cell.marked + letters.get(cell.note, "")


def print_runs(title: str, rows: pd.DataFrame) -> None:
    """Print of one data set how sure the numbers are, and which runs they are of."""
    width = max(map(len, ["model", *rows["model"]]))
    print(f"\n{title}: the judged runs\n")
    heads = {"seeds": 7, "last update": 13, "chosen run": 12, "95 % interval": 16, "learning rate": 15, "layers": 8}
    print(f"  {'model':<{width}}" + "".join(f"{head:>{wide}}" for head, wide in heads.items()))
    for row in rows.itertuples():
        interval = f"{row.low_percent:.2f} to {row.high_percent:.2f}"
        chosen = f"{row.test_error_percent:.2f}"
        cells = row.seeds, percent(row.last_percent), chosen, interval, f"{row.learning_rate:g}", row.hidden_layers
        wide = zip(cells, heads.values(), strict=True)
        print(f"  {row.model:<{width}}" + "".join(f"{cell:>{columns}}" for cell, columns in wide))


if __name__ == "__main__":
    report_input_errors(main)
