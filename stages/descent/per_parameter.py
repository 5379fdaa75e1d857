"""Gradient descent with a learning rate ε/(h + μ) for each parameter, where h is a running average of an estimate.

The estimate is either the diagonal of the Gauss-Newton approximation of the Hessian (LeCun, Bottou, Orr and Müller,
"Efficient BackProp", 1998, section 9.1) or the variance of the gradient over examples; section 5 of the paper tries
both.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from stages.descent.forms import gradient_descent
from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS, Cost
from stages.network.padding import padded
from stages.network.perceptron import Perceptron, forward

DAMPING = 1e-4  # μ, which bounds the rates where h is small
ESTIMATED_EVERY = 16  # updates, counted from the start of training; must divide the updates of a block
PARAMETER_COPIES = 2  # held besides the parameters: the running averages and the rates
NEWEST = 0.02  # the smallest weight of the newest estimate in the running average

Estimate = Callable[[Perceptron, Cost, Tensor, Tensor], Iterator[Tensor]]
"""estimate(networks, cost, inputs, targets): h on a mini-batch, for the weights and then for the biases, one by one, so
that a processor's cache still holds each when it is used"""


class PerParameterDescent:
    """Updates a stack of runs in place, each with its own learning rate ε and its own mini-batches."""

    def __init__(
        self, estimate: Estimate, networks: Perceptron, learning_rates: Sequence[float], batch_size: int, cost: str
    ) -> None:
        """Keep `networks`, a stack with one run for each of `learning_rates`; `cost` is a name in COSTS."""
        self._estimate, self._networks, self._cost, self._batch_size = estimate, networks, COSTS[cost], batch_size
        self._since_estimate = torch.zeros((), dtype=torch.int64)  # on the CPU, where it is read
        self._estimates = networks.weights[0].new_zeros(())
        parameters = [*networks.weights, *networks.biases]
        self._averages = [torch.zeros_like(parameter) for parameter in parameters]
        self._rates = [padded(average) for average in self._averages]  # 1/(h + μ)
        self._descent = gradient_descent(networks, learning_rates, batch_size, cost, self._rates)
        self.changed = [*parameters, *self._averages, *self._rates, self._estimates, self._since_estimate]

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, as `stages.descent.sgd.GradientDescent.update` does.

        An estimate is taken at every ESTIMATED_EVERYth update, however training is split into calls. A call captured as
        a CUDA graph must have a multiple of ESTIMATED_EVERY updates, because its replays do not advance the counter.
        """
        tensors = inputs, targets, outputs
        while tensors[0].shape[1]:
            left = ESTIMATED_EVERY - int(self._since_estimate)
            if left == ESTIMATED_EVERY:
                self._set_rates(*(tensor[:, : self._batch_size] for tensor in tensors[:2]))
            part = [tensor[:, : left * self._batch_size] for tensor in tensors]
            self._descent.update(*part)
            self._since_estimate.add_(part[0].shape[1] // self._batch_size).remainder_(ESTIMATED_EVERY)
            tensors = [tensor[:, left * self._batch_size :] for tensor in tensors]

    def _set_rates(self, inputs: Tensor, targets: Tensor) -> None:
        """Update the running averages with an estimate on a mini-batch, and the rates with the averages."""
        self._estimates += 1
        newest = (1 / self._estimates).clamp(min=NEWEST)  # a plain mean at first
        estimates = self._estimate(self._networks, self._cost, inputs, targets)
        for average, estimate, rate in zip(self._averages, estimates, self._rates, strict=True):
            average.lerp_(estimate, newest)
            torch.add(average, DAMPING, out=rate).reciprocal_()


def hessian_diagonal(networks: Perceptron, cost: Cost, inputs: Tensor, targets: Tensor) -> Iterator[Tensor]:
    """Yield the diagonal of the mean Gauss-Newton matrix, for the weights and then for the biases.

    The Gauss-Newton matrix with respect to s is the sum over classes c of a_c·(e_c − P)(e_c − P)ᵀ. So its diagonal with
    respect to the parameters is the sum over classes of squared gradients, each back-propagated from √a_c·(e_c − P) at
    the output. This is exact: the only approximation is Gauss-Newton's own.
    """
    pre_activations, activations = forward(networks, inputs)
    probabilities = torch.softmax(pre_activations[-1], -1)
    classes, batch = probabilities.shape[-1], probabilities.shape[-2]
    identity = torch.eye(classes, dtype=probabilities.dtype, device=probabilities.device)
    # (runs, classes, batch, classes): the output gradient for each class c
    start = (identity[:, None] - probabilities[:, None]) * cost.curvature_weight(probabilities).mT.sqrt()[..., None]
    gradients = _back_propagate(networks, pre_activations, activations, start.flatten(1, 2), copies=classes)
    squares = [gradient.square().unflatten(1, (classes, batch)).sum(1) for gradient in gradients]
    yield from _means(map(torch.square, activations), squares)


def gradient_variance(networks: Perceptron, cost: Cost, inputs: Tensor, targets: Tensor) -> Iterator[Tensor]:
    """Yield the unbiased variance of the gradient over the mini-batch's examples, for weights, then for biases."""
    pre_activations, activations = forward(networks, inputs)
    output_gradient = torch.empty_like(targets)
    cost.gradient(pre_activations[-1], targets, output_gradient)
    gradients = _back_propagate(networks, pre_activations, activations, output_gradient)
    batch = targets.shape[-2]
    unbiased = batch / max(batch - 1, 1)
    squares = _means(map(torch.square, activations), map(torch.square, gradients))
    for square, mean in zip(squares, _means(activations, gradients), strict=True):
        yield square.addcmul_(mean, mean, value=-1).clamp_(min=0).mul_(unbiased)


def _back_propagate(
    networks: Perceptron, pre_activations: list[Tensor], activations: list[Tensor], gradient: Tensor, copies: int = 1
) -> list[Tensor]:
    """Return all layers' gradients from `copies` output gradients stacked as (runs, copies·batch, classes)."""
    gradients = [gradient]
    for weight, *below in zip(networks.weights[:0:-1], pre_activations[-2::-1], activations[:0:-1], strict=True):
        gradient = gradient @ weight.mT
        by_copy = gradient.unflatten(1, (copies, -1))
        s, z = (tensor[:, None].expand_as(by_copy) for tensor in below)
        ACTIVATIONS[networks.activation].backward(by_copy, s, z, by_copy)
        gradients.insert(0, gradient)
    return gradients


def _means(activations: Iterable[Tensor], gradients: Iterable[Tensor]) -> Iterator[Tensor]:
    """Yield the means over examples of activations times gradients, then those of the gradients.

    The gradients are with respect to each layer's pre-activations, (runs, examples, units); the activations are of the
    layers below.
    """
    gradients = list(gradients)
    for z, gradient in zip(activations, gradients, strict=True):
        yield z.mT @ (gradient / gradient.shape[-2])
    for gradient in gradients:
        yield gradient.mean(-2, keepdim=True)


by_hessian = partial(PerParameterDescent, hessian_diagonal)
by_variance = partial(PerParameterDescent, gradient_variance)
