"""Conversion of pixels to network inputs."""

import torch
from torch import Tensor

from stages.handover.prepared import Split
from stages.params import InputRange

LOWEST_INPUT: dict[InputRange, int] = {"signed": -1, "unit": 0}  # the input of black; that of white is 1


def to_inputs(images: Tensor, input_range: InputRange) -> Tensor:
    """Return inputs, from that of black to 1 in proportion to grey: float32 (count, pixels).

    `images` are uint8 (count, …).
    """
    lowest = LOWEST_INPUT[input_range]
    return images.flatten(1).float().mul_((1 - lowest) / 255).add_(lowest)


def on_device(split: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the images and labels of a split, copied to `device`."""
    return torch.tensor(split.images, device=device), torch.tensor(split.labels, device=device)
