"""Plain stochastic gradient descent on a stack of runs, in buffers that are allocated once.

θ ← θ − εg with g the mean gradient of a mini-batch (section 2.3), written out for this network: nothing in the loop
but arithmetic on existing tensors.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from stages.network.activations import ACTIVATIONS
from stages.network.perceptron import Perceptron


class GradientDescent:
    """Updates a stack of runs in place, each with its own learning rate and its own mini-batches."""

    def __init__(self, networks: Perceptron, learning_rates: Sequence[float], batch_size: int) -> None:
        """Keep `networks`, a stack of as many runs as there are `learning_rates`, and allocate all buffers."""
        runs = len(learning_rates)
        rates = networks.weights[0].new_tensor(learning_rates)[:, None, None] / batch_size
        # a stack of one run is viewed as that run: for it addmm is faster than baddbmm, the same on stacks
        single = runs == 1
        self._add_product = torch.addmm if single else torch.baddbmm
        self._of_stack = (lambda tensor: tensor.squeeze(-3)) if single else (lambda tensor: tensor)
        self._activation = ACTIVATIONS[networks.activation]
        self._weights = [self._of_stack(weight) for weight in networks.weights]
        self._biases = [self._of_stack(bias) for bias in networks.biases]
        self._rates = self._of_stack(rates)

        def buffers() -> list[Tensor]:
            return [self._of_stack(bias.new_empty(runs, batch_size, bias.shape[-1])) for bias in networks.biases]

        self._pre_activations, self._activations, self._gradients = buffers(), buffers(), buffers()
        self._ones = self._of_stack(networks.biases[0].new_ones(runs, 1, batch_size))

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, in order.

        `inputs` float (updates, runs, batch, inputs), `targets` one-hot float (updates, runs, batch, classes);
        `outputs`, of the shape of `targets`, is filled with the output layer's pre-activations.
        """
        add_product, activation = self._add_product, self._activation
        weights, biases, gradients, activations = self._weights, self._biases, self._gradients, self._activations
        going_up = list(zip(biases, weights, self._pre_activations, activations, strict=True))[:-1]
        going_down = [
            (gradients[layer], weights[layer].mT, self._pre_activations[layer - 1], activations[layer - 1])
            for layer in range(len(weights) - 1, 0, -1)
        ]
        below_transposed = [None, *(z.mT for z in activations[:-1])]
        correcting = list(zip(weights, biases, gradients, strict=True))
        mini_batches = zip(*(self._of_stack(blocks).unbind() for blocks in (inputs, targets, outputs)), strict=True)
        for mini_batch, target, output in mini_batches:
            below = mini_batch
            for bias, weight, s, z in going_up:
                add_product(bias, below, weight, out=s)
                activation.forward(s, z)
                below = z
            add_product(biases[-1], below, weights[-1], out=output)
            # the learning rate is folded into the gradient at the output, from where it reaches every weight
            gradient = gradients[-1]
            torch.softmax(output, -1, out=gradient)
            gradient.sub_(target).mul_(self._rates)
            for (above, weight_transposed, s, z), gradient in zip(going_down, gradients[-2::-1], strict=True):
                torch.matmul(above, weight_transposed, out=gradient)
                activation.backward(gradient, s, z, gradient)
            below_transposed[0] = mini_batch.mT
            for z_transposed, (weight, bias, gradient) in zip(below_transposed, correcting, strict=True):
                add_product(weight, z_transposed, gradient, alpha=-1, out=weight)
                add_product(bias, self._ones, gradient, alpha=-1, out=bias)
