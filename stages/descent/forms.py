"""Plain gradient descent in the form that is fastest where the networks are."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from stages.descent.cpu_compiler import kernels_for
from stages.descent.cpu_descent import CpuDescent, layers_of
from stages.descent.gpu_descent import GpuDescent, is_suited
from stages.descent.sgd import GradientDescent
from stages.network.perceptron import Perceptron


class Descent(Protocol):
    """An algorithm that updates a stack of runs in place."""

    changed: list[Tensor]
    """all tensors that it changes"""

    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, as `stages.descent.sgd.GradientDescent.update` does."""


def gradient_descent(
    networks: Perceptron,
    learning_rates: Sequence[float],
    batch_size: int,
    cost: str,
    parameter_rates: Sequence[Tensor] | None = None,
) -> Descent:
    """Return the descent of `GradientDescent`, whose arguments these are, in the fastest form."""
    if kernels := kernels_for(networks, batch_size, cost):
        return CpuDescent(kernels, layers_of(networks, parameter_rates), learning_rates, batch_size)
    if parameter_rates is None and is_suited(networks, batch_size):
        return GpuDescent(networks, learning_rates, batch_size, cost)
    return GradientDescent(networks, learning_rates, batch_size, cost, parameter_rates)
