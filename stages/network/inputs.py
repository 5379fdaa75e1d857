"""From pixels to what the network reads."""

from torch import Tensor


def to_inputs(images: Tensor) -> Tensor:
    """Return grey/255·2 − 1 as float32 (count, pixels) of `images` uint8 (count, …)."""
    return images.flatten(1).float().mul_(2 / 255).sub_(1)
