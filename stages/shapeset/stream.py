"""Endless image streams: image i is a pure function of (seed, split, i), on any device and in any batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral

import torch
from torch import Tensor

from stages.handover.prepared import SPLITS
from stages.running.errors import InputError
from stages.shapeset.facts import facts
from stages.shapeset.paint import paint
from stages.shapeset.philox import WORD
from stages.shapeset.raster import SIDE
from stages.shapeset.scenes import Scenes, draw_scenes, labels

LAST_INDEX = 2**62  # exclusive; start + count stays below the int64 limit
DRAWN_AT_ONCE = 32768  # scenes; limits the memory needed beyond the result


@dataclass(frozen=True)
class Sample:
    """Images of a stream with their labels, kinds and facts, in stream order."""

    images: Tensor  # uint8 (count, 32, 32): row y, column x, grey 0–255
    labels: Tensor  # int64 (count,): positions in CLASS_NAMES
    kinds: Tensor  # int8 (count, 2): positions in KINDS in drawing order, −1 for a missing second shape
    facts: dict[str, Tensor]  # columns (count,), see `facts.facts`


def draw_images(seed: int, split: str, start: int, count: int, device: str | torch.device) -> tuple[Tensor, Tensor]:
    """Draw images `start` to `start + count − 1` of a stream: images uint8 (count, 32, 32) and labels int64 (count,).

    Even a small call takes a few milliseconds, so draw thousands at a time. Raises `InputError` for an invalid seed,
    split, start or count.
    """
    batches = draw_batches(seed, split, start, count, device)
    images = torch.empty(count, SIDE, SIDE, dtype=torch.uint8, device=device)
    image_labels = torch.empty(count, dtype=torch.int64, device=device)
    for batch, scenes in batches:
        paint(scenes, images[batch])
        image_labels[batch] = labels(scenes.kinds)
    return images, image_labels


def draw(seed: int, split: str, start: int, count: int, device: str | torch.device) -> Sample:
    """Draw the same images and labels as `draw_images`, with kinds and facts; raises the same errors."""
    batches = draw_batches(seed, split, start, count, device)
    images = torch.empty(count, SIDE, SIDE, dtype=torch.uint8, device=device)
    columns = []
    for batch, scenes in batches:
        paint(scenes, images[batch])
        columns.append(facts(scenes))
    known = {name: torch.cat([part[name] for part in columns]) for name in columns[0]}
    return Sample(images, known["label"], torch.stack((known["kind_0"], known["kind_1"]), 1), known)


def draw_batches(
    seed: int, split: str, start: int, count: int, device: str | torch.device
) -> Iterator[tuple[slice, Scenes]]:
    """Check the arguments, then yield the scenes batch by batch, each with its slice of the `count` images."""
    key = stream_key(seed, split)
    for name, value in (("start", start), ("count", count)):
        if not isinstance(value, Integral) or not 0 <= value < LAST_INDEX:
            raise InputError(f"{name} is {value!r}; allowed: a whole number from 0 to {LAST_INDEX - 1}")
    firsts = range(0, max(count, 1), DRAWN_AT_ONCE)  # one empty batch for a count of 0
    batches = (slice(first, min(first + DRAWN_AT_ONCE, count)) for first in firsts)
    return (
        (batch, draw_scenes(key, torch.arange(start + batch.start, start + batch.stop, device=device)))
        for batch in batches
    )


def stream_key(seed: int, split: str) -> tuple[int, int]:
    """Return the key of a stream for the random generator; different streams have different keys.

    Raises `InputError` for an invalid seed or split.
    """
    if not isinstance(seed, Integral) or not 0 <= seed <= WORD:
        raise InputError(f"seed is {seed!r}; allowed: a whole number from 0 to {WORD}")
    if split not in SPLITS:
        raise InputError(f"split is {split!r}; allowed: {', '.join(SPLITS)}")
    return int(seed), SPLITS.index(split)  # so the order of SPLITS decides the images
