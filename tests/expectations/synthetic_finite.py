"""Prepared finite data sets made of noise that has the mean and the standard deviation of the real pixels."""

import numpy as np
import pandas as pd

from stages.datasets.dataset import find_dataset
from stages.params.datasets import DATASETS, DRAWN
from tests.expectations.synthetic_shapeset import Prepared

FINITE = tuple(dataset for dataset in DATASETS if dataset != DRAWN)


def prepared_finite(dataset: str, counts: dict[str, int], seed: int = 0) -> Prepared:
    """Draw valid data with exactly `counts` images in each split, as many of each class as of any other."""
    random = np.random.default_rng(seed)
    known = find_dataset(dataset).expected.pixels
    images = {
        split: draw_images(random, count, find_dataset(dataset).image_shape, known.means, known.deviations)
        for split, count in counts.items()
    }
    labels = {split: random.permutation(count) % 10 for split, count in counts.items()}
    facts = pd.concat([_facts(dataset, split, labels[split]) for split in counts], ignore_index=True)
    return Prepared(images=images, labels=labels, facts=facts, dataset=dataset)


def draw_images(
    random: np.random.Generator, count: int, shape: tuple[int, ...], means: tuple, deviations: tuple
) -> np.ndarray:
    """Draw uint8 (count, *shape) of independent pixels, each colour of the beta distribution with these moments."""
    colours = []
    for mean, deviation in zip(means, deviations, strict=True):
        concentration = mean * (1 - mean) / deviation**2 - 1
        colours.append(random.beta(mean * concentration, (1 - mean) * concentration, (count, *shape[:2])))
    images = np.rint(255 * np.stack(colours, axis=-1)).astype(np.uint8).reshape(count, *shape)
    images[0, 0, :2] = np.array([0, 255], np.uint8).reshape(2, *[1] * len(shape[2:]))  # which chance may leave out
    return images


def _facts(dataset: str, split: str, labels: np.ndarray) -> pd.DataFrame:
    facts = pd.DataFrame({"split": split, "index": np.arange(len(labels)), "label": labels})
    if dataset == "small_imagenet":
        names = [f"n0152999{label}/n0152999{label}_{index}.JPEG" for index, label in enumerate(labels)]
        return facts.assign(file=names, wnid=[name[:9] for name in names], undecodable_share=0.0009)
    return facts.assign(file=f"{split}.bin", position=100 + np.arange(len(labels)))
