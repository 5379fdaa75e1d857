"""The stage that brings a data set's files in, the only one that uses the network: `python -m stages.fetch mnist`."""

import argparse
from pathlib import Path

from stages.errors import report_input_errors
from stages.files import whole_folder
from stages.params import Splits, load_params


def main() -> None:
    """Write data/raw/<dataset>/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=FETCH)
    dataset = parser.parse_args().dataset
    with whole_folder(Path("data/raw") / dataset) as folder:
        FETCH[dataset](getattr(load_params(), dataset), folder)


def fetch_nothing(settings: Splits, folder: Path) -> None:
    """Leave `folder` empty: the images of this data set are drawn."""


FETCH = {"shapeset": fetch_nothing}  # each takes the data set's block of params.yaml and the folder to fill

if __name__ == "__main__":
    report_input_errors(main)
