"""Poses: how a regular polygon is turned, stretched, turned back, turned again and moved into the image.

A pose is float32 (6, …) with rows x_u, x_v, x, y_u, y_v, y: the point (u, v) of the regular polygon of its kind lies at
(x_u·u + x_v·v + x, y_u·u + y_v·v + y) pixels. Only +, −, ×, ÷, √ and table look-ups are used, because every processor
rounds these identically. Sines and cosines come from tables that Python computes once.
"""

import math
from functools import cache

import torch
from torch import Tensor

from stages.shapeset.kinds import VERTICES
from stages.shapeset.philox import Words, unit

STEPS = 255  # of the circle
LAST_TURNS = 254  # the last turn is 0 to 253 steps
RATIOS = math.cos, math.sin
SMALLEST, LARGEST = 0.2 * 32, 0.8 * 32  # stretches, in pixels
LOW, HIGH = 1, 31  # every vertex keeps a pixel's distance from the border
BELOW_HIGH = HIGH - 2**-19  # the largest float32 below HIGH


def first_turns(vertices: int) -> list[int]:
    """Return the steps from which a polygon's first turn is drawn; steps past half a side count back from 255."""
    steps = []
    for step in range(STEPS // vertices):
        backwards = step > (STEPS - 1) // (2 * vertices)
        steps.append(min(STEPS - (STEPS - 1) // vertices + step, STEPS - 1) if backwards else step)
    return steps


FIRST_TURNS = tuple(first_turns(vertices) for vertices in VERTICES)


@cache
def _cosines_and_sines(device: torch.device) -> tuple[Tensor, Tensor]:
    """Return tables of first turns, float32 (2, kinds, 85), and last turns, (2, 254); axis 0 is cosine and sine."""
    longest = max(len(steps) for steps in FIRST_TURNS)
    first = [[*steps, *[0] * (longest - len(steps))] for steps in FIRST_TURNS]
    last = [range(LAST_TURNS)]
    first, last = (
        torch.tensor([[[ratio(2 * math.pi * step / STEPS) for step in row] for row in rows] for ratio in RATIOS])
        for rows in (first, last)
    )
    return first.to(device), last.squeeze(1).to(device)


def turns(kind: Tensor, first_turn: Tensor, last_turn: Tensor) -> Tensor:
    """Return float32 (4, …): cosine and sine of the first turns, cosine and sine of the last turns.

    `kind`, `first_turn` (an index into FIRST_TURNS[kind]) and `last_turn` (in [0, LAST_TURNS)) are int64 of one shape.
    """
    first, last = _cosines_and_sines(kind.device)
    return torch.cat((first[:, kind, first_turn], last[:, last_turn]))


def place(kind: Tensor, angles: Tensor, words: Words) -> Tensor:
    """Return poses, float32 (6, …), with stretches and centres drawn from the random words.

    `kind`: int64 (…); `angles`: float32 (4, …), see `turns`; `words`: four int64 (…).
    """
    cos_1, sin_1, cos_3, sin_3 = angles
    stretch_0, stretch_1 = (SMALLEST + (LARGEST - SMALLEST) * unit(word) for word in words[:2])
    long, short = torch.maximum(stretch_0, stretch_1), torch.minimum(stretch_0, stretch_1)

    # Turning, stretching and turning back to a level edge combine to a width, a height and a shear.
    along, across = long * cos_1, short * sin_1
    width = torch.sqrt(along * along + across * across)
    height = long * short / width
    shear = (across * (short * cos_1) - along * (long * sin_1)) / width

    x_u, x_v = cos_3 * width, cos_3 * shear - sin_3 * height
    y_u, y_v = sin_3 * width, sin_3 * shear + cos_3 * height
    x, y = (_centre(kind, u, v, word) for u, v, word in ((x_u, x_v, words[2]), (y_u, y_v, words[3])))
    return torch.stack((x_u, x_v, x, y_u, y_v, y))


def _centre(kind: Tensor, u: Tensor, v: Tensor, words: Tensor) -> Tensor:
    """Draw one coordinate of the centre, uniformly from the range that keeps the shape in [LOW, HIGH]."""
    low = LOW + reach(kind, -u, -v)
    return low + unit(words) * (HIGH - reach(kind, u, v) - low)


def reach(kind: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Return the reach of the regular polygon of `kind` along (u, v): its largest dot product with a vertex.

    By symmetry only a few vertices can be farthest: two of the triangle, one of the square, three of the 20-gon.
    """
    side, up = u.abs(), v.abs()
    triangle = torch.maximum(side * (math.sqrt(3) / 4) + v * 0.25, v * -0.5)
    square = (side + up) * math.sqrt(1 / 8)
    major, minor = torch.maximum(side, up), torch.minimum(side, up)
    ellipse = square  # the vertex at 45°
    for degrees in (9, 27):
        angle = math.radians(degrees)
        ellipse = torch.maximum(ellipse, major * (math.cos(angle) / 2) + minor * (math.sin(angle) / 2))
    return torch.where(kind == 0, triangle, torch.where(kind == 1, square, ellipse))


@cache
def regular_polygon(kind: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return u and v, float32 (vertices,), of the polygon of `kind` on the circle of radius ½, with a level edge."""
    count = VERTICES[kind]
    angles = [math.pi * (0.5 + (1 + 2 * vertex) / count) for vertex in range(count)]
    u, v = ([function(angle) / 2 for angle in angles] for function in (math.cos, math.sin))
    return torch.tensor(u, device=device), torch.tensor(v, device=device)


def vertices(kind: int, poses: Tensor) -> tuple[Tensor, Tensor]:
    """Return the x and the y of all vertices, float32 (vertices, count) in pixels, of shapes of one `kind`."""
    u, v = (values[:, None] for values in regular_polygon(kind, poses.device))
    x_u, x_v, x, y_u, y_v, y = poses
    # The margin holds by construction up to rounding; the clamp keeps every vertex off the border pixels.
    return (u * x_u + v * x_v + x).clamp_(LOW, BELOW_HIGH), (u * y_u + v * y_v + y).clamp_(LOW, BELOW_HIGH)
