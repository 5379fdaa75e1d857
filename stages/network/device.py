"""The device that training runs on."""

import torch

from stages.errors import InputError


def resolve_device(device: str) -> torch.device:
    """Return the device for `auto`, `cpu` or `cuda`; raises InputError where there is no such device."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("params.yaml: device is 'cuda', but torch finds no GPU on this machine; allowed: auto, cpu")
    return torch.device(device)
