"""Gradient descent with a learning rate ε/(h + μ) for each parameter, where h is a running average of an estimate.

The estimate is either the diagonal of the Gauss-Newton approximation of the Hessian (LeCun, Bottou, Orr and Müller,
"Efficient BackProp", 1998, section 9.1) or the variance of the gradient over examples; section 5 of the paper tries
both.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS, Cost
from stages.network.perceptron import Perceptron, forward

DAMPING = 1e-4  # μ, which bounds the rates where h is small
ESTIMATED_EVERY = 16  # updates, counted from the start of training; must divide the updates of a block
PARAMETER_COPIES = 3  # held besides the parameters: the running averages, the rates and the gradients
NEWEST = 0.02  # the smallest weight of the newest estimate in the running average


class PerParameterDescent:
    """Updates a stack of runs in place, each with its own learning rate ε and its own mini-batches."""

    def __init__(
        self,
        estimate: Callable[["PerParameterDescent"], list[Tensor]],
        networks: Perceptron,
        learning_rates: Sequence[float],
        batch_size: int,
        cost: str,
    ) -> None:
        """Keep `networks`, a stack with one run for each of `learning_rates`.

        `estimate` is a function of this module; `cost` is a name in COSTS.
        """
        self._estimate = estimate
        self._networks = networks
        self._activation = ACTIVATIONS[networks.activation]
        self.cost: Cost = COSTS[cost]
        self._batch_size = batch_size
        self._learning_rates = networks.weights[0].new_tensor(learning_rates)[:, None, None]
        self._since_estimate = torch.zeros((), dtype=torch.int64)  # on the CPU, where it is read
        self._estimates = networks.weights[0].new_zeros(())
        self.parameters = [*networks.weights, *networks.biases]
        self._averages = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._rates = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._gradients = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.changed = [*self.parameters, *self._averages, *self._rates, self._estimates, self._since_estimate]

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, as `stages.descent.sgd.GradientDescent.update` does.

        An estimate is taken at every ESTIMATED_EVERYth update, however training is split into calls. A call captured as
        a CUDA graph must have a multiple of ESTIMATED_EVERY updates, because its replays do not advance the counter.
        """
        batches = (tensor.split(self._batch_size, -2) for tensor in (inputs, targets, outputs))
        for z, y, output in zip(*batches, strict=True):
            self.pre_activations, self.activations = forward(self._networks, z)
            output.copy_(self.pre_activations[-1])
            gradient = torch.empty_like(output)
            self.cost.gradient(output, y, gradient)
            self.layer_gradients = self.backward(gradient)
            if self._since_estimate == 0:
                self._set_rates(self._estimate(self))
            self._since_estimate.add_(1).remainder_(ESTIMATED_EVERY)
            self._step()

    def backward(self, gradient: Tensor, copies: int = 1) -> list[Tensor]:
        """Return all layers' gradients from `copies` output gradients stacked as (runs, copies·batch, classes)."""
        gradients = [gradient]
        layers = zip(self._networks.weights[:0:-1], self.pre_activations[-2::-1], self.activations[:0:-1], strict=True)
        for weight, s, z in layers:
            gradient = gradient @ weight.mT
            many = (1, copies, 1)
            self._activation.backward(gradient, s.repeat(many), z.repeat(many), gradient)
            gradients.insert(0, gradient)
        return gradients

    def _set_rates(self, estimates: list[Tensor]) -> None:
        """Update the running averages with the newest estimates, and the rates with the averages."""
        self._estimates += 1
        newest = (1 / self._estimates).clamp(min=NEWEST)  # a plain mean at first
        for average, estimate, rate in zip(self._averages, estimates, self._rates, strict=True):
            average.lerp_(estimate, newest)
            torch.div(self._learning_rates, average + DAMPING, out=rate)

    def _step(self) -> None:
        """Take one step against the mean gradient of the mini-batch."""
        layers = len(self._networks.weights)
        for index, (z, gradient) in enumerate(zip(self.activations, self.layer_gradients, strict=True)):
            torch.matmul(z.mT, gradient, out=self._gradients[index])
            torch.sum(gradient, -2, keepdim=True, out=self._gradients[layers + index])
        for parameter, gradient, rate in zip(self.parameters, self._gradients, self._rates, strict=True):
            parameter.addcmul_(gradient, rate, value=-1 / self._batch_size)


def hessian_diagonal(descent: PerParameterDescent) -> list[Tensor]:
    """Return the diagonal of the mean Gauss-Newton matrix, for the weights and then for the biases.

    The Gauss-Newton matrix with respect to s is the sum over classes c of a_c·(e_c − P)(e_c − P)ᵀ. So its diagonal with
    respect to the parameters is the sum over classes of squared gradients, each back-propagated from √a_c·(e_c − P) at
    the output. This is exact: the only approximation is Gauss-Newton's own.
    """
    probabilities = torch.softmax(descent.pre_activations[-1], -1)
    classes, batch = probabilities.shape[-1], probabilities.shape[-2]
    identity = torch.eye(classes, dtype=probabilities.dtype, device=probabilities.device)
    # (runs, classes, batch, classes): the output gradient for each class c
    start = (identity[:, None] - probabilities[:, None]) * descent.cost.curvature_weight(probabilities).mT.sqrt()[
        ..., None
    ]
    gradients = descent.backward(start.flatten(1, 2), copies=classes)
    squares = [gradient.square().unflatten(1, (classes, batch)).sum(1) for gradient in gradients]
    return mean_squares(descent.activations, squares)


def gradient_variance(descent: PerParameterDescent) -> list[Tensor]:
    """Return the unbiased variance of the gradient over the mini-batch's examples, for weights, then for biases."""
    batch = descent.layer_gradients[0].shape[-2]
    squares = mean_squares(descent.activations, [gradient.square() for gradient in descent.layer_gradients])
    weights = [
        z.mT @ gradient / batch for z, gradient in zip(descent.activations, descent.layer_gradients, strict=True)
    ]
    biases = [gradient.mean(-2, keepdim=True) for gradient in descent.layer_gradients]
    means = [*weights, *biases]
    unbiased = batch / max(batch - 1, 1)
    return [unbiased * (square - mean.square()).clamp(min=0) for square, mean in zip(squares, means, strict=True)]


def mean_squares(activations: Sequence[Tensor], squares: Sequence[Tensor]) -> list[Tensor]:
    """Return the mean over examples of squared gradients, for the weights and then for the biases.

    `squares` are the squared gradients with respect to each layer's pre-activations, (runs, examples, units).
    """
    examples = squares[0].shape[-2]
    weights = [z.square().mT @ square / examples for z, square in zip(activations, squares, strict=True)]
    return [*weights, *(square.mean(-2, keepdim=True) for square in squares)]


by_hessian = partial(PerParameterDescent, hessian_diagonal)
by_variance = partial(PerParameterDescent, gradient_variance)
