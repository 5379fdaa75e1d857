"""Conversion of pixels to network inputs."""

import torch
from torch import Tensor

from stages.handover.prepared import Split


def to_inputs(images: Tensor) -> Tensor:
    """Return inputs grey/255·2 − 1, float32 (count, pixels), from `images` uint8 (count, …)."""
    return images.flatten(1).float().mul_(2 / 255).sub_(1)


def on_device(split: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the images and labels of a split, copied to `device`."""
    return torch.tensor(split.images, device=device), torch.tensor(split.labels, device=device)
