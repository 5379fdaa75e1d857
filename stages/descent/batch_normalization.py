"""Stochastic gradient descent where mini-batches normalize the pre-activations of hidden layers.

S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
ICML 2015: in training, with the mean and variance of each unit over the mini-batch,

    s = xW,  ŝ = (s − mean)/√(variance + ε),  u = γ·ŝ + β,  z = f(u)

with x the activations of the layer below, in which β stands in for a bias of s, that the mean would take away again.
Afterwards the population's mean and variance are in their place (algorithm 2), and the layer is an ordinary one, whose
weights are W·γ/√(variance + ε) and whose biases are β − mean·γ/√(variance + ε).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.perceptron import Perceptron, pre_activation

EPSILON = 1e-5  # as in PyTorch; the paper gives no number
NEWEST = 0.01  # the weight of the newest mini-batch in the population's running averages, which PyTorch calls momentum


@dataclass(frozen=True)
class NormalizedLayer:
    """What a hidden layer of a stack of runs learns and keeps, all float (runs, …, units)."""

    weight: Tensor
    """W: (runs, units below, units)"""
    scale: Tensor
    """γ: (runs, 1, units)"""
    shift: Tensor
    """β: (runs, 1, units)"""
    mean: Tensor
    """of the population's s: (runs, 1, units)"""
    variance: Tensor
    """of the population's s, the unbiased estimate: (runs, 1, units)"""

    def write_as_used(self, weight: Tensor, bias: Tensor) -> None:
        """Write the weights and biases of the layer with the population's statistics."""
        factor = self.scale * (self.variance + EPSILON).rsqrt()
        torch.mul(self.weight, factor, out=weight)
        torch.addcmul(self.shift, self.mean, factor, value=-1, out=bias)


@dataclass(frozen=True)
class Passed:
    """What a mini-batch leaves behind in a hidden layer on its way up, all float (runs, …, units)."""

    precision: Tensor
    """1/√(variance + ε): (runs, 1, units)"""
    normalized: Tensor
    """ŝ: (runs, batch, units)"""
    shifted: Tensor
    """u: (runs, batch, units)"""
    activation: Tensor
    """z: (runs, batch, units)"""


class BatchNormalizedDescent:
    """Updates a stack of runs, each with its own learning rate and its own mini-batches.

    The perceptrons of the stack are the networks as they are used, with the population's statistics in the weights and
    biases of their hidden layers, for whoever observes and measures them. The output layer is not normalized.
    """

    def __init__(
        self, networks: Perceptron, learning_rates: Sequence[float], batch_size: int, cost: str, inputs: Tensor
    ) -> None:
        """Take the hidden layers' W from `networks`, a stack of as many runs as there are `learning_rates`.

        γ begins at 1 and β at 0, whatever the biases. `inputs`, float (runs, examples, inputs), give the first
        population's statistics, with which `networks` is written. `cost` is a name in COSTS.
        """
        self._networks = networks
        self._activation = ACTIVATIONS[networks.activation]
        self._cost_gradient = COSTS[cost].gradient
        self._batch_size = batch_size
        self._rates = networks.weights[0].new_tensor(learning_rates)[:, None, None] / batch_size
        self.layers = self._first_layers(inputs)
        self._write_as_used()
        of_layers = [tensor for layer in self.layers for tensor in vars(layer).values()]
        self.changed = [*networks.weights, *networks.biases, *of_layers]

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, as `stages.descent.sgd.GradientDescent.update` does.

        `outputs` are those of training, with the mini-batches' statistics; the stack is written after the last update.
        """
        batches = (tensor.split(self._batch_size, -2) for tensor in (inputs, targets, outputs))
        for x, y, output in zip(*batches, strict=True):
            self._step(x, y, output)
        self._write_as_used()

    def _first_layers(self, inputs: Tensor) -> list[NormalizedLayer]:
        """Return the hidden layers before training, each with the statistics of s as the layers below are used."""
        layers, z = [], inputs
        for weight in self._networks.weights[:-1]:
            s = z @ weight
            variance, mean = torch.var_mean(s, -2, keepdim=True)
            layers.append(
                NormalizedLayer(weight.clone(), torch.ones_like(mean), torch.zeros_like(mean), mean, variance)
            )
            z = torch.empty_like(s)
            self._activation.forward((s - mean) * (variance + EPSILON).rsqrt(), z)
        return layers

    def _step(self, inputs: Tensor, targets: Tensor, output: Tensor) -> None:
        """Take one step down the mean gradient of a mini-batch; `output` is filled with its pre-activations."""
        weight, bias = self._networks.weights[-1], self._networks.biases[-1]
        passed, z = [], inputs
        for layer in self.layers:
            passed.append(self._go_up(layer, z))
            z = passed[-1].activation
        output.copy_(pre_activation(z, weight, bias))
        gradient = torch.empty_like(output)
        self._cost_gradient(output, targets, gradient)
        # the learning rate is folded into the gradient at the output, from where it reaches every parameter
        gradient.mul_(self._rates)
        bias.sub_(gradient.sum(-2, keepdim=True))
        for layer, one in zip(self.layers[::-1], passed[::-1], strict=True):
            above, gradient = gradient, gradient @ weight.mT
            weight.baddbmm_(one.activation.mT, above, alpha=-1)
            self._go_down(layer, one, gradient)
            weight = layer.weight
        weight.baddbmm_(inputs.mT, gradient, alpha=-1)

    def _go_up(self, layer: NormalizedLayer, below: Tensor) -> Passed:
        """Pass a mini-batch through a layer and take its statistics into the population's."""
        s = below @ layer.weight
        variance, mean = torch.var_mean(s, -2, correction=0, keepdim=True)
        layer.mean.lerp_(mean, NEWEST)
        layer.variance.lerp_(variance * (self._batch_size / (self._batch_size - 1)), NEWEST)
        precision = (variance + EPSILON).rsqrt()
        normalized = s.sub_(mean).mul_(precision)
        shifted = torch.addcmul(layer.shift, normalized, layer.scale)
        z = torch.empty_like(shifted)
        self._activation.forward(shifted, z)
        return Passed(precision, normalized, shifted, z)

    def _go_down(self, layer: NormalizedLayer, passed: Passed, gradient: Tensor) -> None:
        """Turn the gradient by z into that by s, in place, and take the step of γ and β."""
        self._activation.backward(gradient, passed.shifted, passed.activation, gradient)
        shift_gradient = gradient.sum(-2, keepdim=True)
        scale_gradient = (gradient * passed.normalized).sum(-2, keepdim=True)
        # mean and variance are of these examples too: what ∂u has along 1 and ŝ does not move ŝ (the paper, section 3)
        along = torch.addcmul(shift_gradient, passed.normalized, scale_gradient)
        gradient.sub_(along, alpha=1 / self._batch_size).mul_(layer.scale * passed.precision)
        layer.scale.sub_(scale_gradient)
        layer.shift.sub_(shift_gradient)

    def _write_as_used(self) -> None:
        """Write the hidden layers into the stack."""
        parameters = zip(self.layers, self._networks.weights[:-1], self._networks.biases[:-1], strict=True)
        for layer, weight, bias in parameters:
            layer.write_as_used(weight, bias)
