"""Arrays that one stage leaves for another, in safetensors files: a network's parameters, and whatever has a name."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from stages.running.errors import AGAIN, InputError, unreadable


def read_tensors(file: Path) -> dict[str, np.ndarray]:
    """Return the named arrays in the safetensors `file`; raises InputError where it cannot be read."""
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise unreadable(file, error) from error


def read_parameters(file: Path, inputs: int, classes: int) -> dict[str, np.ndarray]:
    """Return a network's parameters by name, float32: weight_1 (inputs, units), bias_1 (units,), weight_2, …

    Raises InputError where they cannot be read, are not finite, or do not fit so many inputs and classes.
    """
    arrays = read_tensors(file)
    layers = range(1, len(arrays) // 2 + 1)
    names = [f"{kind}_{layer}" for layer in layers for kind in ("weight", "bias")]
    if sorted(arrays) != sorted(names) or len(layers) < 2:
        raise InputError(f"{file}: holds {listed(arrays)}; allowed: weight_1, bias_1, weight_2, …; {AGAIN}")
    below = inputs
    for layer in layers:
        weight, bias = arrays[f"weight_{layer}"], arrays[f"bias_{layer}"]
        units = classes if layer == layers[-1] else bias.size
        if weight.shape != (below, units) or bias.shape != (units,) or units == 0:
            raise InputError(
                f"{file}: weight_{layer} is {weight.shape} and bias_{layer} {bias.shape}; allowed: "
                f"({below}, {units or 'units'}) and ({units or 'units'},); {AGAIN}"
            )
        below = units
    for name, array in arrays.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise InputError(f"{file}: {name} is {array.dtype} or not finite; allowed: finite float32; {AGAIN}")
    return arrays


def listed(names: Sequence[str]) -> str:
    """Return the first few of many names, each shortened, in one line."""
    shown = ", ".join(repr(name)[1:-1][:40] for name in sorted(names)[:6])
    return f"{shown}, …" if len(names) > 6 else shown or "nothing"
