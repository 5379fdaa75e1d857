"""Check the prepared images of a data set before any training: `python -m stages.validate shapeset`."""

import argparse
import hashlib
import json
import sys
import textwrap
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from stages.datasets.dataset import find_dataset
from stages.expectations.checks import find_checks, image_table
from stages.expectations.data_docs import data_docs
from stages.expectations.sheet import contact_sheet
from stages.expectations.suite import Finding, evaluate, findings
from stages.handover.prepared import ABOUT, SPLITS, Prepared, Split, read_split
from stages.handover.tables import read_parquet
from stages.params import DATASETS, Params, load_params
from stages.running.errors import InputError
from stages.running.files import whole_folder, write_whole
from stages.running.stage import run_stage

PICTURES = "images.png"  # beside the Data Docs
OTHERS = "only the published {} passes; other images need their own data set: docs/data-sets.md\n"
WIDTHS = (60, 36)  # of the columns "expected" and "observed" in the table of failures, each after two blanks


def main(params: Params) -> None:
    """Check one data set: write its Data Docs and a sheet of its images, then its gate, or list what failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=DATASETS)
    dataset = parser.parse_args().dataset
    gate = Path("data/validated") / f"{dataset}.json"
    gate.unlink(missing_ok=True)  # no stage may train on data that an earlier run checked

    settings = getattr(params, dataset)
    counts = {split: getattr(settings, split) for split in SPLITS}
    folder = Path("data/prepared") / dataset
    prepared = read_prepared(dataset, folder)
    images = np.concatenate([split.images for split in prepared.splits.values()])
    labels = np.concatenate([split.labels for split in prepared.splits.values()])
    table = image_table(dataset, images, labels, prepared.facts)
    result = evaluate(dataset, table, find_checks(dataset).expectations(counts))
    train = prepared.splits["train"]
    with whole_folder(Path("reports/data_docs") / dataset) as report:
        contact_sheet(train.images, train.labels, find_dataset(dataset).class_names).save(report / PICTURES)
        write_whole(report / "index.html", data_docs(result, PICTURES))

    found = findings(result)
    if not all(finding.met for finding in found):
        hint = OTHERS.format(find_dataset(dataset).title) if settings.sha256 != "none" else ""
        sys.exit(f"error: {folder} {failure_text(found)}\n{hint}see reports/data_docs/{dataset}/index.html")
    write_whole(gate, gate_text(dataset, table, checksums(folder), found))
    print(success_text(found))


def read_prepared(dataset: str, folder: Path) -> Prepared:
    """Read the files of the prepare stage.

    Raises InputError that names the file if one is missing, damaged, of another shape or disagrees with the others.
    """
    splits = {split: _read_images(folder, split, find_dataset(dataset).image_shape) for split in SPLITS}
    sizes = {name: len(split.labels) for name, split in splits.items()}
    return Prepared(splits, _read_facts(folder / "facts.parquet", find_checks(dataset).facts, sizes))


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that the prepare stage wrote, by name."""
    names = [*(f"{split}.safetensors" for split in SPLITS), "facts.parquet", ABOUT]
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def _read_images(folder: Path, split: str, shape: tuple[int, ...]) -> Split:
    found = read_split(folder, split)
    if found.images.shape[1:] != shape:
        allowed = ", ".join(map(str, shape))
        raise InputError(f"{folder}/{split}.safetensors: images are {found.images.shape}; allowed: (count, {allowed})")
    return found


def _read_facts(file: Path, further: Mapping[str, type], sizes: dict[str, int]) -> pd.DataFrame:
    """Return the facts of the images in the order of `sizes`, which counts each split's images.

    further: columns besides split, index and label, with the type of each.
    """
    facts = read_parquet(file)
    for column, kind in {"split": str, "index": float, "label": float, **further}.items():
        if column not in facts:
            raise InputError(f"{file}: has no column {column}; its columns: {', '.join(facts)}")
        if pd.api.types.is_numeric_dtype(facts[column]) != (kind is float):
            allowed = "numbers" if kind is float else "text"
            raise InputError(f"{file}: column {column} is {facts[column].dtype}; allowed: {allowed}")
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


def gate_text(dataset: str, table: pd.DataFrame, checksums: dict[str, str], found: list[Finding]) -> str:
    """Return the checks and their results as JSON: the same text for the same prepared files."""
    return (
        json.dumps(
            {
                "dataset": dataset,
                "images": table["split"].value_counts().reindex(SPLITS).to_dict(),
                "sha256": checksums,
                "expectations": [
                    {"column": finding.column, "expectation": finding.expectation, "observed": finding.observed}
                    for finding in found
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def success_text(found: list[Finding]) -> str:
    """List what was observed for each expectation, one a line."""
    width = max(len(finding.expectation) for finding in found)
    lines = [f"  {finding.expectation:<{width}}  {finding.observed}" for finding in found]
    return "\n".join([f"all {len(found)} expectations are met", *lines])


def failure_text(found: list[Finding]) -> str:
    """List the expectations that failed in a table of 100 columns: each with what was observed, and examples."""
    failed = [finding for finding in found if not finding.met]
    lines = [f"does not meet {len(failed)} of {len(found)} expectations", *_row("expected", "observed")]
    for finding in failed:
        lines += _row(finding.expectation, finding.observed)
        lines += [f"      {example}" for example in finding.examples]
    return "\n".join(lines)


def _row(*texts: str) -> list[str]:
    """Return the lines of a table row: the texts side by side, wrapped to the columns."""
    cells = [
        textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
        for text, width in zip(texts, WIDTHS, strict=True)
    ]
    lines = zip_longest(*cells, fillvalue="")
    return ["".join(f"  {part:<{width}}" for part, width in zip(line, WIDTHS, strict=True)).rstrip() for line in lines]


if __name__ == "__main__":
    run_stage(main, load_params)
