"""Plain stochastic gradient descent on a stack of runs in torch: the reference, and what any device can run.

θ ← θ − εg with g the mean gradient of a mini-batch (section 2.3), written out for this network.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.perceptron import Perceptron, forward


class GradientDescent:
    """Updates a stack of runs in place, each with its own mini-batches."""

    def __init__(
        self,
        networks: Perceptron,
        learning_rates: Sequence[float],
        batch_size: int,
        cost: str,
        parameter_rates: Sequence[Tensor] | None = None,
    ) -> None:
        """Keep `networks`, a stack with one run for each of `learning_rates`.

        `parameter_rates` multiply the learning rates: tensors shaped like the weights, then like the biases. `cost` is
        a name in COSTS.
        """
        self.changed = [*networks.weights, *networks.biases]
        self._networks, self._parameter_rates = networks, parameter_rates
        self._activation = ACTIVATIONS[networks.activation]
        self._cost_gradient = COSTS[cost].gradient
        self._batch_size = batch_size
        self._rates = networks.weights[0].new_tensor(learning_rates)[:, None, None] / batch_size

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, in order.

        `inputs` float (runs, updates·batch, inputs), `targets` one-hot float (runs, updates·batch, classes);
        `outputs`, of the shape of `targets`, is filled with the output layer's pre-activations.
        """
        batches = (tensor.split(self._batch_size, -2) for tensor in (inputs, targets, outputs))
        for x, y, output in zip(*batches, strict=True):
            self._step(x, y, output)

    def _step(self, inputs: Tensor, targets: Tensor, output: Tensor) -> None:
        """Do one update."""
        pre_activations, activations = forward(self._networks, inputs)
        output.copy_(pre_activations[-1])
        gradient = torch.empty_like(output)
        self._cost_gradient(output, targets, gradient)
        # scaling the output gradient by the learning rate scales every parameter's gradient
        gradient.mul_(self._rates)
        for layer in range(len(activations) - 1, -1, -1):
            above, z = gradient, activations[layer]
            if layer:
                gradient = above @ self._networks.weights[layer].mT
                self._activation.backward(gradient, pre_activations[layer - 1], z, gradient)
            self._correct(layer, z, above)

    def _correct(self, layer: int, z: Tensor, gradient: Tensor) -> None:
        """Update a layer from the activations below it and its gradient."""
        weight, bias = self._networks.weights[layer], self._networks.biases[layer]
        if self._parameter_rates is None:
            weight.baddbmm_(z.mT, gradient, alpha=-1)
            bias.sub_(gradient.sum(-2, keepdim=True))
        else:
            of_weight, of_bias = self._parameter_rates[layer :: len(self._networks.weights)]
            weight.addcmul_(z.mT @ gradient, of_weight, value=-1)
            bias.addcmul_(gradient.sum(-2, keepdim=True), of_bias, value=-1)
