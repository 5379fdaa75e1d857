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
from stages.params import Pretraining as Settings

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


class Pretraining:
    """The pre-training of the hidden layers of a stack of networks, which are changed in place, part by part.

    It can be left after any part and taken up again by another one of the same arguments, which is brought to the
    same place: `go_to`, then the tensors of `changed` as they were.
    """

    def __init__(
        self,
        networks: Perceptron,
        settings: Settings,
        updates: int,
        seeds: Sequence[int],
        batch_size: int,
        draw: Callable[[int, int, int], tuple[Tensor, Tensor]],
    ) -> None:
        """`networks` are a stack of one run for each of `seeds`; `updates` are of each layer, as a run does them.

        `draw` is as in `stages.training.training`.
        """
        self.done = 0
        """updates of a run, those of the layers below among them"""
        self.all = updates * networks.hidden_layers
        self._networks, self._settings, self._updates = networks, settings, updates
        self._seeds, self._batch_size, self._draw = seeds, batch_size, draw
        device = networks.weights[0].device
        self._generators = [Generator(device).manual_seed(CORRUPTION_SEED + seed) for seed in seeds]
        self.go_to(0)

    @property
    def finished(self) -> bool:
        """Whether all layers have had their updates."""
        return self.done == self.all

    @property
    def changed(self) -> list[Tensor]:
        """All tensors that the next part will change, beside the state of the generators."""
        return [*self._networks.weights, *self._networks.biases, self._auto_encoder.decoder_bias]

    @property
    def generators(self) -> list[Tensor]:
        """The states of the generators of corruption, uint8, one for each run."""
        return [generator.get_state() for generator in self._generators]

    @generators.setter
    def generators(self, states: Sequence[Tensor]) -> None:
        for generator, state in zip(self._generators, states, strict=True):
            generator.set_state(state)

    def go_to(self, done: int) -> None:
        """Be where `done` updates are done, with a decoder's biases at 0."""
        self.done = done
        layer = min(done // self._updates, self._networks.hidden_layers - 1)
        self._auto_encoder = AutoEncoder(self._networks, layer, self._settings.learning_rate / self._batch_size)

    def advance(self) -> int:
        """Do the next part of what is left of a layer's updates; return the run-updates done."""
        layer, first = divmod(self.done, self._updates)
        count = min(DRAWN_UPDATES, self._updates - first)
        start, examples = FIRST_EXAMPLE + self.done * self._batch_size, count * self._batch_size
        drawn = {seed: self._draw(seed, start, examples)[0] for seed in set(self._seeds)}
        clean = _below(self._networks, layer, torch.stack([to_inputs(drawn[seed]) for seed in self._seeds]))
        corrupt, level = CORRUPTIONS[self._settings.corruption], self._settings.level
        parts = zip(clean, self._generators, strict=True)
        corrupted = torch.stack([corrupt(values, level, generator) for values, generator in parts])
        for batch in zip(clean.split(self._batch_size, 1), corrupted.split(self._batch_size, 1), strict=True):
            self._auto_encoder.update(*batch)
        self.done += count
        if first + count == self._updates:
            self.go_to(self.done)
        return count * len(self._seeds)


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
        self.decoder_bias = self._weight.new_zeros(len(self._weight), 1, self._weight.shape[-2])
        self._rate = rate

    @torch.inference_mode()
    def update(self, clean: Tensor, corrupted: Tensor) -> None:
        """Take one step on a mini-batch (runs, batch, units below)."""
        weight, rate = self._weight, self._rate
        s, z = hidden_layer(corrupted, weight, self._bias, self._activation)
        targets = (clean - self._lowest) / (1 - self._lowest)
        difference = torch.sigmoid(pre_activation(z, weight.mT, self.decoder_bias)).sub_(targets)
        gradient = difference @ weight
        ACTIVATIONS[self._activation].backward(gradient, s, z, gradient)
        weight.baddbmm_(corrupted.mT, gradient, alpha=-rate).baddbmm_(difference.mT, z, alpha=-rate)
        self._bias.sub_(gradient.sum(1, keepdim=True), alpha=rate)
        self.decoder_bias.sub_(difference.sum(1, keepdim=True), alpha=rate)
