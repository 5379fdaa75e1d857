"""Plain stochastic gradient descent on a stack of runs on a GPU, for mini-batches of a few examples.

The same as `stages.network.sgd`, with two kernels a layer in the place of products: thin products of a library take
three to four times as long, and they correct the weights in a pass of its own.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple

import torch
from torch import Tensor

from stages.network.costs import COSTS
from stages.network.perceptron import Perceptron

ACTIVATIONS = ("sigmoid", "tanh", "softsign")  # that the kernels know
MOST_EXAMPLES = 16  # of a mini-batch, for each of which a thread keeps sums


class Blocks(NamedTuple):
    """How a kernel divides the weights of a layer (units below, units), as measured to be fast."""

    rows: int
    columns: int
    steps: int
    warps: int


NARROW = 32  # units: the output layer
UP, UP_NARROW = Blocks(32, 32, 4, 8), Blocks(128, 16, 4, 16)
DOWN, DOWN_NARROW = Blocks(16, 64, 1, 8), Blocks(16, 16, 1, 4)


def is_thin(networks: Perceptron, batch_size: int) -> bool:
    """Return whether `ThinDescent` can train `networks` in mini-batches of `batch_size`."""
    weight = networks.weights[0]
    return (
        weight.is_cuda
        and weight.dtype == torch.float32
        and networks.activation in ACTIVATIONS
        and batch_size <= MOST_EXAMPLES
        and find_spec("triton") is not None  # which comes with torch for CUDA on Linux
    )


class ThinDescent:
    """Updates a stack of runs in place, as `stages.network.sgd.GradientDescent` does."""

    def __init__(self, networks: Perceptron, learning_rates: Sequence[float], batch_size: int, cost: str) -> None:
        """Keep `networks`, a stack of as many runs as there are `learning_rates`, and allocate all buffers."""
        self.changed = [*networks.weights, *networks.biases]
        self._networks = networks
        self._cost_gradient = COSTS[cost].gradient
        self._rates = networks.weights[0].new_tensor(learning_rates)[:, None, None] / batch_size
        self._batch_size = batch_size
        widths = [bias.shape[-1] for bias in networks.biases]
        empty = [self._rates.new_empty(len(learning_rates), batch_size, width) for width in widths]
        self._activations = empty[:-1]
        self._gradients = [torch.empty_like(buffer) for buffer in empty]
        self._overlap = self._rates.is_cuda and torch.cuda.get_device_capability(self._rates.device) >= (9, 0)

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, in order, as `stages.network.sgd.GradientDescent.update` does."""
        batches = (tensor.split(self._batch_size, -2) for tensor in (inputs, targets, outputs))
        for x, y, output in zip(*batches, strict=True):
            activations = [x, *self._activations]
            for layer, above in enumerate([*self._activations, output]):
                self._go_up(layer, activations[layer], above)
            gradient = self._gradients[-1]
            self._cost_gradient(output, y, gradient)
            # the learning rate is folded into the gradient at the output, from where it reaches every weight
            gradient.mul_(self._rates)
            for layer in range(len(activations) - 1, -1, -1):
                self._go_down(layer, activations[layer])

    def _go_up(self, layer: int, below: Tensor, above: Tensor) -> None:
        """Fill `above` with the activations of a layer, or with the pre-activations of the output."""
        from stages.network.kernels import up

        weight, is_output = self._networks.weights[layer], layer == self._networks.hidden_layers
        runs, units_below, units = weight.shape
        blocks = UP_NARROW if units < NARROW else UP
        up[-(-units // blocks.columns), runs](
            below,
            weight,
            self._networks.biases[layer],
            above,
            below.stride(0),
            above.stride(0),
            self._batch_size,
            units_below,
            units,
            "identity" if is_output else self._networks.activation,
            *blocks[:3],
            self._overlap,
            layer == 0,
            num_warps=blocks.warps,
            launch_pdl=self._overlap,
        )

    def _go_down(self, layer: int, below: Tensor) -> None:
        """Send the gradient of a layer down to the one below, and correct the layer's weights and biases."""
        from stages.network.kernels import down

        weight = self._networks.weights[layer]
        runs, units_below, units = weight.shape
        blocks = DOWN_NARROW if units < NARROW else DOWN
        down[-(-units_below // blocks.rows), runs](
            below,
            weight,
            self._networks.biases[layer],
            self._gradients[layer],
            self._gradients[layer - 1] if layer else below,
            below.stride(0),
            self._batch_size,
            units_below,
            units,
            self._networks.activation,
            *blocks[:3],
            self._overlap,
            layer == 0,
            num_warps=blocks.warps,
            launch_pdl=self._overlap,
        )
