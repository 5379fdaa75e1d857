"""Shapeset-3×2 as a data set with three splits; training draws an endless stream of its own."""

from pathlib import Path

import pandas as pd

from stages.datasets.dataset import Dataset
from stages.handover.prepared import SPLITS, Prepared, Split
from stages.params import Splits
from stages.running.files import write_whole

CLASS_NAMES = (
    "triangle",
    "parallelogram",
    "ellipse",
    "two triangles",
    "triangle and parallelogram",
    "triangle and ellipse",
    "two parallelograms",
    "parallelogram and ellipse",
    "two ellipses",
)
CLASS_SHARES = (1 / 6, 1 / 6, 1 / 6, 1 / 18, 1 / 9, 1 / 9, 1 / 18, 1 / 9, 1 / 18)


def fetch(settings: Splits, folder: Path) -> None:
    """Write one line, as DVC warns of an empty folder: `prepare` draws the images."""
    write_whole(folder / "README", "`prepare` draws the images of Shapeset-3×2.\n")


def prepare(settings: Splits, raw: Path) -> Prepared:
    """Draw the first images of each split's stream, with the generator's facts about them."""
    from stages.shapeset.stream import draw

    splits, facts = {}, []
    for split in SPLITS:
        sample = draw(settings.seed, split, 0, getattr(settings, split), "cpu")
        splits[split] = Split(sample.images.numpy(), sample.labels.numpy())
        facts.append(pd.DataFrame({name: column.numpy() for name, column in sample.facts.items()}))
        facts[-1].insert(0, "split", split)
    return Prepared(splits, pd.concat(facts))


DATASET = Dataset(
    title="Shapeset-3×2",
    class_names=CLASS_NAMES,
    image_shape=(32, 32),
    commonest_share=max(CLASS_SHARES),
    words="Up to two shapes in random places, sizes, angles and greys; the task is to name which shapes there are. One "
    "shape may hide up to half of the other, so outlines matter more than single pixels. Every training step draws new "
    "images; none is seen twice.",
    fetch=fetch,
    prepare=prepare,
    endless=True,
)
