"""Contours of a surface on a grid, as closed outlines that can be filled."""

from dataclasses import dataclass

import numpy as np

TINY = 1e-9  # what rounding leaves of 0


@dataclass(frozen=True)
class Outline:
    """A closed line around what is above a level, or around a hole in it."""

    points: np.ndarray
    """x and y: (points, 2); the last is joined to the first"""
    level: float
    rises: bool
    """whether the surface is above the level inside it; below in a hole"""


def outlines(xs: np.ndarray, ys: np.ndarray, values: np.ndarray, levels: np.ndarray) -> list[Outline]:
    """Return the outlines at all levels, the largest first, so that filling one after the other leaves what is inside.

    values: the surface's height (len(xs), len(ys)), straight between the points of the grid. Where the surface is above
    a level at the edge of the grid, its outline goes along that edge.
    """
    # a frame of low points, which lie where the edge is
    xs, ys = np.pad(xs, 1, mode="edge"), np.pad(ys, 1, mode="edge")
    framed = np.pad(values, 1, constant_values=min(values.min(), *levels) - 1)
    found = []
    for level in levels:
        for ring in rings(framed > level):
            heights = framed[ring[..., 0], ring[..., 1]]
            towards = (level - heights[:, :1]) / (heights[:, 1:] - heights[:, :1])
            ends = np.stack([xs[ring[..., 0]], ys[ring[..., 1]]], -1)
            points = bends(ends[:, 0] + towards * (ends[:, 1] - ends[:, 0]))
            found.append((area(points), Outline(points, level, area(points) > 0)))
    return [outline for size, outline in sorted(found, key=lambda one: -abs(one[0])) if size]


def rings(above: np.ndarray) -> list[np.ndarray]:
    """Return the closed lines between the True and the False of a grid whose frame is False, the True on their left.

    A line is what it crosses: int (crossings, 2, 2) with the two neighbours on the grid, the one above first, and their
    two indices.
    """
    following = {}
    corners = np.array([[(0, 0), (1, 0), (1, 1)], [(0, 0), (1, 1), (0, 1)]])  # two triangles a cell, both to the left
    cells = np.stack(np.meshgrid(*(np.arange(count - 1) for count in above.shape), indexing="ij"), -1)
    triangles = (cells[..., None, None, :] + corners).reshape(-1, 3, 2)
    inside = above[triangles[..., 0], triangles[..., 1]]
    mixed = (inside.sum(1) % 3) > 0
    for triangle, flags in zip(triangles[mixed].tolist(), inside[mixed].tolist(), strict=True):
        # k − 2 is the corner after k
        turned = [(tuple(triangle[k]), tuple(triangle[k - 2]), flags[k], flags[k - 2]) for k in range(3)]
        (leaving,) = [(first, second) for first, second, here, there in turned if here and not there]
        (entering,) = [(second, first) for first, second, here, there in turned if there and not here]
        following[leaving] = entering
    lines = []
    while following:
        line = [next(iter(following))]
        while (crossing := following.pop(line[-1])) != line[0]:
            line.append(crossing)
        lines.append(np.array(line))
    return lines


def bends(points: np.ndarray) -> np.ndarray:
    """Return the points of a closed line at which it turns."""
    points = points[np.hypot(*(points - np.roll(points, 1, 0)).T) > TINY * np.ptp(points)]
    before, after = points - np.roll(points, 1, 0), np.roll(points, -1, 0) - points
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return points[np.abs(turn) > TINY * np.hypot(*before.T) * np.hypot(*after.T)]


def area(points: np.ndarray) -> float:
    """Return the area inside a closed line, negative where it goes around it clockwise."""
    x, y = points.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
