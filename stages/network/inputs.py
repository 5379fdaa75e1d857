"""From pixels to what the network reads."""

import torch
from torch import Tensor

from stages.handover.prepared import Split


def to_inputs(images: Tensor) -> Tensor:
    """Return grey/255·2 − 1 as float32 (count, pixels) of `images` uint8 (count, …)."""
    return images.flatten(1).float().mul_(2 / 255).sub_(1)


def on_device(split: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return copies of the images and labels of a split on `device`."""
    return torch.tensor(split.images, device=device), torch.tensor(split.labels, device=device)
