"""The share of the first shape that the second hides, estimated as in the author's generator."""

import math

import torch
from torch import Tensor

from stages.shapeset.kinds import VERTICES
from stages.shapeset.poses import reach

# Area of each kind's polygon divided by that of its circumscribed circle.
AREAS = tuple(count * math.sin(2 * math.pi / count) / (2 * math.pi) for count in VERTICES)
SQUARINGS = 5
SERIES = tuple((-math.log(2)) ** power / math.factorial(power) for power in range(6))


def hidden_share(kinds: tuple[Tensor, Tensor], poses: tuple[Tensor, Tensor]) -> Tensor:
    """Estimate the hidden share of each first shape, float32 (…); above 1 if the second shape is much larger.

    `kinds`: int64 (…) and `poses`: float32 (6, …), of the first and of the second shapes. Let c be the vector from the
    first centre, truncated to whole pixels, to the second centre, d = |c|, and p the sum of both reaches along c. The
    estimate is (1 − 2^−(p/d − 1)) · area of the second ÷ area of the first, and 0 if the shapes do not meet (p < d).
    """
    first_x_u, first_x_v, first_x, first_y_u, first_y_v, first_y = poses[0]
    second_x_u, second_x_v, second_x, second_y_u, second_y_v, second_y = poses[1]
    x, y = first_x.trunc(), first_y.trunc()
    c_x, c_y = second_x - x, second_y - y
    # Reaches and distance are multiplied by d, which avoids a square root.
    first_reach = reach(kinds[0], first_x_u * c_x + first_y_u * c_y, first_x_v * c_x + first_y_v * c_y)
    first_reach = first_reach + ((first_x - x) * c_x + (first_y - y) * c_y)
    second_reach = reach(kinds[1], -(second_x_u * c_x + second_y_u * c_y), -(second_x_v * c_x + second_y_v * c_y))
    distance = (c_x * c_x + c_y * c_y).clamp(min=2.0**-40)  # avoids 0 ÷ 0
    apart = power_of_half((first_reach + second_reach) / distance - 1)
    areas = torch.tensor(AREAS, device=x.device)
    first_area = (first_x_u * first_y_v - first_x_v * first_y_u) * areas[kinds[0]]
    second_area = (second_x_u * second_y_v - second_x_v * second_y_u) * areas[kinds[1]]
    return (1 - apart) * (second_area / first_area)


def power_of_half(exponent: Tensor) -> Tensor:
    """Return 2^−exponent to within 10⁻⁵, with exponents clamped to [0, 32].

    A short series and squarings compute it, since a library's exponential may round differently on another processor.
    """
    part = exponent.clamp(0, 2**SQUARINGS) * 2.0**-SQUARINGS
    value = torch.full_like(part, SERIES[-1])
    for coefficient in reversed(SERIES[:-1]):
        value = value * part + coefficient
    for _ in range(SQUARINGS):
        value = value * value
    return value
