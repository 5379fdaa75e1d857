"""Painting of scenes: each shape fills its pixels with its grey, and the second shape covers the first."""

import torch
from torch import Tensor

from stages.shapeset.kinds import KINDS
from stages.shapeset.poses import vertices
from stages.shapeset.raster import EVERY_BYTE, SIDE, masks, spans
from stages.shapeset.scenes import Scenes

PAINTED_AT_ONCE = 4096  # images; few enough to stay in a processor's cache


def paint(scenes: Scenes, images: Tensor) -> None:
    """Paint `scenes` into `images`, uint8 (count, 32, 32): row y, column x."""
    for start in range(0, len(images), PAINTED_AT_ONCE):
        part = scenes.part(slice(start, start + PAINTED_AT_ONCE))
        fill(shape_spans(part), part.background, part.greys, images[start : start + PAINTED_AT_ONCE])


def shape_spans(scenes: Scenes) -> Tensor:
    """Return the spans of all shapes, int32 (2, count, 32 rows); those of a missing shape are 0, an empty span."""
    kinds, poses = scenes.kinds.flatten(), scenes.poses.flatten(1)
    rows = torch.zeros(len(kinds), SIDE, dtype=torch.int32, device=kinds.device)
    for kind in range(len(KINDS)):
        shapes = (kinds == kind).nonzero().squeeze(1)
        if len(shapes):
            rows.index_copy_(0, shapes, spans(*vertices(kind, poses.index_select(1, shapes))))
    return rows.view(2, -1, SIDE)


def fill(rows: Tensor, background: Tensor, greys: Tensor, images: Tensor) -> None:
    """Fill `images`, uint8 (count, 32, 32), with `background` (count,) and `greys` (2, count), eight pixels at a time.

    `rows`: the spans of both shapes, int32 (2, count, 32). A second shape with grey −1 is skipped.
    """
    pixel_masks = masks(images.device)
    pairs = (greys[1] >= 0).nonzero().squeeze(1)
    # Where a mask is 255, `under ^ (mask & (under ^ over))` is `over`; where it is 0, `under`.
    under, first = ((grey * EVERY_BYTE)[:, None] for grey in (background, greys[0]))
    pixels = images.view(torch.int64).view(-1, pixel_masks.shape[1])
    torch.index_select(pixel_masks, 0, rows[0].flatten(), out=pixels)
    pixels = pixels.view(len(images), -1)
    pixels.bitwise_and_(under ^ first).bitwise_xor_(under)

    under, second = pixels.index_select(0, pairs), (greys[1, pairs] * EVERY_BYTE)[:, None]
    painted = pixel_masks.index_select(0, rows[1].index_select(0, pairs).flatten()).view(under.shape)
    painted.bitwise_and_(under ^ second).bitwise_xor_(under)
    pixels.index_copy_(0, pairs, painted)
