"""Plain stochastic gradient descent on a stack of runs; its loop only does arithmetic on preallocated tensors.

θ ← θ − εg with g the mean gradient of a mini-batch (section 2.3), written out for this network.

If the weights do not fit the cache, writing them takes much of an update's time. So a fold, a few updates, accumulates
its weight changes and applies them at its end. Let Z be the activations and D the gradients of the fold's earlier
updates, one row per example; then the current weights are W − ZᵀD. A product with them is a product with W minus two
thin products, and at the end of the fold one product subtracts ZᵀD from W. The first layer's inputs are known in
advance for the whole fold, so one product with W serves all its updates.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from stages.descent.fold import Fold, FoldBuffers, Update
from stages.descent.products import CACHED_BYTES, products_with
from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.perceptron import Perceptron

FOLDED_UPDATES = 4  # in a fold, if a run's weights do not fit the cache


def fold_size(networks: Perceptron) -> int:
    """Return how many updates of `networks`, a stack of runs, to accumulate in a fold."""
    one_run = sum(weight[0].numel() * weight.element_size() for weight in networks.weights)
    # on a GPU, many small products take longer than writing the weights
    return 1 if networks.weights[0].is_cuda or one_run <= CACHED_BYTES else FOLDED_UPDATES


class GradientDescent:
    """Updates a stack of runs in place, each with its own learning rate and its own mini-batches."""

    def __init__(
        self,
        networks: Perceptron,
        learning_rates: Sequence[float],
        batch_size: int,
        cost: str,
        folded_updates: int | None = None,
    ) -> None:
        """Keep `networks`, a stack with one run for each of `learning_rates`, and allocate all buffers.

        `cost` is a name in COSTS; `folded_updates` is `fold_size` by default.
        """
        rates = networks.weights[0].new_tensor(learning_rates)[:, None, None]
        # a stack of one run is viewed as a single network, because addmm is faster than baddbmm
        single = len(learning_rates) == 1
        self._of_stack = (lambda tensor: tensor.squeeze(0)) if single else (lambda tensor: tensor)
        self.changed = [*networks.weights, *networks.biases]
        self._add_product = torch.addmm if single else torch.baddbmm
        self._activation = ACTIVATIONS[networks.activation]
        self._cost_gradient = COSTS[cost].gradient
        self._weights = [self._of_stack(weight) for weight in networks.weights]
        self._biases = [self._of_stack(bias) for bias in networks.biases]
        layers = zip(self._weights[1:], self._biases[1:], strict=True)
        self._products = [products_with(weight, bias, batch_size) for weight, bias in layers]
        self._rates = self._of_stack(rates / batch_size)
        self._batch_size = batch_size
        self._rows = (folded_updates or fold_size(networks)) * batch_size
        self._ones = self._of_stack(rates.new_ones(len(rates), 1, self._rows))
        self._one = self._ones[..., :1]
        self._buffers = FoldBuffers(
            [bias.shape[-1] for bias in networks.biases],
            self._rows,
            batch_size,
            lambda rows, columns: self._of_stack(rates.new_empty(len(rates), rows, columns)),
        )

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, in order.

        `inputs` float (runs, updates·batch, inputs), `targets` one-hot float (runs, updates·batch, classes);
        `outputs`, of the shape of `targets`, is filled with the output layer's pre-activations.
        """
        in_folds = (self._of_stack(tensor).split(self._rows, -2) for tensor in (inputs, outputs))
        targets = iter(self._of_stack(targets).split(self._batch_size, -2))
        for inputs_of_fold, outputs_of_fold in zip(*in_folds, strict=True):
            self._update_fold(inputs_of_fold, targets, outputs_of_fold)

    def _update_fold(self, inputs: Tensor, targets: Iterator[Tensor], outputs: Tensor) -> None:
        """Do the updates of one fold; `targets` yields the targets of its mini-batches."""
        add_product = self._add_product
        fold = self._buffers.fold(inputs.shape[-2])
        inputs_transposed = inputs.mT
        add_product(self._biases[0], inputs, self._weights[0], out=fold.first_pre_activation)
        if len(fold.updates) > 1:
            add_product(self._one, inputs, inputs_transposed, out=fold.between_inputs)
        for update in fold.updates:
            self._forward(update)
            output, gradient = update.layers[-1].pre_activation, update.layers[-1].gradient
            self._cost_gradient(output, next(targets), gradient)
            # scaling the output gradient by the learning rate scales every parameter's gradient
            gradient.mul_(self._rates)
            self._backward(update)
        outputs.copy_(fold.outputs)
        self._apply_changes(fold, inputs_transposed)

    def _forward(self, update: Update) -> None:
        """Compute all pre-activations and activations; the first layer's product with W is already there."""
        forward = self._activation.forward
        below = update.layers[0]
        s = below.pre_activation
        if not update.is_first:
            self._add_product(s, update.between_inputs, below.earlier_gradient, alpha=-1, out=s)
        for products, layer in zip(self._products, update.layers[1:], strict=True):
            forward(s, below.activation)
            s = layer.pre_activation
            products.up(below.activation, s)
            if not update.is_first:
                # plus 1 for each earlier example, because its gradient changes the bias too
                earlier = below.earlier_activation_transposed
                products.correct(1, below.activation, earlier, layer.earlier_gradient, update.between, s)
            below = layer

    def _backward(self, update: Update) -> None:
        """Back-propagate the output gradient to the hidden layers."""
        backward = self._activation.backward
        for index in range(len(update.layers) - 1, 0, -1):
            layer, below = update.layers[index], update.layers[index - 1]
            products = self._products[index - 1]
            gradient = products.down(layer.gradient)
            if not update.is_first:
                earlier = layer.earlier_gradient_transposed
                products.correct(0, layer.gradient, earlier, below.earlier_activation, update.between, gradient)
            backward(gradient, below.pre_activation, below.activation, below.gradient)

    def _apply_changes(self, fold: Fold, inputs_transposed: Tensor) -> None:
        """Apply the fold's accumulated changes to the weights and biases."""
        add_product = self._add_product
        ones = self._ones[..., : inputs_transposed.shape[-1]]
        below = [inputs_transposed, *fold.activations_transposed]
        for weight, bias, z, gradient in zip(self._weights, self._biases, below, fold.gradients, strict=True):
            add_product(weight, z, gradient, alpha=-1, out=weight)
            add_product(bias, ones, gradient, alpha=-1, out=bias)
