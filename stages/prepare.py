"""The stage that makes a data set's images: `python -m stages.prepare shapeset`."""

import argparse
from pathlib import Path

import pandas as pd

from stages.datasets.prepared import SPLITS, write_split
from stages.errors import report_input_errors
from stages.files import whole_folder
from stages.params import load_params
from stages.shapeset.stream import draw


def main() -> None:
    """Draw the three splits of Shapeset and write data/prepared/shapeset/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=["shapeset"])
    dataset = parser.parse_args().dataset
    params = load_params()
    tables = []
    with whole_folder(Path("data/prepared") / dataset) as folder:
        for split in SPLITS:
            sample = draw(params.shapeset.seed, split, 0, getattr(params.shapeset, split), "cpu")
            write_split(folder, split, sample.images.numpy(), sample.labels.numpy())
            tables.append(pd.DataFrame({name: column.numpy() for name, column in sample.facts.items()}))
            tables[-1].insert(0, "split", split)
        pd.concat(tables).to_parquet(folder / "facts.parquet", index=False)


if __name__ == "__main__":
    report_input_errors(main)
