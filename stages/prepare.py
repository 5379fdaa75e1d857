"""Write the three splits of a data set: `python -m stages.prepare shapeset`."""

import argparse
from pathlib import Path

from stages.datasets.dataset import find_dataset
from stages.handover.prepared import write_prepared
from stages.params import DATASETS, Params, load_params
from stages.running.files import whole_folder
from stages.running.stage import run_stage


def main(params: Params) -> None:
    """Write data/prepared/<dataset>/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=DATASETS)
    dataset = parser.parse_args().dataset
    known = find_dataset(dataset)
    prepared = known.prepare(getattr(params, dataset), Path("data/raw") / dataset)
    with whole_folder(Path("data/prepared") / dataset) as folder:
        write_prepared(folder, known.about, prepared)


if __name__ == "__main__":
    run_stage(main, load_params)
