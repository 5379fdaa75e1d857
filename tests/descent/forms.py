"""The forms of plain gradient descent on a CPU: torch, and the kernels compiled for each kind of vector registers."""

import shutil
from collections.abc import Callable, Sequence
from ctypes import CDLL
from functools import cache
from unittest import mock

import pytest
import torch

from stages.descent import cpu_compiler
from stages.descent.cpu_compiler import compiled
from stages.descent.cpu_descent import CpuDescent, layers_of
from stages.descent.forms import Descent
from stages.descent.sgd import GradientDescent
from stages.network.perceptron import Perceptron

ORDER = ["DEFAULT", "AVX2", "AVX512"]
COMPILED = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            torch.backends.cpu.get_cpu_capability() not in ORDER[index:], reason=f"this processor has no {name}"
        ),
    )
    for index, name in enumerate(ORDER)
]
FORMS = ["torch", *COMPILED]


@cache
def kernels(features: str, activation: str, cost: str, batch_size: int) -> CDLL:
    """The kernels compiled for a processor with these features; skips without a compiler."""
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    with mock.patch.object(cpu_compiler, "features", return_value=features):
        found = compiled.__wrapped__(activation, cost, batch_size)
    assert found, "see the note"
    return found


def descent_in(form: str, networks: Perceptron, rates: Sequence[float], batch_size: int, cost: str) -> Descent:
    """Descent on a stack in one of FORMS."""
    if form == "torch":
        return GradientDescent(networks, rates, batch_size, cost)
    return CpuDescent(kernels(form, networks.activation, cost, batch_size), layers_of(networks), rates, batch_size)


def kernels_in(form: str) -> Callable[..., CDLL | None]:
    """What takes the place of `kernels_for`, so that networks in float32 are trained in one of FORMS."""

    def kernels_for(networks: Perceptron, batch_size: int, cost: str) -> CDLL | None:
        single = networks.weights[0].dtype == torch.float32
        return kernels(form, networks.activation, cost, batch_size) if single and form != "torch" else None

    return kernels_for
