"""The ten classes of Small-ImageNet and the WordNet synsets of each."""

import csv
from pathlib import Path

CLASS_NAMES = (
    "reptiles",
    "vehicles",
    "birds",
    "mammals",
    "fish",
    "furniture",
    "instruments",
    "tools",
    "flowers",
    "fruits",
)
SYNSETS = Path(__file__).with_name("synsets.csv")  # all nouns below the ten in WordNet 3.0; none is below two of them


def class_labels() -> dict[str, int]:
    """Return the label of every synset of the ten classes, by its WordNet id (wnid) such as n01440764."""
    label_of = {name: label for label, name in enumerate(CLASS_NAMES)}
    with SYNSETS.open(encoding="utf-8", newline="") as file:
        return {row["wnid"]: label_of[row["class"]] for row in csv.DictReader(file)}
