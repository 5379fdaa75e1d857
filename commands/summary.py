"""Table 1 beside the paper's on the terminal, and where the report lies: `python -m commands.summary`."""

from pathlib import Path

import pandas as pd

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


def print_table1(table: dict[str, dict[str, Cell]]) -> None:
    """Print a row for every model and two columns for every data set: our test errors and the paper's."""
    letters, width, datasets = footnotes(table), max(map(len, ["model", *table])), next(iter(table.values()))
    print("\nTable 1: test errors in %, here and in the paper\n")
    print(f"  {'':<{width}}" + "".join(f"{find_dataset(name).title:>18}" for name in datasets))
    print(f"  {'model':<{width}}" + f"{'here':>10}{'paper':>8}" * len(datasets))
    for model, row in table.items():
        numbers = (
            f"{percent(cell.here) + ('*' if cell.marked else letters.get(cell.reason, '')):>10}{percent(cell.paper):>8}"
            for cell in row.values()
        )
        print(f"  {model:<{width}}" + "".join(numbers))
    if any(cell.marked for row in table.values() for cell in row.values()):
        print(f"  *  cannot be told from the best of its column (McNemar's exact test, p ≥ {LEVEL})")
    for reason, letter in letters.items():
        print(f"  {letter}  {reason}")


def print_runs(title: str, rows: pd.DataFrame) -> None:
    """Print how sure the numbers of one data set are, and which run each is of."""
    width = max(map(len, ["model", *rows["model"]]))
    print(f"\n{title}: the chosen runs\n")
    print(f"  {'model':<{width}}{'95 % interval':>18}{'over seeds':>18}{'learning rate':>18}{'hidden layers':>18}")
    for row in rows.itertuples():
        interval = f"{row.low_percent:.2f} to {row.high_percent:.2f}"
        seeds = f"{row.mean_percent:.2f}" + (f" ± {row.std_percent:.2f}" if row.seeds > 1 else "")
        print(f"  {row.model:<{width}}{interval:>18}{seeds:>18}{row.learning_rate:>18g}{row.hidden_layers:>18}")


if __name__ == "__main__":
    report_input_errors(main)
