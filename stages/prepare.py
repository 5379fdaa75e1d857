"""The stage that makes a data set's three splits: `python -m stages.prepare shapeset`."""

import argparse
from pathlib import Path

from stages.datasets import cifar10, mnist, shapeset, small_imagenet
from stages.datasets.prepared import write_prepared
from stages.files import whole_folder
from stages.params import load_params
from stages.running import run_stage

# each takes the data set's block of params.yaml and its raw folder
PREPARE = {
    "shapeset": shapeset.prepare,
    "mnist": mnist.prepare,
    "cifar10": cifar10.prepare,
    "small_imagenet": small_imagenet.prepare,
}


def main() -> None:
    """Write data/prepared/<dataset>/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=PREPARE)
    dataset = parser.parse_args().dataset
    prepared = PREPARE[dataset](getattr(load_params(), dataset), Path("data/raw") / dataset)
    with whole_folder(Path("data/prepared") / dataset) as folder:
        write_prepared(folder, prepared)


if __name__ == "__main__":
    run_stage(main)
