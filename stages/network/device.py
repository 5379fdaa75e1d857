"""The device that training runs on, and how to compute alike on all of its kind."""

import torch

from stages.handover.machine import processor, processor_kind
from stages.running.errors import InputError


def resolve_device(device: str) -> torch.device:
    """Return the device for `auto`, `cpu` or `cuda`; raises InputError where there is no such device."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("params.yaml: device is 'cuda', but torch finds no GPU on this machine; allowed: auto, cpu")
    return torch.device(device)


def device_name(device: torch.device) -> str:
    """Return what the device calls itself."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()


def device_kind(device: torch.device) -> str:
    """Return what the kind of device calls itself, which is the same with more or fewer cores."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor_kind()


def compute_alike(precision: str) -> None:
    """Make this process compute with one thread, so that no sum depends on how many cores there are.

    `precision` is float32 or tf32, as in params.yaml. Numbers too small to be normal count as 0 from here on: they are
    slow, and a saturated sigmoid makes many.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
