"""Unsupervised pre-training: greedy and layer-wise, with each layer trained as a denoising auto-encoder.

P. Vincent, H. Larochelle, Y. Bengio and P.-A. Manzagol, "Extracting and composing robust features with denoising
autoencoders", ICML 2008. A layer reads corrupted values x̃ of the layer below and learns to reconstruct the clean values
x, with weights W shared by encoder and decoder:

    z = f(x̃ W + b),  r = g(z Wᵀ + c)

f is the model's own activation, so the encoder becomes the network's layer unchanged. g is that of the layer below or
linear, as in the first author's own code of 2010 (`Reconstruction_cost.py` of DeepANN), which has both.
"""

import ctypes
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor
from torch.nn.functional import softsign

from stages.descent.cpu_descent import Layers
from stages.network.activations import ACTIVATIONS
from stages.network.inputs import LOWEST_INPUT, to_inputs
from stages.network.padding import padded
from stages.network.perceptron import Perceptron, hidden_layer, pre_activation
from stages.params import InputRange, Pretraining

LOWEST = {"sigmoid": 0, "tanh": -1, "softsign": -1}  # values of the bounded activations; their highest is 1
UNITS_OF_INPUTS: dict[InputRange, str] = {"signed": "tanh", "unit": "sigmoid"}  # whose range is that of the inputs
DRAWN_UPDATES = 500  # mini-batches drawn together
CORRUPTION_SEED = 2**31  # added to a run's seed, which alone draws its initial weights; torch uses 32 bits
FIRST_EXAMPLE = 2**40  # where pre-training starts in a run's training stream; supervised training ends before

# Decoder → gradient of the cost for a = z Wᵀ + c and x. Bounded units are mapped to [0, 1], x to t and g(a) to r, and
# the cost is the cross-entropy −Σ t log r + (1 − t) log(1 − r); for linear ones it is ½ Σ (a − x)². The kernels know a
# decoder by its place here.
DECODERS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sigmoid": lambda a, x: torch.sigmoid(a) - x,
    "tanh": lambda a, x: torch.tanh(a) - x,  # r = (tanh(a) + 1)/2 = sigmoid(2a)
    "softsign": lambda a, x: (softsign(a) - x) / (1 + 2 * a.abs()),
    "linear": lambda a, x: a - x,
}


def masking(values: Tensor, level: float, lowest: float, generator: Generator) -> Tensor:
    """Return `values`, each set to 0 with probability `level`; among inputs in [−1, 1], to grey."""
    return values * _unhurt(values, level, generator)


def blackening(values: Tensor, level: float, lowest: float, generator: Generator) -> Tensor:
    """Return `values`, each set to `lowest`, their units' lowest, with probability `level`; among inputs, to black."""
    return values.where(_unhurt(values, level, generator), lowest)


def gaussian(values: Tensor, level: float, lowest: float, generator: Generator) -> Tensor:
    """Return `values` plus Gaussian noise of standard deviation `level`."""
    return values + level * torch.randn(values.shape, generator=generator, device=values.device)


def _unhurt(values: Tensor, level: float, generator: Generator) -> Tensor:
    return torch.rand(values.shape, generator=generator, device=values.device) >= level


CORRUPTIONS: dict[str, Callable[[Tensor, float, float, Generator], Tensor]] = {
    "masking": masking,
    "blackening": blackening,
    "gaussian": gaussian,
}
OF_BOUNDED_UNITS = {"decoder": "units", "corruption": "blackening"}  # what needs LOWEST


class GreedyPretraining:
    """Pre-trains the hidden layers of a stack of networks in place, part by part.

    It can be interrupted after any part. To resume, create another with the same arguments, call `go_to`, and restore
    `generators` and the tensors of `changed`.
    """

    def __init__(
        self,
        networks: Perceptron,
        settings: Pretraining,
        updates: int,
        seeds: Sequence[int],
        batch_size: int,
        draw: Callable[[int, int, int], tuple[Tensor, Tensor]],
        input_range: InputRange,
        kernels: ctypes.CDLL | None = None,
    ) -> None:
        """`networks` is a stack with one run for each of `seeds`; every layer of a run gets `updates` updates.

        `draw` is as in `stages.training.training`. `kernels` are those of `stages.descent.cpu_compiler` for these
        networks; without them torch trains.
        """
        self.done = 0
        """updates of a run so far, over all layers"""
        self.all = updates * networks.hidden_layers
        self._networks, self._settings, self._updates = networks, settings, updates
        self._seeds, self._batch_size, self._draw, self._kernels = seeds, batch_size, draw, kernels
        self._input_range = input_range
        device = networks.weights[0].device
        self._generators = [Generator(device).manual_seed(CORRUPTION_SEED + seed) for seed in seeds]
        self.go_to(0)

    @property
    def finished(self) -> bool:
        """Whether all layers are pre-trained."""
        return self.done == self.all

    @property
    def changed(self) -> list[Tensor]:
        """All tensors that the next part changes, besides the states of the generators."""
        return [*self._networks.weights, *self._networks.biases, self._auto_encoder.decoder_bias]

    @property
    def generators(self) -> list[Tensor]:
        """The states of the random generators for corruption, uint8, one for each run."""
        return [generator.get_state() for generator in self._generators]

    @generators.setter
    def generators(self, states: Sequence[Tensor]) -> None:
        for generator, state in zip(self._generators, states, strict=True):
            generator.set_state(state)

    def go_to(self, done: int) -> None:
        """Continue after the first `done` updates, with decoder biases of 0."""
        self.done = done
        layer = min(done // self._updates, self._networks.hidden_layers - 1)
        below = self._networks.activation if layer else UNITS_OF_INPUTS[self._input_range]
        decoder = below if self._settings.decoder == "units" else self._settings.decoder
        described = layer, decoder, self._settings.learning_rate, self._batch_size, self._kernels
        self._auto_encoder = AutoEncoder(self._networks, *described)

    def advance(self) -> int:
        """Run the current layer's next updates, at most DRAWN_UPDATES; return their number, summed over runs."""
        layer, first = divmod(self.done, self._updates)
        count = min(DRAWN_UPDATES, self._updates - first)
        start, examples = FIRST_EXAMPLE + self.done * self._batch_size, count * self._batch_size
        drawn = {seed: to_inputs(self._draw(seed, start, examples)[0], self._input_range) for seed in set(self._seeds)}
        clean = _below(self._networks, layer, torch.stack([drawn[seed] for seed in self._seeds]))
        corrupt, level = CORRUPTIONS[self._settings.corruption], self._settings.level
        lowest = LOWEST.get(self._networks.activation, 0) if layer else LOWEST_INPUT[self._input_range]
        parts = zip(clean, self._generators, strict=True)
        corrupted = torch.stack([corrupt(values, level, lowest, generator) for values, generator in parts])
        self._auto_encoder.update(clean, corrupted)
        self.done += count
        if first + count == self._updates:
            self.go_to(self.done)
        return count * len(self._seeds)


def _below(networks: Perceptron, layer: int, inputs: Tensor) -> Tensor:
    """Return the values below hidden layer `layer`, counted from 0, for `inputs` (runs, examples, inputs)."""
    z = inputs
    for weight, bias in zip(networks.weights[:layer], networks.biases[:layer], strict=True):
        _, z = hidden_layer(z, weight, bias, networks.activation)
    return z


class AutoEncoder:
    """A hidden layer of a stack of networks, with decoder biases c that are discarded after pre-training."""

    def __init__(
        self,
        networks: Perceptron,
        layer: int,
        decoder: str,
        learning_rate: float,
        batch_size: int,
        kernels: ctypes.CDLL | None = None,
    ) -> None:
        """Train hidden layer `layer`, counted from 0, with a decoder of DECODERS."""
        self._activation, self._decoder = networks.activation, decoder
        self._weight, self._bias = networks.weights[layer], networks.biases[layer]
        self.decoder_bias = padded(self._weight.new_zeros(len(self._weight), 1, self._weight.shape[-2]))
        self._rate, self._batch_size = learning_rate / batch_size, batch_size
        self._reconstruct, self._runs = kernels and kernels.reconstruct, []
        if kernels:
            below, units = self._weight.shape[-2:]
            for weight, bias, decoder_bias in zip(self._weight, self._bias, self.decoder_bias, strict=True):
                tensors = {}, {"weights": weight, "biases": bias}, {"biases": decoder_bias}
                self._runs.append(Layers([below, units, below], batch_size, tensors))

    @torch.inference_mode()
    def update(self, clean: Tensor, corrupted: Tensor) -> None:
        """Take one gradient step for each mini-batch of `clean` and `corrupted`, (runs, updates·batch, units below)."""
        if self._reconstruct:
            described = [*DECODERS].index(self._decoder), clean.shape[1] // self._batch_size, self._rate
            for layers, *examples in zip(self._runs, corrupted.contiguous(), clean.contiguous(), strict=True):
                self._reconstruct(*map(layers.address, range(3)), *described, *(one.data_ptr() for one in examples))
        else:
            for batch in zip(corrupted.split(self._batch_size, 1), clean.split(self._batch_size, 1), strict=True):
                self._step(*batch)

    def _step(self, corrupted: Tensor, clean: Tensor) -> None:
        """Take one gradient step on a mini-batch, (runs, batch, units below)."""
        weight, rate = self._weight, self._rate
        s, z = hidden_layer(corrupted, weight, self._bias, self._activation)
        difference = DECODERS[self._decoder](pre_activation(z, weight.mT, self.decoder_bias), clean)
        gradient = difference @ weight
        ACTIVATIONS[self._activation].backward(gradient, s, z, gradient)
        weight.baddbmm_(corrupted.mT, gradient, alpha=-rate).baddbmm_(difference.mT, z, alpha=-rate)
        self._bias.sub_(gradient.sum(1, keepdim=True), alpha=rate)
        self.decoder_bias.sub_(difference.sum(1, keepdim=True), alpha=rate)
