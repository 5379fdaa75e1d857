"""The facts of every image besides its pixels: one row per scene."""

import torch
from torch import Tensor

from stages.shapeset.kinds import KINDS
from stages.shapeset.overlap import hidden_share
from stages.shapeset.poses import vertices
from stages.shapeset.scenes import Scenes, labels


def facts(scenes: Scenes) -> dict[str, Tensor]:
    """Return the facts of `scenes` as columns of length count.

    index, label: int64; background, grey_0, grey_1: int16; kind_0, kind_1: int8 (kind_1 and grey_1 are −1 without a
    second shape); x_min, x_max, y_min, y_max: float32, the outermost vertices of all shapes in pixels; overlap:
    float32, the estimated hidden share of the first shape, 0 without a second; rejections: int16, the rejected
    positions of the second shape.
    """
    return {
        "index": scenes.index,
        "label": labels(scenes.kinds),
        "background": scenes.background.to(torch.int16),
        "grey_0": scenes.greys[0].to(torch.int16),
        "grey_1": scenes.greys[1].to(torch.int16),
        "kind_0": scenes.kinds[0].to(torch.int8),
        "kind_1": scenes.kinds[1].to(torch.int8),
        **outermost_vertices(scenes),
        "overlap": overlap(scenes),
        "rejections": scenes.rejections.to(torch.int16),
    }


def overlap(scenes: Scenes) -> Tensor:
    """Return the estimated hidden share of the first shape of each scene, float32 (count,)."""
    pairs = (scenes.kinds[1] >= 0).nonzero().squeeze(1)
    hidden = torch.zeros(len(scenes.index), device=pairs.device)
    hidden[pairs] = hidden_share(scenes.kinds[:, pairs], scenes.poses[:, :, pairs].unbind(1))
    return hidden


def outermost_vertices(scenes: Scenes) -> dict[str, Tensor]:
    """Return x_min, x_max, y_min, y_max of each scene's shapes, float32 (count,) in pixels."""
    kinds, poses = scenes.kinds.flatten(), scenes.poses.flatten(1)
    low = torch.full((2, len(kinds)), torch.inf, device=kinds.device)
    high = -low
    for kind in range(len(KINDS)):
        shapes = (kinds == kind).nonzero().squeeze(1)
        points = torch.stack(vertices(kind, poses[:, shapes]))
        low[:, shapes], high[:, shapes] = points.amin(1), points.amax(1)
    # A missing shape stays at ±∞, so it never sets a minimum or maximum.
    x_min, y_min = low.view(2, 2, -1).amin(1)
    x_max, y_max = high.view(2, 2, -1).amax(1)
    return {"x_min": x_min, "x_max": x_max, "y_min": y_min, "y_max": y_max}
