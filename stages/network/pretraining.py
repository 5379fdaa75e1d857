"""Unsupervised pre-training: greedy, layer by layer, each layer as a denoising auto-encoder.

P. Vincent, H. Larochelle, Y. Bengio and P.-A. Manzagol, "Extracting and composing robust features with denoising
autoencoders", ICML 2008: a layer sees corrupted values x̃ of the layer below and learns weights W, shared by encoder
and decoder, from which the values x themselves can be told again:

    z = f(x̃ W + b),  r = sigmoid(z Wᵀ + c),  cost = −Σ t log r + (1 − t) log(1 − r)

with f the model's own units, whose layer is then a part of the network as it is. The targets t are x brought from the
range of its units, [0, 1] or [−1, 1], to [0, 1], where the cross-entropy is defined; so the units have to be bounded.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from stages.network.activations import ACTIVATIONS
from stages.network.inputs import to_inputs
from stages.network.perceptron import Perceptron, hidden_layer, pre_activation
from stages.params import Pretraining

LOWEST = {"sigmoid": 0, "tanh": -1, "softsign": -1}  # of the bounded activations, whose highest value is 1
LOWEST_INPUT = -1
DRAWN_UPDATES = 500  # mini-batches drawn together
CORRUPTION_SEED = 2**31  # added to a run's seed, with which its initial weights are drawn; torch knows 32 bits
FIRST_EXAMPLE = 2**40  # where in a run's training stream pre-training begins: where supervised training never comes


def masking(values: Tensor, level: float, generator: Generator) -> Tensor:
    """Return `values` with a share `level` of them, drawn anew for each example, put to 0."""
    return values * (torch.rand(values.shape, generator=generator, device=values.device) >= level)


def gaussian(values: Tensor, level: float, generator: Generator) -> Tensor:
    """Return `values` with normal noise of standard deviation `level` added."""
    return values + level * torch.randn(values.shape, generator=generator, device=values.device)


CORRUPTIONS: dict[str, Callable[[Tensor, float, Generator], Tensor]] = {"masking": masking, "gaussian": gaussian}


def pretrain(
    networks: Perceptron,
    settings: Pretraining,
    updates: int,
    seeds: Sequence[int],
    batch_size: int,
    draw: Callable[[int, int, int], tuple[Tensor, Tensor]],
    progress: Callable[[int], object],
) -> None:
    """Pre-train the hidden layers of `networks`, a stack of one run for each of `seeds`, in place.

    `updates` are of each layer. `draw` is as in `stages.network.training`; `progress` is told the run-updates done
    since it was last called.
    """
    device = networks.weights[0].device
    corrupt = CORRUPTIONS[settings.corruption]
    generators = [Generator(device).manual_seed(CORRUPTION_SEED + seed) for seed in seeds]
    for layer in range(networks.hidden_layers):
        auto_encoder = AutoEncoder(networks, layer, settings.learning_rate / batch_size)
        start = FIRST_EXAMPLE + layer * updates * batch_size
        for first in range(0, updates, DRAWN_UPDATES):
            count = min(DRAWN_UPDATES, updates - first)
            drawn = {seed: draw(seed, start + first * batch_size, count * batch_size)[0] for seed in set(seeds)}
            clean = _below(networks, layer, torch.stack([to_inputs(drawn[seed]) for seed in seeds]))
            parts = zip(clean, generators, strict=True)
            corrupted = torch.stack([corrupt(values, settings.level, generator) for values, generator in parts])
            for batch in zip(clean.split(batch_size, 1), corrupted.split(batch_size, 1), strict=True):
                auto_encoder.update(*batch)
            progress(count * len(seeds))


def _below(networks: Perceptron, layer: int, inputs: Tensor) -> Tensor:
    """Return what hidden layer `layer`, counted from 0, sees of `inputs` (runs, examples, inputs)."""
    z = inputs
    for weight, bias in zip(networks.weights[:layer], networks.biases[:layer], strict=True):
        _, z = hidden_layer(z, weight, bias, networks.activation)
    return z


class AutoEncoder:
    """A hidden layer of a stack of networks with the decoder's biases c, which are thrown away in the end."""

    def __init__(self, networks: Perceptron, layer: int, rate: float) -> None:
        """Take the weights and biases of hidden layer `layer`, counted from 0; `rate` is the learning rate of a sum."""
        self._activation = networks.activation
        self._lowest = LOWEST[networks.activation] if layer else LOWEST_INPUT
        self._weight, self._bias = networks.weights[layer], networks.biases[layer]
        self._decoder_bias = self._weight.new_zeros(len(self._weight), 1, self._weight.shape[-2])
        self._rate = rate

    @torch.inference_mode()
    def update(self, clean: Tensor, corrupted: Tensor) -> None:
        """Take one step on a mini-batch (runs, batch, units below)."""
        weight, rate = self._weight, self._rate
        s, z = hidden_layer(corrupted, weight, self._bias, self._activation)
        targets = (clean - self._lowest) / (1 - self._lowest)
        difference = torch.sigmoid(pre_activation(z, weight.mT, self._decoder_bias)).sub_(targets)
        gradient = difference @ weight
        ACTIVATIONS[self._activation].backward(gradient, s, z, gradient)
        weight.baddbmm_(corrupted.mT, gradient, alpha=-rate).baddbmm_(difference.mT, z, alpha=-rate)
        self._bias.sub_(gradient.sum(1, keepdim=True), alpha=rate)
        self._decoder_bias.sub_(difference.sum(1, keepdim=True), alpha=rate)
