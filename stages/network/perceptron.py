"""The multi-layer perceptron of section 2.3: hidden layers with one activation, and a softmax output.

Layers are numbered as in the paper, from the first hidden layer up: list index 0 is layer 1, and the last layer is the
softmax output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.initializers import INITIALIZERS, options_of
from stages.network.padding import padded
from stages.params import Model
from stages.running.errors import InputError


@dataclass(frozen=True)
class Perceptron:
    """Parameters and activation of a network: s = zW + b in every layer, z = f(s) in hidden layers."""

    weights: list[Tensor]
    """float (units of the layer below, units), one for each layer"""
    biases: list[Tensor]
    """float (1, units), one for each layer"""
    activation: str
    """a name in ACTIVATIONS"""

    @property
    def hidden_layers(self) -> int:
        """The number of hidden layers."""
        return len(self.weights) - 1


@dataclass(frozen=True)
class Passes:
    """The values of one forward and one backward pass, on examples that are not used for training."""

    pre_activations: list[Tensor]
    """s of every layer: (examples, units)"""
    activations: list[Tensor]
    """z of every hidden layer: (examples, units); index 0 holds the inputs"""
    back_propagated_gradients: list[Tensor]
    """∂Cost/∂s of every layer, for each example's own cost: (examples, units)"""
    weight_gradients: list[Tensor]
    """∂Cost/∂W of every layer, for the mean cost over the examples: (units below, units)"""


def initialize(sizes: Sequence[int], recipe: Model, seed: int, examples: Tensor | None = None) -> Perceptron:
    """Return an initialized perceptron with layers of `sizes` (inputs, hidden layers…, classes).

    The same seed draws the same random numbers for every activation and for every initializer with uniform weights.
    An initializer that looks at data needs `examples`, float (count, inputs); raises InputError if there are none.
    """
    generator = Generator().manual_seed(seed)
    initializer, options = INITIALIZERS[recipe.initialization], options_of(recipe)
    layers = list(pairwise(sizes))
    weights = [initializer.weights(fan_in, fan_out, generator, **options) for fan_in, fan_out in layers]
    biases = [initializer.biases(fan_in, fan_out, generator) for fan_in, fan_out in layers]
    if initializer.fit is not None:
        if examples is None:
            raise InputError(f"params.yaml: initialization {recipe.initialization} needs examples, but got none")
        below = examples.to(weights[0])
        for layer, bias in enumerate(biases):
            weights[layer] = initializer.fit(weights[layer], below)
            _, below = hidden_layer(below, weights[layer], bias, recipe.activation)
    return Perceptron(weights, biases, recipe.activation)


def stack(networks: Sequence[Perceptron], device: torch.device) -> Perceptron:
    """Return copies of equally sized networks as one stack on `device`, with a leading dimension (runs, …).

    On a CPU they are `padded`, as the compiled kernels expect.
    """

    def together(layer: Sequence[Tensor]) -> Tensor:
        stacked = torch.stack(layer).to(device)
        return padded(stacked) if device.type == "cpu" else stacked

    weights = [together(layer) for layer in zip(*(network.weights for network in networks), strict=True)]
    biases = [together(layer) for layer in zip(*(network.biases for network in networks), strict=True)]
    return Perceptron(weights, biases, networks[0].activation)


def member(networks: Perceptron, run: int) -> Perceptron:
    """Return one run of a stack, as views of the stack's parameters."""
    weights, biases = [weight[run] for weight in networks.weights], [bias[run] for bias in networks.biases]
    return Perceptron(weights, biases, networks.activation)


def parameters(network: Perceptron) -> dict[str, np.ndarray]:
    """Return the parameters by their names in files: weight_1 (units below, units), bias_1 (units,), …"""
    arrays = {}
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        arrays[f"weight_{layer}"] = weight.cpu().numpy().copy()
        arrays[f"bias_{layer}"] = bias[0].cpu().numpy().copy()
    return arrays


def from_parameters(arrays: Mapping[str, np.ndarray], activation: str, device: torch.device) -> Perceptron:
    """Return the perceptron on `device` with the `parameters` in `arrays`; raises InputError for any other names."""
    layers = range(1, len(arrays) // 2 + 1)
    names = {f"{kind}_{layer}" for kind in ("weight", "bias") for layer in layers}
    if arrays.keys() != names or not names:
        raise InputError(f"parameters: {', '.join(sorted(arrays)) or 'none'}; allowed: weight_1, bias_1, weight_2, …")
    weights = [torch.tensor(arrays[f"weight_{layer}"], device=device) for layer in layers]
    biases = [torch.tensor(arrays[f"bias_{layer}"], device=device)[None] for layer in layers]
    return Perceptron(weights, biases, activation)


def forward(network: Perceptron, inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Return the pre-activations s of every layer, and the inputs followed by the activations z of hidden layers.

    `inputs` is float (examples, inputs) for one network, (runs, examples, inputs) for a stack.
    """
    pre_activations, activations = [], [inputs]
    for weight, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        s, z = hidden_layer(activations[-1], weight, bias, network.activation)
        pre_activations.append(s)
        activations.append(z)
    pre_activations.append(pre_activation(activations[-1], network.weights[-1], network.biases[-1]))
    return pre_activations, activations


def hidden_layer(below: Tensor, weight: Tensor, bias: Tensor, activation: str) -> tuple[Tensor, Tensor]:
    """Return s and z of a hidden layer from z of the layer below, (examples, units) or (runs, examples, units)."""
    s = pre_activation(below, weight, bias)
    z = torch.empty_like(s)
    ACTIVATIONS[activation].forward(s, z)
    return s, z


def pre_activation(below: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return s of a layer from z of the layer below, (examples, units) or (runs, examples, units)."""
    add_product = torch.addmm if below.dim() == 2 else torch.baddbmm
    return add_product(bias, below, weight)


def back_propagate(network: Perceptron, inputs: Tensor, labels: Tensor, cost: str) -> Passes:
    """Run one forward and one backward pass.

    `inputs` is float (examples, inputs), `labels` int64 (examples,) and `cost` a name in COSTS.
    """
    pre_activations, activations = forward(network, inputs)
    output = pre_activations[-1]
    gradient = torch.empty_like(output)
    COSTS[cost].gradient(output, one_hot(labels, output.shape[-1]).to(output.dtype), gradient)
    gradients = [gradient]
    for layer in range(network.hidden_layers, 0, -1):
        gradient = gradient @ network.weights[layer].mT
        ACTIVATIONS[network.activation].backward(gradient, pre_activations[layer - 1], activations[layer], gradient)
        gradients.insert(0, gradient)
    weight_gradients = [z.mT @ gradient / len(inputs) for z, gradient in zip(activations, gradients, strict=True)]
    return Passes(pre_activations, activations, gradients, weight_gradients)


def predict(network: Perceptron, inputs: Tensor) -> Tensor:
    """Return the most probable class of each example: int64 (examples,)."""
    return forward(network, inputs)[0][-1].argmax(-1)
