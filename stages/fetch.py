"""The stage that brings a data set's files in, the only one that uses the network: `python -m stages.fetch mnist`."""

import argparse
from pathlib import Path

from stages.datasets import cifar10, mnist, small_imagenet
from stages.files import whole_folder
from stages.params import Splits, load_params
from stages.running import run_stage


def main() -> None:
    """Write data/raw/<dataset>/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=FETCH)
    dataset = parser.parse_args().dataset
    settings, raw = getattr(load_params(), dataset), Path("data/raw") / dataset
    with whole_folder(raw) as folder:
        FETCH[dataset](settings, folder)


def fetch_nothing(settings: Splits, folder: Path) -> None:
    """Leave `folder` empty: the images of this data set are drawn."""


# each takes the data set's block of params.yaml and the folder to fill
FETCH = {
    "shapeset": fetch_nothing,
    "mnist": mnist.fetch,
    "cifar10": cifar10.fetch,
    "small_imagenet": small_imagenet.fetch,
}

if __name__ == "__main__":
    run_stage(main)
