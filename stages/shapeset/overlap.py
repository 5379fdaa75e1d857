"""How much of the first shape the second one hides, as the author's generator estimates it."""

import math

import torch
from torch import Tensor

from stages.shapeset.kinds import VERTICES
from stages.shapeset.poses import reach

# Of each kind's polygon, to the circle around it.
AREAS = tuple(count * math.sin(2 * math.pi / count) / (2 * math.pi) for count in VERTICES)
SQUARINGS = 5
SERIES = tuple((-math.log(2)) ** power / math.factorial(power) for power in range(6))


def hidden_share(kinds: tuple[Tensor, Tensor], poses: tuple[Tensor, Tensor]) -> Tensor:
    """Estimate the hidden share of first shapes, float32 (…); it can pass 1 where the second is much larger.

    `kinds`: int64 (…), `poses`: float32 (6, …), of the first and of the second shapes. With c from the first centre,
    cut to whole pixels, to the second, d = |c| and p the sum of both reaches along c, the estimate is
    (1 − 2^−(p/d − 1)) · area of the second ÷ area of the first, and 0 where the shapes do not reach each other.
    """
    first_x_u, first_x_v, first_x, first_y_u, first_y_v, first_y = poses[0]
    second_x_u, second_x_v, second_x, second_y_u, second_y_v, second_y = poses[1]
    x, y = first_x.trunc(), first_y.trunc()
    c_x, c_y = second_x - x, second_y - y
    # Reaches and distance are all taken times d, which spares a square root.
    first_reach = reach(kinds[0], first_x_u * c_x + first_y_u * c_y, first_x_v * c_x + first_y_v * c_y)
    first_reach = first_reach + ((first_x - x) * c_x + (first_y - y) * c_y)
    second_reach = reach(kinds[1], -(second_x_u * c_x + second_y_u * c_y), -(second_x_v * c_x + second_y_v * c_y))
    distance = (c_x * c_x + c_y * c_y).clamp(min=2.0**-40)  # never 0 ÷ 0
    apart = power_of_half((first_reach + second_reach) / distance - 1)
    areas = torch.tensor(AREAS, device=x.device)
    first_area = (first_x_u * first_y_v - first_x_v * first_y_u) * areas[kinds[0]]
    second_area = (second_x_u * second_y_v - second_x_v * second_y_u) * areas[kinds[1]]
    return (1 - apart) * (second_area / first_area)


def power_of_half(exponent: Tensor) -> Tensor:
    """Return 2^−exponent, with exponents taken as if in [0, 32], to within 10⁻⁵.

    A short series and squarings, since a library's exponential may round differently on another processor.
    """
    part = exponent.clamp(0, 2**SQUARINGS) * 2.0**-SQUARINGS
    value = torch.full_like(part, SERIES[-1])
    for coefficient in reversed(SERIES[:-1]):
        value = value * part + coefficient
    for _ in range(SQUARINGS):
        value = value * value
    return value
