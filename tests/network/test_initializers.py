"""Initial weights and biases against their moments and bounds, torch.nn.Linear and torch.nn.init."""

import math
from functools import partial

import pytest
import torch
from scipy.stats import beta, chi2, ks_2samp, kstest
from torch.nn import init

from stages.checking.models import check_options
from stages.network.activations import ACTIVATIONS
from stages.network.initializers import INITIALIZERS, options_of
from stages.network.perceptron import initialize
from stages.params import Model
from stages.running.errors import InputError
from tests.descent.plain import plain_network

FAN_IN, FAN_OUT = 400, 900
CONNECTIONS, GAIN = 15, 5 / 3
OPTIONS = {"sparse": {"connections": CONNECTIONS}, "constant_variance": {"gain": GAIN}}
BOUNDS_OF_LAYERS = {
    "standard": lambda fan_in, fan_out: 1 / math.sqrt(fan_in),
    "normalized": lambda fan_in, fan_out: math.sqrt(6) / math.sqrt(fan_in + fan_out),
    "constant_variance": lambda fan_in, fan_out: GAIN * math.sqrt(3) / math.sqrt(fan_in),
    "lecun": lambda fan_in, fan_out: math.sqrt(3) / math.sqrt(fan_in),
    "he": lambda fan_in, fan_out: math.sqrt(6) / math.sqrt(fan_in),
    "torch_linear": lambda fan_in, fan_out: 1 / math.sqrt(fan_in),
}
BOUNDS = {one: bound(FAN_IN, FAN_OUT) for one, bound in BOUNDS_OF_LAYERS.items()}
VARIANCES = {
    "standard": 1 / (3 * FAN_IN),
    "normalized": 2 / (FAN_IN + FAN_OUT),
    "constant_variance": GAIN**2 / FAN_IN,
    "lecun": 1 / FAN_IN,
    "he": 2 / FAN_IN,
    "torch_linear": 1 / (3 * FAN_IN),
    "orthogonal": 1 / FAN_OUT,
    "lsuv": 1 / FAN_OUT,  # before it has seen examples
    "sparse": CONNECTIONS / FAN_IN,
}
# torch's own initializers, which fill a weight (units, units below)
OF_TORCH = {
    "normalized": init.xavier_uniform_,
    "constant_variance": partial(init.kaiming_uniform_, nonlinearity="tanh"),
    "lecun": partial(init.kaiming_uniform_, nonlinearity="linear"),
    "he": partial(init.kaiming_uniform_, nonlinearity="relu"),
}
SIZES = [40, 30, 50, 20, 6]
RECIPES = {one: Model("tanh", one, **OPTIONS.get(one, {})) for one in INITIALIZERS}


def draw(initializer: str, seed: int, fan_in: int = FAN_IN, fan_out: int = FAN_OUT) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return INITIALIZERS[initializer].weights(fan_in, fan_out, generator, **OPTIONS.get(initializer, {}))


def draw_biases(initializer: str, seed: int) -> torch.Tensor:
    return INITIALIZERS[initializer].biases(FAN_IN, FAN_OUT, torch.Generator().manual_seed(seed))


@pytest.fixture
def examples() -> torch.Tensor:
    """Inputs like pixels: their mean is not 0, their variance not 1, and neighbours are correlated."""
    noise = torch.rand(200, SIZES[0] + 5, generator=torch.Generator().manual_seed(1))
    return noise.unfold(1, 6, 1).mean(-1) * 2 - 1.3


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_shape_and_moments(initializer):
    weight = draw(initializer, 2)
    assert weight.shape == (FAN_IN, FAN_OUT)
    assert weight.dtype == torch.float32
    weight = weight.double()
    # the relative standard error of the variance of n uniform numbers is √(4/5n), here 0.15 %; of sparse ones 1.2 %
    assert weight.var().item() == pytest.approx(VARIANCES[initializer], rel=0.04 if initializer == "sparse" else 0.01)
    assert abs(weight.mean().item()) < 5 * math.sqrt(VARIANCES[initializer] / weight.numel())


@pytest.mark.parametrize("initializer", BOUNDS)
def test_weights_are_uniform_between_the_bounds(initializer):
    weight, bound = draw(initializer, 1), BOUNDS[initializer]
    assert 0.999 * bound < weight.abs().max().item() <= bound * (1 + 1e-6)
    assert kstest(weight.flatten().double().numpy(), "uniform", args=(-bound, 2 * bound)).pvalue > 1e-3


@pytest.mark.parametrize("initializer", OF_TORCH)
def test_distribution_equals_that_of_torchs_initializer(initializer):
    expected = torch.empty(FAN_OUT, FAN_IN)
    OF_TORCH[initializer](expected, generator=torch.Generator().manual_seed(8))
    assert ks_2samp(draw(initializer, 7).flatten().numpy(), expected.flatten().numpy()).pvalue > 1e-3
    assert draw(initializer, 7).abs().max().item() == pytest.approx(expected.abs().max().item(), rel=1e-3)


def test_torch_linear_draws_weights_and_biases_as_torchs_linear_layer():
    torch.manual_seed(0)
    linear = torch.nn.Linear(FAN_IN, FAN_OUT)
    weight, biases = draw("torch_linear", 3), draw_biases("torch_linear", 4)
    assert biases.shape == (1, FAN_OUT)
    for found, expected in ((weight, linear.weight.detach()), (biases, linear.bias.detach())):
        assert ks_2samp(found.flatten().numpy(), expected.flatten().numpy()).pvalue > 1e-3
        assert 0.99 / math.sqrt(FAN_IN) < found.abs().max().item() <= (1 + 1e-6) / math.sqrt(FAN_IN)
        assert 0.99 / math.sqrt(FAN_IN) < expected.abs().max().item() <= (1 + 1e-6) / math.sqrt(FAN_IN)


def test_standard_has_the_bounds_of_torchs_linear_layer():
    """The README states that torch.nn.Linear still draws from U[−1/√n, 1/√n]."""
    torch.manual_seed(0)
    weight = torch.nn.Linear(FAN_IN, FAN_OUT).weight.detach()
    assert 0.999 * BOUNDS["standard"] < weight.abs().max().item() <= BOUNDS["standard"] * (1 + 1e-6)
    assert weight.var().item() == pytest.approx(VARIANCES["standard"], rel=0.01)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(60, 60), (90, 40), (40, 90)])
def test_orthogonal_keeps_lengths(fan_in, fan_out):
    weight = draw("orthogonal", 1, fan_in, fan_out).double()
    product = weight.mT @ weight if fan_in >= fan_out else weight @ weight.mT
    torch.testing.assert_close(product, torch.eye(min(fan_in, fan_out), dtype=torch.float64), rtol=0, atol=1e-6)


def test_orthogonal_matrices_are_uniformly_distributed():
    """Each entry w is a coordinate of a uniform point on the sphere in n dimensions: (1 + w)/2 ~ Beta((n−1)/2, …)."""
    size = 4
    drawn = torch.stack([draw("orthogonal", seed, size, size) for seed in range(500)])
    for entries in drawn.flatten(1).mT:
        assert kstest((1 + entries.numpy()) / 2, beta((size - 1) / 2, (size - 1) / 2).cdf).pvalue > 1e-4


@pytest.mark.parametrize("connections", [1, CONNECTIONS, FAN_IN])
def test_sparse_units_have_the_given_number_of_connections(connections):
    weight = INITIALIZERS["sparse"].weights(FAN_IN, FAN_OUT, torch.Generator().manual_seed(1), connections=connections)
    assert (weight.count_nonzero(0) == connections).all()
    assert kstest(weight[weight != 0].double().numpy(), "norm").pvalue > 1e-3


def test_sparse_connections_of_each_unit_are_drawn_from_all_units_below():
    connected = draw("sparse", 5) != 0
    share = CONNECTIONS / FAN_IN
    counts = connected.sum(1).double()
    # independent draws per unit, with a fixed total of counts: χ² with one degree of freedom less
    statistic = ((counts - FAN_OUT * share) ** 2 / (FAN_OUT * share * (1 - share))).sum().item() * (1 - 1 / FAN_IN)
    assert chi2.sf(statistic, FAN_IN - 1) > 1e-3
    assert chi2.cdf(statistic, FAN_IN - 1) > 1e-3
    assert len(torch.unique(connected, dim=1)[0]) == FAN_OUT


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_seeds_differ_and_repeat(initializer):
    assert torch.equal(draw(initializer, 4), draw(initializer, 4))
    assert not torch.equal(draw(initializer, 4), draw(initializer, 5))


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_all_biases_are_zero_except_those_of_torch_linear(initializer, examples):
    network = initialize(SIZES, RECIPES[initializer], 3, examples)
    assert [bias.shape for bias in network.biases] == [(1, size) for size in SIZES[1:]]
    assert all(bias.any().item() == (initializer == "torch_linear") for bias in network.biases)


@pytest.mark.parametrize("initializer", BOUNDS)
def test_uniform_weights_of_one_seed_use_the_same_random_numbers(initializer):
    """Layer by layer, uniform_(−1, 1) draws them before any biases; the layer's bound scales them."""
    generator = torch.Generator().manual_seed(2010)
    for weight in initialize(SIZES, RECIPES[initializer], 2010).weights:
        drawn = torch.empty(weight.shape).uniform_(-1, 1, generator=generator)
        bound = BOUNDS_OF_LAYERS[initializer](*weight.shape)
        torch.testing.assert_close(weight, drawn * bound, rtol=3e-7, atol=0)


def test_a_models_options_reach_its_weights():
    assert options_of(Model("tanh", "sparse")) == {"connections": 15}
    for recipe, connections in ((Model("tanh", "sparse"), 15), (Model("tanh", "sparse", connections=4), 4)):
        for weight in initialize(SIZES, recipe, 1).weights:
            assert (weight.count_nonzero(0) == connections).all()
    one, two = (initialize(SIZES, Model("tanh", "constant_variance", gain=gain), 1) for gain in (1.0, 2.0))
    for weight, twice in zip(one.weights, two.weights, strict=True):
        torch.testing.assert_close(twice, 2 * weight)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lsuv_gives_every_layer_unit_variance_on_the_examples(activation, examples):
    network = initialize(SIZES, Model(activation, "lsuv"), 1, examples)
    values = examples
    for index, module in enumerate(plain_network(network)):
        values = module(values).detach()
        if index % 2 == 0:
            assert values.double().var(correction=0).item() == pytest.approx(1, rel=1e-5)


def test_lsuv_equals_its_authors_algorithm(examples):
    """Orthonormal weights; then each layer is rescaled until its variance is within a tolerance of 1."""
    found = initialize(SIZES, Model("relu", "lsuv"), 1, examples)
    plain = plain_network(initialize(SIZES, Model("relu", "orthogonal"), 1))
    for layer in range(len(SIZES) - 1):
        weight, up_to_it = plain[2 * layer].weight.data, plain[: 2 * layer + 1]
        while abs((variance := up_to_it(examples).detach().var(correction=0).item()) - 1) >= 1e-4:
            weight /= math.sqrt(variance)
        torch.testing.assert_close(found.weights[layer].mT, weight, rtol=1e-3, atol=1e-6)


def test_lsuv_depends_on_its_examples(examples):
    recipe = Model("tanh", "lsuv")
    one, other = initialize(SIZES, recipe, 1, examples), initialize(SIZES, recipe, 1, 2 * examples)
    torch.testing.assert_close(one.weights[0], 2 * other.weights[0])
    assert torch.equal(one.weights[0], initialize(SIZES, recipe, 1, examples.double()).weights[0])


def test_lsuv_refuses_missing_examples_and_constant_pre_activations(examples):
    with pytest.raises(InputError, match="initialization lsuv needs examples"):
        initialize(SIZES, Model("tanh", "lsuv"), 1)
    with pytest.raises(InputError, match=r"lsuv: .* on 200 examples is 0; allowed: a finite"):
        initialize(SIZES, Model("tanh", "lsuv"), 1, torch.zeros_like(examples))


@pytest.mark.parametrize(
    ("recipe", "sizes"),
    [
        *((recipe, SIZES) for recipe in RECIPES.values()),
        (Model("tanh", "sparse", connections=20), SIZES),
        (Model("tanh", "sparse", connections=2), [2, 2, 1]),
        (Model("tanh", "standard"), [2, 1, 1]),
    ],
)
def test_valid_options_pass(recipe, sizes):
    check_options("models.mine", recipe, sizes)


@pytest.mark.parametrize(
    ("recipe", "sizes", "message"),
    [
        (
            Model("tanh", "standard", gain=2.0),
            SIZES,
            "models.mine.gain is 2.0, but models.mine.initialization is 'standard'; allowed: only with "
            "constant_variance",
        ),
        (
            Model("tanh", "he", connections=3),
            SIZES,
            "models.mine.connections is 3, but models.mine.initialization is 'he'; allowed: only with sparse",
        ),
        (
            Model("tanh", "constant_variance"),
            SIZES,
            "the key models.mine.gain is missing; constant_variance needs it",
        ),
        (
            Model("tanh", "sparse", connections=21),
            SIZES,
            "models.mine.connections is 21; allowed: a whole number from 1 to 20, the units of the smallest layer "
            "that is below another",
        ),
        (
            Model("tanh", "sparse"),
            [1024, 32, 14, 9],
            "models.mine.connections is 15 by default; allowed: a whole number from 1 to 14, the units of the "
            "smallest layer that is below another",
        ),
    ],
)
def test_invalid_options_are_refused_in_one_line(recipe, sizes, message):
    with pytest.raises(InputError) as caught:
        check_options("models.mine", recipe, sizes)
    assert str(caught.value) == f"params.yaml: {message}"


def test_a_model_can_name_every_initializer():
    for registered, entry in INITIALIZERS.items():
        model = Model("tanh", registered)  # pydantic checks the name
        assert model.initialization == registered
        assert set(entry.options) <= set(vars(model))
