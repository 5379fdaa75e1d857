"""Predicted variances against closed forms, scipy's integrals, the paper's products and wide random networks."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from stages.network.activations import ACTIVATIONS, slope
from stages.network.perceptron import Passes, Perceptron, back_propagate, initialize
from stages.params import Model
from stages.statistics import theory

QUANTITIES = ("activation", "back_propagated_gradient", "weight_gradient")


@pytest.fixture(autouse=True)
def one_thread():
    """Small products are fastest on one thread; the number of threads is restored afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def second_moments(scale: float) -> torch.Tensor:
    """Second moments of random vectors, some nearly equal, opposite or scaled: correlations from −1 to 1."""
    vectors = np.random.default_rng(0).standard_normal((30, 6))
    vectors[1] = vectors[0] + 0.05 * vectors[1]
    vectors[2], vectors[3] = -vectors[0], 3 * vectors[0]
    return torch.from_numpy(scale * vectors @ vectors.T / 6)


def products(function, moments: torch.Tensor) -> torch.Tensor:
    """E[g(u)·g(v)] as computed."""
    return theory.gaussian_products(function(moments.diagonal().sqrt()[:, None] * theory.NODES), moments)


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_gaussian_products_equal_the_known_closed_forms(scale):
    """Price (1958) for erf; Cho & Saul (2009) for the ReLU and its slope, which converge slowly for |ρ| near 1."""
    moments = second_moments(scale)
    squares = moments.diagonal()
    sizes = torch.outer(squares, squares).sqrt()
    angle = torch.arccos((moments / sizes).clamp(-1, 1))
    relu = sizes * (angle.sin() + (math.pi - angle) * angle.cos()) / (2 * math.pi)
    step = (math.pi - angle) / (2 * math.pi)
    erf = 2 / math.pi * torch.arcsin(2 * moments / torch.outer(1 + 2 * squares, 1 + 2 * squares).sqrt())
    assert (products(lambda s: s, moments) / sizes - moments / sizes).abs().max() < 1e-13
    assert (products(lambda s: s.clamp_min(0), moments) - relu).div(sizes).abs().max() < 1e-4
    assert (products(lambda s: (s > 0).double(), moments) - step).abs().max() < 5e-3
    assert (products(torch.erf, moments) - erf).abs().max() < (1e-11 if scale <= 1 else 1e-3)
    # an example with itself is exact
    torch.testing.assert_close(
        products(lambda s: (s > 0).double(), moments).diagonal(), torch.full((30,), 0.5).double()
    )


def forward(name: str):
    def activations(s: torch.Tensor) -> torch.Tensor:
        z = torch.empty_like(s)
        ACTIVATIONS[name].forward(s, z)
        return z

    return activations


def gaussian_mean(function, deviation: float) -> float:
    """E[g(u)] for u from N(0, deviation²) by Simpson's rule, in pieces because g's kinks and bends are near 0."""
    farthest = 13 * deviation
    total = 0.0
    for low, high in pairwise([1e-12, *(end for end in (1e-3, 0.1, 1, 10) if end < farthest), farthest]):
        s = torch.linspace(low, high, 4001, dtype=torch.float64)
        both_sides = (function(s) + function(-s)).numpy()
        total += integrate.simpson(both_sides * stats.norm.pdf(s.numpy(), scale=deviation), x=s.numpy())
    return total


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_means_and_squares_of_every_activation_equal_simpsons_rule(name):
    f = forward(name)
    for variance in (1e-4, 1.0, 900.0):
        found = theory.mean_field(ACTIVATIONS[name], torch.full((1, 1), variance, dtype=torch.float64))
        deviation = math.sqrt(variance)
        squared_slope = gaussian_mean(lambda s: slope(ACTIVATIONS[name], s) ** 2, deviation)
        assert found.mean.item() == pytest.approx(gaussian_mean(f, deviation), rel=1e-8, abs=1e-10)
        assert found.activation.item() == pytest.approx(gaussian_mean(lambda s: f(s) ** 2, deviation), rel=1e-8)
        assert found.slope.item() == pytest.approx(squared_slope, rel=1e-8)


@pytest.mark.parametrize(("name", "tolerance"), [("tanh", 1e-7), ("elu", 1e-6)])
def test_products_of_pairs_equal_many_draws_and_the_double_integral(name, tolerance):
    """E[f(u)·f(v)] and E[f′(u)·f′(v)] for two different variances; the integral is split at ELU's kink."""
    moments = torch.tensor([[1.0, 0.9], [0.9, 2.0]], dtype=torch.float64)
    found = theory.mean_field(ACTIVATIONS[name], moments)
    nodes, weights = np.polynomial.legendre.leggauss(300)
    s = np.concatenate([(nodes - 1) / 2, (nodes + 1) / 2]) * 12
    sizes = np.tile(weights, 2) * 6
    density = stats.multivariate_normal(cov=moments.numpy()).pdf(np.stack(np.meshgrid(s, s, indexing="ij"), -1))
    for function, result in ((forward(name), found.activation), (lambda s: slope(ACTIVATIONS[name], s), found.slope)):
        weighted = function(torch.from_numpy(s)).numpy() * sizes
        assert result[0, 1].item() == pytest.approx(weighted @ density @ weighted, abs=tolerance)
    draws = np.random.default_rng(1).multivariate_normal([0, 0], moments.numpy(), 200_000)
    z = forward(name)(torch.from_numpy(draws)).numpy()
    assert found.activation[0, 1].item() == pytest.approx((z[:, 0] * z[:, 1]).mean(), abs=0.02)


def random_network(
    sizes: list[int], recipe: Model, seed: int = 0, scale: float = 1.0, examples: int = 30
) -> tuple[Perceptron, Passes]:
    """A random network in float64 and its passes; the inputs have a mean that is not 0, and are scaled by `scale`."""
    generator = torch.Generator().manual_seed(seed + 100)
    inputs = scale * (torch.rand(examples, sizes[0], generator=generator, dtype=torch.float64) * 1.6 - 1)
    labels = torch.randint(0, sizes[-1], (examples,), generator=generator)
    network = initialize(sizes, recipe, seed, inputs.float())
    layers = {name: [one.double() for one in getattr(network, name)] for name in ("weights", "biases")}
    network = replace(network, **layers)
    return network, back_propagate(network, inputs, labels, "cross_entropy")


def by_quantity(rows: list[dict], column: str) -> dict[str, list[float]]:
    return {
        quantity: [row[column] for row in sorted(rows, key=lambda row: row["layer"]) if row["quantity"] == quantity]
        for quantity in QUANTITIES
    }


def test_every_layer_has_its_measured_variances():
    network, passes = random_network([7, 6, 5, 4, 3], Model("sigmoid", "normalized"))
    rows = theory.variances(network, passes)
    columns = ["layer", "quantity", "measured", "linear", "mean_field", "squared_slope"]
    assert all(list(row) == columns for row in rows)
    measured = by_quantity(rows, "measured")
    assert [len(measured[quantity]) for quantity in QUANTITIES] == [3, 3, 4]
    assert measured["activation"] == pytest.approx([np.var(z.numpy()) for z in passes.activations[1:]])
    assert measured["back_propagated_gradient"] == pytest.approx(
        [np.var(gradient.numpy()) for gradient in passes.back_propagated_gradients[:-1]]
    )
    assert measured["weight_gradient"] == pytest.approx(
        [np.var(gradient.numpy()) for gradient in passes.weight_gradients]
    )


SLOPES = {"sigmoid": lambda z: z * (1 - z), "tanh": lambda z: 1 - z**2, "softsign": lambda z: (1 - abs(z)) ** 2}  # of z


@pytest.mark.parametrize("name", SLOPES)
def test_every_hidden_layer_has_its_mean_squared_slope(name):
    network, passes = random_network([7, 6, 5, 4, 3], Model(name, "normalized"))
    expected = [np.mean(SLOPES[name](z.numpy()) ** 2) for z in passes.activations[1:]]
    found = by_quantity(theory.variances(network, passes), "squared_slope")
    assert found["activation"] == found["back_propagated_gradient"] == pytest.approx(expected)
    assert found["weight_gradient"] == [*found["activation"], None]


@pytest.mark.parametrize("name", ["tanh", "softsign", "identity"])
def test_linear_predictions_equal_the_papers_products(name):
    """Var[z^i] = E[x²]·∏ n·Var[W] forward, and likewise backward with the layer above's size (equations 5 and 6)."""
    sizes = [40, 30, 50, 20, 9]
    network, passes = random_network(sizes, Model(name, "standard"))
    spread = [weight.numpy().var() + weight.numpy().mean() ** 2 for weight in network.weights]
    up = np.cumprod([size * variance for size, variance in zip(sizes, spread[:-1], strict=False)])
    down = np.cumprod([size * variance for size, variance in zip(sizes[:1:-1], spread[:0:-1], strict=False)])[::-1]
    inputs, output = passes.activations[0].numpy(), passes.back_propagated_gradients[-1].numpy()
    expected = {
        "activation": np.mean(inputs**2) * up,
        "back_propagated_gradient": np.mean(output**2) * down,
        # the weight gradient of a network without hidden layers, times both products
        "weight_gradient": np.mean((inputs.T @ output / len(inputs)) ** 2) * np.append(1, up) * np.append(down, 1),
    }
    found = by_quantity(theory.variances(network, passes), "linear")
    for quantity in QUANTITIES:
        np.testing.assert_allclose(found[quantity], expected[quantity], rtol=1e-12)
    assert up[-1] == pytest.approx(3.0**-3, rel=0.1)  # standard: n·Var[W] = 1/3


def test_both_predictions_agree_for_small_inputs():
    network, passes = random_network([20, 30, 25, 5], Model("tanh", "normalized"), scale=1e-4)
    rows = theory.variances(network, passes)
    for row in rows:
        assert row["mean_field"] == pytest.approx(row["linear"], rel=1e-6)


@pytest.mark.parametrize(
    "recipe",
    [
        Model("tanh", "normalized"),
        Model("sigmoid", "standard"),
        Model("softsign", "torch_linear"),
        Model("relu", "he"),
        Model("elu", "orthogonal"),
        Model("softplus", "lecun"),
    ],
    ids=str,
)
def test_wide_networks_have_the_mean_field_variances(recipe):
    """Layers of different sizes, averaged over draws, because even 900 units deviate from the limit."""
    found = [theory.variances(*random_network([200, 900, 600, 800, 50], recipe, seed)) for seed in range(4)]
    for rows in zip(*found, strict=True):
        ratio = np.mean([row["measured"] / row["mean_field"] for row in rows])
        assert ratio == pytest.approx(1, abs=0.06), rows[0]


def test_inputs_of_zeros_give_finite_predictions():
    network, passes = random_network([20, 400, 400, 5], Model("sigmoid", "standard"), scale=0.0)
    rows = by_quantity(theory.variances(network, passes), "mean_field")
    assert rows["activation"][0] == pytest.approx(0, abs=1e-15)
    assert rows["weight_gradient"][0] == 0
    assert np.isfinite(rows["back_propagated_gradient"]).all()
