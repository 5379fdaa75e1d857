"""Download or copy a data set's files, the only stage that uses the network: `python -m stages.fetch mnist`."""

import argparse
from pathlib import Path

from stages.datasets.dataset import find_dataset
from stages.params import DATASETS, Params, load_params
from stages.running.files import whole_folder
from stages.running.stage import run_stage


def main(params: Params) -> None:
    """Write data/raw/<dataset>/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=DATASETS)
    dataset = parser.parse_args().dataset
    settings, raw = getattr(params, dataset), Path("data/raw") / dataset
    with whole_folder(raw) as folder:
        find_dataset(dataset).fetch(settings, folder)


if __name__ == "__main__":
    run_stage(main, load_params)
