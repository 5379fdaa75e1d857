"""How the weights and biases of a layer begin: the paper's two ways (section 2.3 and equation 16) and later ones."""

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
    """Return U[−1/√n, 1/√n] with n the size of the layer below, so that n·Var[W] = 1/3 (equation 1)."""
    return uniform(fan_in, fan_out, 1 / math.sqrt(fan_in), generator)


def normalized(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return U[−√6/√(n_in+n_out), √6/√(n_in+n_out)], so that Var[W] = 2/(n_in+n_out) (equation 16)."""
    return uniform(fan_in, fan_out, math.sqrt(6 / (fan_in + fan_out)), generator)


def constant_variance(fan_in: int, fan_out: int, generator: Generator, gain: float) -> Tensor:
    """Return uniform weights with n_in·Var[W] = gain².

    With a gain of 1 that is equation 10: activations keep their variance on their way up.
    """
    return uniform(fan_in, fan_out, gain * math.sqrt(3 / fan_in), generator)


def lecun(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return uniform weights with Var[W] = 1/n_in (LeCun, Bottou, Orr & Müller, 1998, equation 16)."""
    return constant_variance(fan_in, fan_out, generator, gain=1)


def he(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return uniform weights with Var[W] = 2/n_in, since a ReLU is 0 half the time (He et al., 2015, equation 10)."""
    return constant_variance(fan_in, fan_out, generator, gain=math.sqrt(2))


def orthogonal(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return weights whose columns are orthonormal, or whose rows are where those are fewer.

    Each such matrix is as likely as any other (Saxe, McClelland & Ganguli, 2013).
    """
    return torch.nn.init.orthogonal_(torch.empty(fan_in, fan_out), generator=generator)


def sparse(fan_in: int, fan_out: int, generator: Generator, connections: int) -> Tensor:
    """Return weights from N(0, 1) from as many units below as there are `connections`, drawn for each unit, and else 0.

    Martens (2010), section 5, who has 15 connections, and biases of 0 or, for tanh, 0.5; here they are 0.
    """
    connected = torch.rand(fan_in, fan_out, generator=generator).topk(connections, 0, sorted=False).indices
    drawn = torch.randn(connections, fan_out, generator=generator)
    return torch.zeros(fan_in, fan_out).scatter_(0, connected, drawn)


def no_biases(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return 0 for every unit (section 2.3); nothing is drawn."""
    return torch.zeros(1, fan_out)


def uniform_biases(fan_in: int, fan_out: int, generator: Generator) -> Tensor:
    """Return U[−1/√n, 1/√n] with n the size of the layer below, as `torch.nn.Linear.reset_parameters` does."""
    return uniform(1, fan_out, 1 / math.sqrt(fan_in), generator)


def with_unit_variance(weight: Tensor, below: Tensor) -> Tensor:
    """Return `weight` scaled to pre-activations of variance 1, over all units and examples, where biases are 0.

    Mishkin & Matas (2015), algorithm 1, on one set of examples: s grows as W does, so that the first division by the
    standard deviation is also the last. Raises InputError where no factor can do it.
    """
    spread = (below @ weight).std(correction=0).item()
    if not 0 < spread < math.inf:
        raise InputError(
            f"params.yaml: initialization lsuv divides weights by the standard deviation of their layer's "
            f"pre-activations, which is {spread:g} on {len(below)} examples; allowed: a number above 0"
        )
    return weight / spread


@dataclass(frozen=True)
class Initializer:
    """How all layers of a network begin: drawn from the first up, first all weights and then all biases."""

    weights: Callable[..., Tensor]
    """weights(fan_in, fan_out, generator, and the options by their names): float32 (fan_in, fan_out)"""
    biases: Callable[[int, int, Generator], Tensor] = no_biases
    """biases(fan_in, fan_out, generator): float32 (1, fan_out)"""
    options: Mapping[str, float | None] = field(default_factory=dict)
    """the keys of a model that it takes, each with its default; None where the model has to say"""
    fit: Callable[[Tensor, Tensor], Tensor] | None = None
    """fit(weight, below): the weight (fan_in, fan_out) as it becomes in view of some examples' activations of the layer
    below (examples, fan_in), which is fitted already; None for an initializer that looks at no data"""


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
    """Return the options of the initializer of `recipe`: what it gives, and else the default."""
    given = given_options(recipe)
    taken = INITIALIZERS[recipe.initialization].options
    return {option: default if given[option] is None else given[option] for option, default in taken.items()}


def given_options(recipe: Model) -> dict[str, float | None]:
    """Return every option that some initializer takes, with what `recipe` gives for it."""
    return {"gain": recipe.gain, "connections": recipe.connections}
