"""Rasterization: the span of pixels that a polygon fills in each row, in integer arithmetic only.

The author's shapes stay monotone in y when they are truncated to whole pixels, so a row is filled from its leftmost to
its rightmost crossing. A table holds each edge's crossings with all rows; eight rows are eight bytes of an int64.
"""

from functools import cache

import torch
from torch import Tensor

SIDE = 32  # of an image, in pixels
EVERY_BYTE = 0x0101_0101_0101_0101
CROSSED, NOT_CROSSED = 64, 128  # a row's byte for column 0; adding a column below 32 never carries into the next byte
NO_EDGE = 0  # table entry of an edge that crosses no row


def spans(x: Tensor, y: Tensor) -> Tensor:
    """Return the span that each polygon fills in each row, int32 (count, 32 rows): indices into `masks`.

    `x`, `y`: (vertices, count) in [0, 32), in order around polygons that are monotone in y. They are truncated to whole
    pixels.
    """
    x, y = x.to(torch.int32), y.to(torch.int32)
    next_x, next_y = x.roll(-1, 0), y.roll(-1, 0)
    lowest, highest = y.amin(0), y.amax(0)
    # A level edge in the first or last row fills nothing, unless that is the only row.
    level_at_end = (y == next_y) & ((y == lowest) | (y == highest)) & (lowest < highest)
    edge = ((y * SIDE + next_y) * (2 * SIDE) + (next_x - x + SIDE)).masked_fill_(level_at_end, NO_EDGE)

    crossings = torch.stack([rows.index_select(0, edge.flatten()) for rows in _crossings(x.device)])
    crossings = crossings.view(SIDE // 8, *edge.shape).add_(x.long() * EVERY_BYTE)
    # An uncrossed row's byte is the largest if unsigned and the smallest if signed, so any crossing replaces it.
    left = _row_by_row(crossings.view(torch.uint8).amin(1))
    right = _row_by_row(crossings.view(torch.int8).amax(1).view(torch.uint8))
    return left.to(torch.int32) * SIDE + right


def _row_by_row(values: Tensor) -> Tensor:
    """Reorder bytes (4, count · 8) to (count, 32 rows)."""
    return values.view(torch.int64).t().contiguous().view(torch.uint8)


@cache
def _crossings(device: torch.device) -> Tensor:
    """Return the table of edge crossings, int64 (4, 32 · 32 · 64), indexed by y, next y and next x − x + 32.

    Byte r of an entry is CROSSED + the column where the edge crosses row r, relative to its x, or NOT_CROSSED. An edge
    crosses the rows of both its ends: if the fill rule omits the upper end, another edge starts there. A level edge
    crosses its row only at its own x, since the next edge starts at its other end.
    """
    y, next_y, step, row = torch.meshgrid(
        *(torch.arange(size, dtype=torch.int32) for size in (SIDE, SIDE, 2 * SIDE, SIDE)), indexing="ij"
    )
    step = step - SIDE
    height = (next_y - y).abs().clamp(min=1)
    upward = torch.div((row - y) * step, height, rounding_mode="floor")
    downward = step + torch.div((next_y - row) * step, height, rounding_mode="floor")
    column = torch.where(next_y >= y, upward, downward)
    crossed = (torch.minimum(y, next_y) <= row) & (row <= torch.maximum(y, next_y))
    table = torch.where(crossed, CROSSED + column, NOT_CROSSED).to(torch.uint8).view(-1, SIDE)
    table[NO_EDGE] = NOT_CROSSED
    return table.view(torch.int64).t().contiguous().to(device)


@cache
def masks(device: torch.device) -> Tensor:
    """Return the pixels of each span, int64 (…, 4): the 32 pixels of a row, one byte each, 255 inside, 0 outside."""
    left, right, column = torch.meshgrid(*(torch.arange(SIDE),) * 3, indexing="ij")
    inside = ((left <= column) & (column <= right)).to(torch.uint8) * 255
    first, length = CROSSED * SIDE + CROSSED, (NOT_CROSSED + SIDE) * (SIDE + 1)
    table = torch.zeros(length, SIDE, dtype=torch.uint8)
    table[first : first + SIDE * SIDE] = inside.view(-1, SIDE)
    return table.view(torch.int64).to(device)
