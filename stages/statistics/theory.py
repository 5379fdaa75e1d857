"""Variances in a network at initialization: measured, and predicted as in section 4.2.1.

Both predictions average over random weights with each layer's drawn variance. They propagate second moments of pairs of
examples forward and backward, such as E[z·z′] over a layer's units, whose diagonal is E[z²]. They use second moments
because the inputs' mean is not 0, and pairs because the gradient of the mean cost is a sum over similar examples. If a
layer multiplies every E[z·z′] by the same n·Var[W], as in the paper, it multiplies the variances by it too.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stages.network.activations import ACTIVATIONS, Activation, slope
from stages.network.perceptron import Passes, Perceptron

COMPARED_EXAMPLES = 300  # as many as the paper monitors; the time grows with their square

# Gaussian averages use Gauss-Legendre panels that halve towards 0, where activations bend or have their kink; there,
# Gauss-Hermite quadrature would need thousands of nodes.
FARTHEST = 12.0  # standard deviations; the rest is below float64's precision
PANELS = 14
NODES_A_PANEL = 48
ORDERS = 128  # of the Hermite polynomials; even, so that the rest of a step, which is odd, starts at the next order


@dataclass(frozen=True)
class Response:
    """Averages over a layer's units; the pre-activations u, v of two examples are jointly Gaussian with mean 0."""

    mean: Tensor
    """E[f(u)]: (examples,)"""
    activation: Tensor
    """E[f(u)·f(v)]: (examples, examples)"""
    slope: Tensor
    """E[f′(u)·f′(v)]: (examples, examples)"""


def variances(network: Perceptron, passes: Passes) -> list[dict[str, float]]:
    """Return one row per quantity and layer: the variance `measured` over units and examples, and both predictions.

    The quantities are the activations z and back-propagated gradients ∂Cost/∂s of hidden layers, and the weight
    gradients ∂Cost/∂W of all layers. `linear` is the paper's prediction; `mean_field` is exact in the limit of
    infinitely many units. `squared_slope` is the mean of f′(s)² over a hidden layer. `network`, at initialization, and
    `passes`, of at most COMPARED_EXAMPLES examples, are float64.
    """
    hidden = network.hidden_layers
    measured = {
        "activation": passes.activations[1:],
        "back_propagated_gradient": passes.back_propagated_gradients[:hidden],
        "weight_gradient": passes.weight_gradients,
    }
    predicted = {name: predict(network, passes, respond) for name, respond in PREDICTIONS.items()}
    activation = ACTIVATIONS[network.activation]
    slopes = [slope(activation, s).square().mean().item() for s in passes.pre_activations[:hidden]]
    return [
        {
            "layer": index + 1,
            "quantity": quantity,
            "measured": values.var(correction=0).item(),
            **{name: prediction[quantity][index] for name, prediction in predicted.items()},
            "squared_slope": slopes[index] if index < hidden else None,
        }
        for quantity, layers in measured.items()
        for index, values in enumerate(layers)
    ]


def predict(
    network: Perceptron, passes: Passes, respond: Callable[[Activation, Tensor], Response]
) -> dict[str, list[float]]:
    """Predict the variances by quantity, layer 1 first, from the inputs and the output layer's gradients.

    Forward, E[s·s′] = n·Var[W]·E[z·z′] + Var[b] with n units below, and E[z·z′] = E[f(s)·f(s′)]. Backward,
    E[∂s·∂s′] = n·Var[W]·E[f′(s)·f′(s′)]·E[∂s·∂s′ of the layer above] with n units above. The weight gradient of the
    mean cost has the variance mean(E[z·z′]·E[∂s·∂s′]) over all pairs of examples. Var[W] and Var[b] are the mean
    squares of the drawn values.
    """
    activation = ACTIVATIONS[network.activation]
    means, activations, slopes = [], [mean_products(passes.activations[0])], []
    for weight, bias in zip(network.weights[:-1], network.biases[:-1], strict=True):
        below = weight.shape[0] * weight.square().mean() * activations[-1]
        response = respond(activation, below + bias.square().mean())
        means.append(response.mean)
        activations.append(response.activation)
        slopes.append(response.slope)
    gradients = [mean_products(passes.back_propagated_gradients[-1])]
    for weight, product in zip(network.weights[:0:-1], slopes[::-1], strict=True):
        gradients.insert(0, weight.shape[1] * weight.square().mean() * product * gradients[0])
    weight_gradients = [(z * gradient).mean() for z, gradient in zip(activations, gradients, strict=True)]
    variances = {
        "activation": [
            z.diagonal().mean() - mean.mean().square() for z, mean in zip(activations[1:], means, strict=True)
        ],
        "back_propagated_gradient": [gradient.diagonal().mean() for gradient in gradients[:-1]],
        "weight_gradient": weight_gradients,
    }
    return {quantity: [value.item() for value in layers] for quantity, layers in variances.items()}


def linear(activation: Activation, second_moments: Tensor) -> Response:
    """Return the response of f's tangent at 0: second moments are multiplied by f′(0)², and f(0)² is added.

    If f(0) = 0 and f′(0) = 1, as for tanh and softsign, this is the paper's linear regime with its products ∏ n·Var[W]
    (equations 5 to 7). At a kink f′(0) is the mean of the slopes on both sides.
    """
    beside = torch.finfo(torch.float64).tiny * second_moments.new_tensor([-1, 0, 1])
    at = torch.empty_like(beside)
    activation.forward(beside, at)
    steepness = slope(activation, beside)[[0, 2]].mean()
    return Response(
        mean=at[1].expand(len(second_moments)),
        activation=at[1].square() + steepness.square() * second_moments,
        slope=steepness.square().expand_as(second_moments),
    )


def mean_field(activation: Activation, second_moments: Tensor) -> Response:
    """Return the response of f itself, in the limit of infinitely many units.

    The forward recursion is that of Poole, Lahiri, Raghu, Sohl-Dickstein & Ganguli (2016), the backward one that of
    Schoenholz, Gilmer, Ganguli & Sohl-Dickstein (2017).
    """
    s = second_moments.diagonal().sqrt()[:, None] * NODES
    z = torch.empty_like(s)
    activation.forward(s, z)
    return Response(
        mean=z @ (NODE_WEIGHTS * DENSITY),
        activation=gaussian_products(z, second_moments),
        slope=gaussian_products(slope(activation, s), second_moments),
    )


def gaussian_products(values: Tensor, second_moments: Tensor) -> Tensor:
    """Return E[g(u)·g(v)] for all pairs of Gaussian u, v with mean 0 and these second moments (examples, examples).

    `values` are g(√E[u²]·NODES): (examples, nodes). In Hermite polynomials of unit norm, g(√E[u²]·ξ) = Σ a_k·h_k(ξ),
    and E[g(u)·g(v)] = Σ a_k(u)·a_k(v)·ρ^k with ρ the correlation (Mehler). The part of E[g(u)²] beyond ORDERS is
    assigned to the next order, which is exact for an example with itself.
    """
    sizes = second_moments.diagonal().sqrt()
    correlations = second_moments / torch.outer(sizes, sizes).clamp_min(torch.finfo(torch.float64).tiny)
    correlations.clamp_(-1, 1).fill_diagonal_(1)
    coefficients = values @ HERMITE
    squares = values.square() @ (NODE_WEIGHTS * DENSITY)
    rest = (squares - coefficients.square().sum(1)).clamp_min(0).sqrt()
    products = torch.outer(rest, rest)
    for order in reversed(coefficients.unbind(1)):
        products.mul_(correlations).addr_(order, order)
    return products


def mean_products(values: Tensor) -> Tensor:
    """Return the mean product over units of `values` (examples, units), for all pairs: (examples, examples)."""
    return values @ values.mT / values.shape[1]


def _nodes() -> tuple[Tensor, Tensor]:
    """Return quadrature nodes from −FARTHEST to FARTHEST, none at 0, and their weights."""
    unit, weights = (torch.from_numpy(one) for one in np.polynomial.legendre.leggauss(NODES_A_PANEL))
    ends = [FARTHEST / 2**halvings for halvings in range(PANELS)]
    panels = list(zip([*ends[1:], 0.0], ends, strict=True))
    right = torch.cat([low + (high - low) * (unit + 1) / 2 for low, high in panels])
    sizes = torch.cat([weights * (high - low) / 2 for low, high in panels])
    return torch.cat([-right, right]), torch.cat([sizes, sizes])


def _hermite(nodes: Tensor, root_density: Tensor) -> Tensor:
    """Return h_k(ξ)·√density, which stays small even if h_k is large, for k = 0 … ORDERS: (nodes, ORDERS + 1)."""
    functions = [root_density, nodes * root_density]
    for order in range(1, ORDERS):
        functions.append(
            nodes / math.sqrt(order + 1) * functions[order] - math.sqrt(order / (order + 1)) * functions[order - 1]
        )
    return torch.stack(functions, 1)


NODES, NODE_WEIGHTS = _nodes()
DENSITY = torch.exp(-NODES.square() / 2) / math.sqrt(2 * math.pi)
HERMITE = _hermite(NODES, DENSITY.sqrt()) * (NODE_WEIGHTS * DENSITY.sqrt())[:, None]
PREDICTIONS = {"linear": linear, "mean_field": mean_field}
