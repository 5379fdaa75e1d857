"""Stochastic gradient descent with batch normalization of the hidden layers' pre-activations.

S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
ICML 2015. In training, the mean and variance of each unit over the mini-batch normalize its pre-activations:

    s = xW,  ŝ = (s − mean)/√(variance + ε),  u = γ·ŝ + β,  z = f(u)

where x are the activations of the layer below. β replaces the bias of s, which subtracting the mean would cancel. In
inference the population's mean and variance are used instead (algorithm 2), so the layer is an ordinary one with
weights W·γ/√(variance + ε) and biases β − mean·γ/√(variance + ε).
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stages.descent.cpu_descent import CpuDescent, layers_of
from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.padding import padded
from stages.network.perceptron import Perceptron, pre_activation

EPSILON = 1e-5  # as in PyTorch; the paper gives no number
NEWEST = 0.01  # the weight of the newest mini-batch in the running averages; PyTorch calls it momentum


@dataclass(frozen=True)
class NormalizedLayer:
    """Parameters and population statistics of a hidden layer of a stack of runs, all float (runs, …, units)."""

    weight: Tensor
    """W: (runs, units below, units)"""
    scale: Tensor
    """γ: (runs, 1, units)"""
    shift: Tensor
    """β: (runs, 1, units)"""
    mean: Tensor
    """running average of the mean of s: (runs, 1, units)"""
    variance: Tensor
    """running average of the unbiased variance estimate of s: (runs, 1, units)"""

    def for_kernels(self) -> dict[str, Tensor]:
        """Return the tensors by their names in `stages.descent.cpu_descent.Layer`."""
        return {"weights" if name == "weight" else name: tensor for name, tensor in vars(self).items()}

    def write_for_inference(self, weight: Tensor, bias: Tensor) -> None:
        """Write the weights and biases of the equivalent ordinary layer, with the population statistics."""
        factor = self.scale * (self.variance + EPSILON).rsqrt()
        torch.mul(self.weight, factor, out=weight)
        torch.addcmul(self.shift, self.mean, factor, value=-1, out=bias)


@dataclass(frozen=True)
class Passed:
    """Values of a hidden layer's forward pass that its backward pass needs, all float (runs, …, units)."""

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

    The stack holds the networks for inference, with the population statistics merged into the weights and biases of
    hidden layers, so they can be monitored and measured like any other. The output layer is not normalized.
    """

    def __init__(
        self,
        networks: Perceptron,
        learning_rates: Sequence[float],
        batch_size: int,
        cost: str,
        inputs: Tensor,
        kernels: ctypes.CDLL | None = None,
    ) -> None:
        """Take the hidden layers' W from `networks`, a stack with one run for each of `learning_rates`.

        γ starts at 1 and β at 0; the hidden biases are ignored. `inputs`, float (runs, examples, inputs), give the
        initial population statistics, which are then merged into `networks`. `cost` is a name in COSTS. `kernels` are
        those of `stages.descent.cpu_compiler` for these networks; without them torch trains.
        """
        self._networks = networks
        self._activation = ACTIVATIONS[networks.activation]
        self._cost_gradient = COSTS[cost].gradient
        self._batch_size = batch_size
        self._rates = networks.weights[0].new_tensor(learning_rates)[:, None, None] / batch_size
        self.layers = self._initial_layers(inputs)
        self._write_for_inference()
        of_layers = [tensor for layer in self.layers for tensor in vars(layer).values()]
        self.changed = [*networks.weights, *networks.biases, *of_layers]
        self._compiled = None
        if kernels:
            layers = [*(layer.for_kernels() for layer in self.layers), layers_of(networks)[-1]]
            self._compiled = CpuDescent(kernels, layers, learning_rates, batch_size)

    @torch.inference_mode()
    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, as `stages.descent.sgd.GradientDescent.update` does.

        `outputs` use the mini-batch statistics. The stack is written after the last update.
        """
        if self._compiled:
            self._compiled.update(inputs, targets, outputs)
        else:
            batches = (tensor.split(self._batch_size, -2) for tensor in (inputs, targets, outputs))
            for x, y, output in zip(*batches, strict=True):
                self._step(x, y, output)
        self._write_for_inference()

    def _initial_layers(self, inputs: Tensor) -> list[NormalizedLayer]:
        """Return the hidden layers before training; the statistics of s are those on `inputs`, layer by layer."""
        layers, z = [], inputs
        for weight in self._networks.weights[:-1]:
            s = z @ weight
            variance, mean = torch.var_mean(s, -2, keepdim=True)
            of_layer = weight, torch.ones_like(mean), torch.zeros_like(mean), mean, variance
            layers.append(NormalizedLayer(*(padded(one) for one in of_layer)))
            z = torch.empty_like(s)
            self._activation.forward((s - mean) * (variance + EPSILON).rsqrt(), z)
        return layers

    def _step(self, inputs: Tensor, targets: Tensor, output: Tensor) -> None:
        """Take one gradient step on a mini-batch, and fill `output` with the output pre-activations."""
        weight, bias = self._networks.weights[-1], self._networks.biases[-1]
        passed, z = [], inputs
        for layer in self.layers:
            passed.append(self._forward(layer, z))
            z = passed[-1].activation
        output.copy_(pre_activation(z, weight, bias))
        gradient = torch.empty_like(output)
        self._cost_gradient(output, targets, gradient)
        # scaling the output gradient by the learning rate scales every parameter's gradient
        gradient.mul_(self._rates)
        bias.sub_(gradient.sum(-2, keepdim=True))
        for layer, one in zip(self.layers[::-1], passed[::-1], strict=True):
            above, gradient = gradient, gradient @ weight.mT
            weight.baddbmm_(one.activation.mT, above, alpha=-1)
            self._backward(layer, one, gradient)
            weight = layer.weight
        weight.baddbmm_(inputs.mT, gradient, alpha=-1)

    def _forward(self, layer: NormalizedLayer, below: Tensor) -> Passed:
        """Pass a mini-batch forward through a layer, and update the population statistics."""
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

    def _backward(self, layer: NormalizedLayer, passed: Passed, gradient: Tensor) -> None:
        """Turn the gradient with respect to z into that with respect to s, in place; update γ and β."""
        self._activation.backward(gradient, passed.shifted, passed.activation, gradient)
        shift_gradient = gradient.sum(-2, keepdim=True)
        scale_gradient = (gradient * passed.normalized).sum(-2, keepdim=True)
        # mean and variance depend on s too, which cancels the gradient's components along 1 and ŝ (their section 3)
        along = torch.addcmul(shift_gradient, passed.normalized, scale_gradient)
        gradient.sub_(along, alpha=1 / self._batch_size).mul_(layer.scale * passed.precision)
        layer.scale.sub_(scale_gradient)
        layer.shift.sub_(shift_gradient)

    def _write_for_inference(self) -> None:
        """Write the hidden layers into the stack, for inference."""
        parameters = zip(self.layers, self._networks.weights[:-1], self._networks.biases[:-1], strict=True)
        for layer, weight, bias in parameters:
            layer.write_for_inference(weight, bias)
