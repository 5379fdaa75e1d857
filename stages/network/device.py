"""The device to compute on, and the settings that make results reproducible on its kind."""

import torch

from stages.handover.machine import processor, processor_kind
from stages.running.errors import InputError
from stages.running.resources import available_memory


def resolve_device(device: str) -> torch.device:
    """Return the device for `auto`, `cpu` or `cuda`; raises InputError for `cuda` if there is no GPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("params.yaml: device is 'cuda', but torch finds no GPU on this machine; allowed: auto, cpu")
    return torch.device(device)


def device_name(device: torch.device) -> str:
    """Return the name that the device reports."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()


def device_kind(device: torch.device) -> str:
    """Return the name of the device's kind, which does not depend on the number of cores."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor_kind()


def available_bytes(device: torch.device) -> int:
    """Return the bytes of memory available on the device."""
    if device.type == "cuda":
        kept_by_torch = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept_by_torch
    return available_memory()


def compute_alike(precision: str) -> None:
    """Compute with one thread in this process, so that no sum depends on the number of cores.

    `precision` is float32 or tf32, as in params.yaml. Denormal numbers are flushed to 0: they are slow, and a saturated
    sigmoid produces many.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
