"""Table 1 beside the paper's on the terminal, and where the report lies: `python -m stages.summary`."""

from pathlib import Path

import pandas as pd

from stages.artifacts import read_csv
from stages.errors import report_input_errors

TABLE, PAGE = Path("reports/table1.csv"), Path("reports/site/index.html")
COLUMNS = (
    "dataset",
    "model",
    "test_error_percent",
    "low_percent",
    "high_percent",
    "mean_percent",
    "std_percent",
    "seeds",
    "paper_percent",
    "learning_rate",
)


def main() -> None:
    """Print what `judge` and `render` wrote."""
    for dataset, rows in read_csv(TABLE, COLUMNS).groupby("dataset", sort=False):
        print(f"\nTest error on {dataset} in %, beside Table 1 of the paper")
        print(f"  {'model':<14}{'here':>8}{'95 % interval':>17}{'over seeds':>16}{'paper':>9}{'learning rate':>16}")
        for row in rows.itertuples():
            interval = f"{row.low_percent:.2f} to {row.high_percent:.2f}"
            seeds = f"{row.mean_percent:.2f}" + (f" ± {row.std_percent:.2f}" if row.seeds > 1 else "")
            paper = "–" if pd.isna(row.paper_percent) else f"{row.paper_percent:.2f}"
            print(
                f"  {row.model:<14}{row.test_error_percent:>8.2f}{interval:>17}{seeds:>16}{paper:>9}"
                f"{row.learning_rate:>16g}"
            )
    print(f"\nThe report: {PAGE.resolve().as_uri()}")


if __name__ == "__main__":
    report_input_errors(main)
