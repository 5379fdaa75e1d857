"""The stage that trains nothing on images which are not as they should be: `python -m stages.validate shapeset`."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from stages.artifacts import read_table
from stages.datasets.prepared import SPLITS, Split, read_split
from stages.errors import InputError, report_input_errors
from stages.expectations import shapeset
from stages.expectations.data_docs import data_docs
from stages.expectations.suite import Outcome, evaluate, outcomes
from stages.files import whole_folder, write_whole
from stages.params import load_params

DATASETS = {"shapeset": shapeset}  # each has IMAGE_SHAPE, FACTS, table and expectations


def main() -> None:
    """Check one data set; write its gate and its Data Docs, or say what is wrong and write no gate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=DATASETS)
    dataset = parser.parse_args().dataset
    gate = Path("data/validated") / f"{dataset}.json"
    gate.unlink(missing_ok=True)  # what is not known to be valid now must not be trained on

    settings = getattr(load_params(), dataset)
    counts = {split: getattr(settings, split) for split in SPLITS}
    prepared = Path("data/prepared") / dataset
    table, checksums = read_prepared(dataset, prepared)
    result = evaluate(dataset, table, DATASETS[dataset].expectations(counts))
    with whole_folder(Path("reports/data_docs") / dataset) as folder:
        write_whole(folder / "index.html", data_docs(result))

    found = outcomes(result)
    if not all(outcome.met for outcome in found):
        sys.exit(f"error: {prepared} {failure_text(found)}\n  see reports/data_docs/{dataset}/index.html")
    write_whole(gate, gate_text(dataset, table, checksums, found))
    print(success_text(found))


def read_prepared(dataset: str, folder: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read what the prepare stage wrote as the data set's table, one row per image, and each file's SHA-256 by name.

    Raises InputError, naming the file, where one is missing, damaged, of another shape or disagrees with the others.
    """
    subject = DATASETS[dataset]
    splits = {split: _read_images(folder, split, subject.IMAGE_SHAPE) for split in SPLITS}
    facts = _read_facts(
        folder / "facts.parquet", subject.FACTS, {name: len(split.labels) for name, split in splits.items()}
    )
    images = np.concatenate([split.images for split in splits.values()])
    labels = np.concatenate([split.labels for split in splits.values()])
    names = [*(f"{split}.safetensors" for split in SPLITS), "facts.parquet"]
    checksums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    return subject.table(images, labels, facts), checksums


def _read_images(folder: Path, split: str, shape: tuple[int, ...]) -> Split:
    found = read_split(folder, split)
    if found.images.shape[1:] != shape:
        allowed = ", ".join(map(str, shape))
        raise InputError(f"{folder}/{split}.safetensors: images are {found.images.shape}; allowed: (count, {allowed})")
    return found


def _read_facts(file: Path, columns: tuple[str, ...], sizes: dict[str, int]) -> pd.DataFrame:
    """Return the facts of the images in the order of `sizes`, which counts each split's images."""
    facts = read_table(file)
    for column in ("split", "index", "label", *columns):
        if column not in facts:
            raise InputError(f"{file}: has no column {column}; its columns: {', '.join(facts)}")
        if column != "split" and not pd.api.types.is_numeric_dtype(facts[column]):
            raise InputError(f"{file}: column {column} is {facts[column].dtype}; allowed: numbers")
        if facts[column].isna().any():
            raise InputError(f"{file}: column {column} misses {facts[column].isna().sum():,} values; allowed: none")
    rows = [facts[facts["split"] == split] for split in sizes]
    for split, of_split in zip(sizes, rows, strict=True):
        if not np.array_equal(of_split["index"], np.arange(sizes[split])):
            raise InputError(
                f"{file}: {len(of_split):,} rows of {split}; allowed: index 0 to {sizes[split] - 1} in order, "
                f"as {split}.safetensors has {sizes[split]:,} images"
            )
    if len(facts) != sum(sizes.values()):
        raise InputError(f"{file}: {len(facts) - sum(sizes.values()):,} rows of no split; allowed: {', '.join(sizes)}")
    return pd.concat(rows, ignore_index=True)


def gate_text(dataset: str, table: pd.DataFrame, checksums: dict[str, str], found: list[Outcome]) -> str:
    """Say as JSON what was checked and found: the same text for the same prepared files."""
    return (
        json.dumps(
            {
                "dataset": dataset,
                "images": table["split"].value_counts().reindex(SPLITS).to_dict(),
                "sha256": checksums,
                "expectations": [
                    {"column": outcome.column, "expectation": outcome.expectation, "observed": outcome.observed}
                    for outcome in found
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def success_text(found: list[Outcome]) -> str:
    """Say what was observed for each expectation, one a line."""
    width = max(len(outcome.expectation) for outcome in found)
    lines = [f"  {outcome.expectation:<{width}}  {outcome.observed}" for outcome in found]
    return "\n".join([f"all {len(found)} expectations are met", *lines])


def failure_text(found: list[Outcome]) -> str:
    """Say which expectations are not met: column, what is allowed, what was observed, one a line."""
    failed = [outcome for outcome in found if not outcome.met]
    lines = [
        "  " + f"{outcome.column}: " * bool(outcome.column) + f"{outcome.expectation} — {outcome.observed}"
        for outcome in failed
    ]
    return "\n".join([f"does not meet {len(failed)} of {len(found)} expectations", *lines])


if __name__ == "__main__":
    report_input_errors(main)
