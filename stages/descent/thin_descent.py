"""Plain stochastic gradient descent on a stack of runs on a GPU, for mini-batches of a few examples.

It does what `stages.descent.sgd` does, with two kernels of its own for each layer, one going up and one going down.
They move the weights three times an update where a library's products do so four times, and need no others between
layers.
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

ACTIVATIONS = ("sigmoid", "tanh", "softsign")  # that the kernels know
TENSOR_CORES_FOR_TF32 = (8, 0)  # compute capability, from Ampere on
MOST_EXAMPLES = 16  # of a mini-batch: the rows that a matrix product of the hardware has
MOST_WEIGHTS = 2**31 - 1  # of a layer: the kernels count in 32 bits


class Blocks(NamedTuple):
    """How the programs of a kernel divide the weights (units below, units) of a layer."""

    rows: int
    columns: int
    steps: int
    """of one part: of rows going up, of columns going down"""


# the fastest of some forty that were tried on an H200 with 3, 8 and 15 runs of 1,000 units
NARROW = 32  # units: the output layer, and whatever is as narrow
UP, UP_NARROW = (Blocks(32, 64, 8), {"num_warps": 4, "STAGES": 4}), (Blocks(64, 16, 2), {"num_warps": 2, "STAGES": 2})
DOWN, DOWN_NARROW = (Blocks(64, 64, 4), {"num_warps": 8, "maxnreg": 128}), (Blocks(32, 16, 1), {"num_warps": 4})


def is_thin(networks: Perceptron, batch_size: int) -> bool:
    """Return whether `ThinDescent` can train `networks` in mini-batches of `batch_size`."""
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
    """Return whether Triton makes programs for a GPU; where it should and does not, say why."""
    if find_spec("triton") is None:  # which comes with torch for CUDA on Linux
        return False
    if torch.version.cuda is None or torch.cuda.get_device_capability(device) < TENSOR_CORES_FOR_TF32:
        return False
    from stages.descent.kernels import arrives_once

    try:
        arrives_once[(1,)](torch.zeros((), dtype=torch.int32, device=device))
    except Exception as error:  # a compiler of C is missing, or the GPU is newer than Triton: no common class
        say(f"Triton makes no programs here ({' '.join(str(error).split())[:200]}), so training is slower")
        return False
    return True


class ThinDescent:
    """Updates a stack of runs in place, as `stages.descent.sgd.GradientDescent` does."""

    def __init__(self, networks: Perceptron, learning_rates: Sequence[float], batch_size: int, cost: str) -> None:
        """Keep `networks`, a stack of as many runs as there are `learning_rates`, and allocate all buffers.

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
            # the learning rate is folded into the gradient at the output, from where it reaches every weight
            gradient.mul_(self._rates)
            gradients_below = [x, *self._gradients[:-1]]  # none goes down into x
            for layer in range(len(below) - 1, -1, -1):
                self._go_down[layer](below[layer], self._gradients[layer], gradients_below[layer])


def _up(networks: Perceptron, layer: int) -> Callable[[Tensor, Tensor], None]:
    """Return what fills the activations of a layer, or the output's pre-activations, from those of the layer below."""
    from stages.descent.kernels import up

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
    """Return what corrects a layer from the activations below and its gradient, and fills the gradient below."""
    from stages.descent.kernels import down

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
    """Return room for the parts of the sums of blocks of so many `units`, and for how many parts have arrived."""
    parts, blocks, runs = grid
    room = weight.new_empty(runs * blocks * parts * MOST_EXAMPLES * units)
    return room, weight.new_zeros(runs * blocks, dtype=torch.int32)


def _precision() -> str:
    """Return the precision of products as Triton names it, which `stages.network.device.compute_alike` has set."""
    return "tf32" if torch.get_float32_matmul_precision() == "high" else "tf32x3"
