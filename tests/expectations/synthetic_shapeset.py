"""Prepared Shapeset data made without the generator: rectangles stand for the shapes, all else is as it should be."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors.numpy

from stages.datasets.dataset import find_dataset
from stages.handover.prepared import write_about

KINDS_OF_LABEL = [(0, -1), (1, -1), (2, -1), (0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
SHARES = np.array([3, 3, 3, 1, 2, 2, 1, 2, 1]) / 18


@dataclass
class Prepared:
    """What the prepare stage writes, by split, to be spoilt by a test before it is written."""

    images: dict[str, np.ndarray]  # uint8 (count, 32, 32)
    labels: dict[str, np.ndarray]  # int64 (count,)
    facts: pd.DataFrame
    dataset: str = "shapeset"

    def row(self, split: str, index: int) -> int:
        """Return the row of an image among the facts."""
        return int(self.facts.index[(self.facts["split"] == split) & (self.facts["index"] == index)][0])

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for split, images in self.images.items():
            safetensors.numpy.save_file(
                {"images": images, "labels": self.labels[split]}, folder / f"{split}.safetensors"
            )
        self.facts.to_parquet(folder / "facts.parquet")
        write_about(folder, find_dataset(self.dataset).about)


def prepared_shapeset(counts: dict[str, int], seed: int = 0) -> Prepared:
    """Draw valid data with exactly `counts` images in each split."""
    random = np.random.default_rng(seed)
    drawn = {split: _draw_split(random, split, count) for split, count in counts.items()}
    return Prepared(
        images={split: images for split, (images, _, _) in drawn.items()},
        labels={split: labels for split, (_, labels, _) in drawn.items()},
        facts=pd.concat([facts for _, _, facts in drawn.values()], ignore_index=True),
    )


def _draw_split(random: np.random.Generator, split: str, count: int) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    labels = random.choice(9, count, p=SHARES)
    kinds = np.array(KINDS_OF_LABEL, dtype=np.int8)[labels]
    swap = random.random(count) < 0.5
    kinds[swap & (kinds[:, 1] >= 0)] = kinds[swap & (kinds[:, 1] >= 0), ::-1]
    dark, light = random.integers(0, 115, (3, count)), random.integers(140, 256, (3, count))
    greys = np.where(random.random(count) < 0.5, np.stack([dark[0], *light[1:]]), np.stack([light[0], *dark[1:]]))
    greys[2, kinds[:, 1] < 0] = -1
    low = random.uniform(1, 15, (count, 2, 2))
    high = random.uniform(17, 31, (count, 2, 2))  # (image, shape, x and y)
    rows = np.arange(32)
    images = np.broadcast_to(greys[0, :, None, None], (count, 32, 32)).astype(np.uint8)
    for shape in (0, 1):
        inside_x, inside_y = (
            (rows >= low[:, shape, axis, None].astype(int)) & (rows <= high[:, shape, axis, None].astype(int))
            for axis in (0, 1)
        )
        inside = inside_x[:, None, :] & inside_y[:, :, None] & (kinds[:, shape] >= 0)[:, None, None]
        images = np.where(inside, greys[1 + shape, :, None, None], images).astype(np.uint8)
    single = kinds[:, 1] < 0
    smallest = np.where(single[:, None], low[:, 0], low.min(axis=1)).astype(np.float32)
    largest = np.where(single[:, None], high[:, 0], high.max(axis=1)).astype(np.float32)
    facts = pd.DataFrame(
        {
            "split": split,
            "index": np.arange(count),
            "label": labels,
            "background": greys[0].astype(np.int16),
            "grey_0": greys[1].astype(np.int16),
            "grey_1": greys[2].astype(np.int16),
            "kind_0": kinds[:, 0],
            "kind_1": kinds[:, 1],
            "x_min": smallest[:, 0],
            "x_max": largest[:, 0],
            "y_min": smallest[:, 1],
            "y_max": largest[:, 1],
            "overlap": np.where(single, 0, random.uniform(0, 0.5, count)).astype(np.float32),
            "rejections": random.integers(0, 5, count).astype(np.int16),
        }
    )
    return images, labels, facts
