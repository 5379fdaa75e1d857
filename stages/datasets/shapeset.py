"""Shapeset-3×2 as a data set with three splits; training draws an endless stream of its own."""

from pathlib import Path

import pandas as pd

from stages.datasets.prepared import SPLITS, Prepared, Split
from stages.params import Splits


def prepare(settings: Splits, raw: Path) -> Prepared:
    """Draw the first images of each split's stream, with what the generator knows of them."""
    from stages.shapeset.stream import draw

    splits, facts = {}, []
    for split in SPLITS:
        sample = draw(settings.seed, split, 0, getattr(settings, split), "cpu")
        splits[split] = Split(sample.images.numpy(), sample.labels.numpy())
        facts.append(pd.DataFrame({name: column.numpy() for name, column in sample.facts.items()}))
        facts[-1].insert(0, "split", split)
    return Prepared(splits, pd.concat(facts))
