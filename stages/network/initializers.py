"""Initialization of weights and biases: the paper's two schemes (section 2.3 and equation 16) and later ones."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor

from stages.params import Model
from stages.running.errors import InputError


def uniform(fan_in: int, fan_out: int, bound: float, generator: Generator) -> Tensor:
    """Return float32 (fan_in, fan_out) drawn from U[−bound, bound]."""
    return torch.empty(fan_in, fan_out).uniform_(-1, 1, generator=generator).mul_(bound)


def standard(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return weights from U[−1/√n, 1/√n], n the size of the layer below, so that n·Var[W] = 1/3 (equation 1)."""
    return uniform(fan_in, fan_out, 1 / math.sqrt(fan_in), generator)


def normalized(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return weights from U[−a, a] with a = √6/√(n_in+n_out), so that Var[W] = 2/(n_in+n_out) (equation 16)."""
    return uniform(fan_in, fan_out, math.sqrt(6 / (fan_in + fan_out)), generator)


def constant_variance(fan_in: int, fan_out: int, generator: Generator, gain: float) -> Tensor:
    """Return uniform weights with n_in·Var[W] = gain².

    A gain of 1 is equation 10: activations keep their variance in the forward pass.
    """
    return uniform(fan_in, fan_out, gain * math.sqrt(3 / fan_in), generator)


def lecun(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return uniform weights with Var[W] = 1/n_in (LeCun, Bottou, Orr & Müller, 1998, equation 16)."""
    return constant_variance(fan_in, fan_out, generator, gain=1)


def he(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return uniform weights with Var[W] = 2/n_in, since a ReLU is 0 half the time (He et al., 2015, equation 10)."""
    return constant_variance(fan_in, fan_out, generator, gain=math.sqrt(2))


def orthogonal(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return weights with orthonormal columns, or with orthonormal rows if these are fewer.

    The distribution is uniform over all such matrices (Saxe, McClelland & Ganguli, 2013).
    """
    return torch.nn.init.orthogonal_(torch.empty(fan_in, fan_out), generator=generator)


def sparse(fan_in: int, fan_out: int, generator: Generator, connections: int) -> Tensor:
    """Return weights from N(0, 1) between each unit and `connections` random units below; all others are 0.

    Martens (2010), section 5, with 15 connections; his biases are 0, or 0.5 for tanh, but here always 0.
    """
    connected = torch.rand(fan_in, fan_out, generator=generator).topk(connections, 0, sorted=False).indices
    drawn = torch.randn(connections, fan_out, generator=generator)
    return torch.zeros(fan_in, fan_out).scatter_(0, connected, drawn)


def zero_biases(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return biases of 0 (section 2.3); draws no random numbers."""
    return torch.zeros(1, fan_out)


def uniform_biases(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return biases from U[−1/√n, 1/√n], n the size of the layer below, as `torch.nn.Linear` does."""
    return uniform(1, fan_out, 1 / math.sqrt(fan_in), generator)


def with_unit_variance(weight: Tensor, below: Tensor) -> Tensor:
    """Return `weight` scaled so that pre-activations have variance 1 over all units and examples, for biases of 0.

    Mishkin & Matas (2015), algorithm 1, on one set of examples: s is proportional to W, so one division by the standard
    deviation is enough. Raises InputError if the standard deviation is 0 or not finite.
    """
    spread = (below @ weight).std(correction=0).item()
    if not 0 < spread < math.inf:
        raise InputError(
            f"params.yaml: initialization lsuv: the standard deviation of a layer's pre-activations on {len(below)} "
            f"examples is {spread:g}; allowed: a finite number above 0"
        )
    return weight / spread


@dataclass(frozen=True)
class Initializer:
    """How to initialize all layers: first all weights, then all biases, both from the first layer up."""

    weights: Callable[..., Tensor]
    """weights(fan_in, fan_out, generator, **options): float32 (fan_in, fan_out)"""
    biases: Callable[[int, int, Generator], Tensor] = zero_biases
    """biases(fan_in, fan_out, generator): float32 (1, fan_out)"""
    options: Mapping[str, float | None] = field(default_factory=dict)
    """the keys of a model that it reads, with their defaults; None if the model must set the key"""
    fit: Callable[[Tensor, Tensor], Tensor] | None = None
    """fit(weight, below): the weight (fan_in, fan_out) adjusted to the fitted layer below, whose activations on some
    examples are `below` (examples, fan_in); None for an initializer that ignores the data"""


INITIALIZERS = {
    "standard": Initializer(standard),
    "normalized": Initializer(normalized),
    "constant_variance": Initializer(constant_variance, options={"gain": None}),
    "lecun": Initializer(lecun),
    "he": Initializer(he),
    "orthogonal": Initializer(orthogonal),
    "sparse": Initializer(sparse, options={"connections": 15}),
    "torch_linear": Initializer(standard, biases=uniform_biases),
    "lsuv": Initializer(orthogonal, fit=with_unit_variance),
}


def options_of(recipe: Model) -> dict[str, float | None]:
    """Return the options of the initializer of `recipe`: the given values, else the defaults."""
    given = given_options(recipe)
    taken = INITIALIZERS[recipe.initialization].options
    return {option: default if given[option] is None else given[option] for option, default in taken.items()}


def given_options(recipe: Model) -> dict[str, float | None]:
    """Return the options of all initializers with the values that `recipe` gives them; None if not given."""
    return {"gain": recipe.gain, "connections": recipe.connections}
