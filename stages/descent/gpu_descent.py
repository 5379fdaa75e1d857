"""Plain stochastic gradient descent on a stack of runs on a GPU, for mini-batches of a few examples.

It computes what `stages.descent.sgd` does, with two Triton kernels per layer: one for the forward and one for the
backward pass. They move the weights three times per update instead of four with library products, and no other kernel
runs between hidden layers.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import Tensor

from stages.network.costs import COSTS
from stages.network.perceptron import Perceptron
from stages.running.errors import say

ACTIVATIONS = ("sigmoid", "tanh", "softsign")  # supported by the kernels
TENSOR_CORES_FOR_TF32 = (8, 0)  # the lowest compute capability that has them: Ampere
MOST_EXAMPLES = 16  # of a mini-batch: the rows of the hardware's matrix product
MOST_WEIGHTS = 2**31 - 1  # of a layer: the kernels index with 32 bits


class Blocks(NamedTuple):
    """How the programs of a kernel divide a layer's weights (units below, units)."""

    rows: int
    columns: int
    steps: int
    """in one part: over rows in the forward pass, over columns in the backward pass"""


# the fastest of about forty tried on an H200 with 3, 8 and 15 runs of 1,000 units
NARROW = 32  # units; layers below this width, such as the output, use the NARROW blocks
UP, UP_NARROW = (Blocks(32, 64, 8), {"num_warps": 4, "STAGES": 4}), (Blocks(64, 16, 2), {"num_warps": 2, "STAGES": 2})
DOWN, DOWN_NARROW = (Blocks(64, 64, 4), {"num_warps": 8, "maxnreg": 128}), (Blocks(32, 16, 1), {"num_warps": 4})


def is_suited(networks: Perceptron, batch_size: int) -> bool:
    """Return whether `GpuDescent` can train `networks` in mini-batches of `batch_size`."""
    weight = networks.weights[0]
    return (
        weight.is_cuda
        and weight.dtype == torch.float32
        and networks.activation in ACTIVATIONS
        and batch_size <= MOST_EXAMPLES
        and max(layer[0].numel() for layer in networks.weights) <= MOST_WEIGHTS
        and can_compile(weight.device)
    )


@cache
def can_compile(device: torch.device) -> bool:
    """Return whether Triton can compile for a GPU; print a note if it fails on a supported GPU."""
    if find_spec("triton") is None:  # Triton comes with torch for CUDA on Linux
        return False
    if torch.version.cuda is None or torch.cuda.get_device_capability(device) < TENSOR_CORES_FOR_TF32:
        return False
    from stages.descent.gpu_kernels import arrives_once

    try:
        arrives_once[(1,)](torch.zeros((), dtype=torch.int32, device=device))
    except Exception as error:  # no C compiler, or a GPU newer than Triton: the errors share no class
        say(f"Triton cannot compile on this machine ({' '.join(str(error).split())[:200]}), so training is slower")
        return False
    return True


class GpuDescent:
    """Updates a stack of runs in place, as `stages.descent.sgd.GradientDescent` does."""

    def __init__(self, networks: Perceptron, learning_rates: Sequence[float], batch_size: int, cost: str) -> None:
        """Keep `networks`, a stack with one run for each of `learning_rates`, and allocate all buffers.

        `cost` is a name in COSTS.
        """
        runs = len(learning_rates)
        self.changed = [*networks.weights, *networks.biases]
        self._cost_gradient = COSTS[cost].gradient
        self._rates = networks.weights[0].new_tensor(learning_rates)[:, None, None] / batch_size
        self._batch_size = batch_size
        rows = [self._rates.new_empty(runs, batch_size, bias.shape[-1]) for bias in networks.biases]
        self._activations, self._gradients = rows[:-1], [torch.empty_like(buffer) for buffer in rows]
        layers = range(len(networks.weights))
        self._go_up = [_up(networks, layer) for layer in layers]
        self._go_down = [_down(networks, layer) for layer in layers]

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, in order, as `stages.descent.sgd.GradientDescent.update` does."""
        batches = (tensor.split(self._batch_size, -2) for tensor in (inputs, targets, outputs))
        for x, y, output in zip(*batches, strict=True):
            below, above = [x, *self._activations], [*self._activations, output]
            for go_up, z, z_above in zip(self._go_up, below, above, strict=True):
                go_up(z, z_above)
            gradient = self._gradients[-1]
            self._cost_gradient(output, y, gradient)
            # scaling the output gradient by the learning rate scales every parameter's gradient
            gradient.mul_(self._rates)
            gradients_below = [x, *self._gradients[:-1]]  # the first layer writes no gradient into x
            for layer in range(len(below) - 1, -1, -1):
                self._go_down[layer](below[layer], self._gradients[layer], gradients_below[layer])


def _up(networks: Perceptron, layer: int) -> Callable[[Tensor, Tensor], None]:
    """Return the forward pass of a layer: it fills the activations (the output's pre-activations) from those below."""
    from stages.descent.gpu_kernels import up

    weight, bias = networks.weights[layer], networks.biases[layer]
    runs, units_below, units = weight.shape
    activation = networks.activation if layer < networks.hidden_layers else "identity"
    blocks, options = UP_NARROW if units < NARROW else UP
    grid = (-(-units_below // (blocks.rows * blocks.steps)), -(-units // blocks.columns), runs)
    parts, arrived = _shared(weight, grid, blocks.columns)
    precision = _precision()

    def go_up(below: Tensor, above: Tensor) -> None:
        strides, sizes = (below.stride(0), above.stride(0)), (below.shape[1], units_below, units)
        described = (*strides, *sizes, activation, precision, MOST_EXAMPLES, *blocks)
        up[grid](below, weight, bias, above, parts, arrived, *described, **options)

    return go_up


def _down(networks: Perceptron, layer: int) -> Callable[[Tensor, Tensor, Tensor], None]:
    """Return the backward pass of a layer: it updates the layer from its gradient, and fills the gradient below."""
    from stages.descent.gpu_kernels import down

    weight, bias = networks.weights[layer], networks.biases[layer]
    runs, units_below, units = weight.shape
    blocks, options = DOWN_NARROW if units < NARROW else DOWN
    grid = (-(-units // (blocks.columns * blocks.steps)), -(-units_below // blocks.rows), runs)
    parts, arrived = _shared(weight, grid, blocks.rows)
    precision = _precision()

    def go_down(below: Tensor, gradient: Tensor, gradient_below: Tensor) -> None:
        sizes = (below.shape[1], units_below, units)
        described = (below.stride(0), *sizes, networks.activation, precision, layer == 0, MOST_EXAMPLES, *blocks)
        down[grid](below, weight, bias, gradient, gradient_below, parts, arrived, *described, **options)

    return go_down


def _shared(weight: Tensor, grid: tuple[int, int, int], units: int) -> tuple[Tensor, Tensor]:
    """Return buffers for the partial sums of blocks of `units` units, and counters of the finished parts."""
    parts, blocks, runs = grid
    room = weight.new_empty(runs * blocks * parts * MOST_EXAMPLES * units)
    return room, weight.new_zeros(runs * blocks, dtype=torch.int32)


def _precision() -> str:
    """Return Triton's name of the precision that `stages.network.device.compute_alike` has set."""
    return "tf32" if torch.get_float32_matmul_precision() == "high" else "tf32x3"
