"""Denoising auto-encoders against autograd and torch.optim.SGD, and the networks that they pre-train."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, mse_loss, softsign

from stages.descent import pretraining
from stages.descent.pretraining import CORRUPTIONS, FIRST_EXAMPLE, LOWEST, AutoEncoder, GreedyPretraining
from stages.network.activations import ACTIVATIONS
from stages.network.perceptron import Perceptron, forward, initialize, member, stack
from stages.params import Model, Pretraining
from stages.training.training import Run, train
from tests.descent.forms import FORMS, kernels_in
from tests.descent.plain import MODULES
from tests.training import test_training

setting = test_training.setting
BATCH, CPU = 10, torch.device("cpu")
SETTINGS = Pretraining(decoder="units", corruption="masking", level=0.25, learning_rate=0.1, updates={"smoke": 30})
UPDATES = 300
# the cost of a decoder's pre-activations a for clean values x, as torch has it
COSTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sigmoid": lambda a, x: binary_cross_entropy(torch.sigmoid(a), x, reduction="sum"),
    "tanh": lambda a, x: binary_cross_entropy((torch.tanh(a) + 1) / 2, (x + 1) / 2, reduction="sum"),
    "softsign": lambda a, x: binary_cross_entropy((softsign(a) + 1) / 2, (x + 1) / 2, reduction="sum"),
    "linear": lambda a, x: mse_loss(a, x, reduction="sum") / 2,
}
RANGES = {"sigmoid": (0, 1), "tanh": (-1, 1), "softsign": (-1, 1), "linear": (-2, 3)}  # of what a decoder reconstructs


def values(count: int, units: int, lowest: float, highest: float = 1) -> Tensor:
    """Random values between `lowest` and `highest`: (2 runs, count, units)."""
    random = torch.Generator().manual_seed(1)
    return torch.rand(2, count, units, generator=random) * (highest - lowest) + lowest


def train_by_autograd(
    weight: Tensor, bias: Tensor, activation: str, decoder: str, rate: float, clean: Tensor, corrupted: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The weights, biases and decoder biases after an update for each mini-batch, in float64."""
    weight, bias = (one.double().clone().requires_grad_() for one in (weight, bias))
    decoder_bias = torch.zeros(len(weight), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weight, bias, decoder_bias], lr=rate)
    for x, seen in zip(clean.double().split(BATCH), corrupted.double().split(BATCH), strict=True):
        z = MODULES[activation]()(seen @ weight + bias)
        optimizer.zero_grad()
        (COSTS[decoder](z @ weight.mT + decoder_bias, x) / BATCH).backward()
        optimizer.step()
    return tuple(one.detach().float() for one in (weight, bias, decoder_bias))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("activation", "decoder"), [*((one, decoder) for one in LOWEST for decoder in COSTS), ("relu", "linear")]
)
@pytest.mark.parametrize("layer", [0, 1])
def test_training_a_layer_equals_autograd(activation, decoder, layer, form):
    """Fifty steps on a stack of two runs; encoder and decoder share the weights."""
    sizes, rate = [12, 8, 6, 3], 0.05
    networks = [initialize(sizes, Model(activation, "normalized"), seed) for seed in (1, 2)]
    stacked = stack(networks, CPU)
    clean = values(50 * BATCH, sizes[layer], *RANGES[decoder])
    corrupted = clean * (torch.rand(clean.shape, generator=torch.Generator().manual_seed(2)) < 0.7)
    kernels = kernels_in(form)(stacked, BATCH, "cross_entropy")
    auto_encoder = AutoEncoder(stacked, layer, decoder, rate, BATCH, kernels)
    auto_encoder.update(clean, corrupted)
    for run, network in enumerate(networks):
        before = network.weights[layer], network.biases[layer]
        expected = train_by_autograd(*before, activation, decoder, rate, clean[run], corrupted[run])
        found = member(stacked, run)
        decoder_bias = auto_encoder.decoder_bias[run, 0, : sizes[layer]]
        for one, other in zip((found.weights[layer], found.biases[layer], decoder_bias), expected, strict=True):
            torch.testing.assert_close(one, other.reshape(one.shape), rtol=1e-3, atol=1e-5)
        assert (expected[0] - network.weights[layer]).abs().max() > 0.01
        assert expected[2].abs().max() > 0.01
        others = [one for one in range(3) if one != layer]
        assert all(torch.equal(found.weights[one], network.weights[one]) for one in others)


def test_every_decoder_and_corruption_is_tested():
    assert pretraining.DECODERS.keys() == COSTS.keys()
    assert CORRUPTIONS.keys() == {"masking", "blackening", "gaussian"}


def draw(seed: int, start: int, count: int) -> tuple[Tensor, Tensor]:
    """Images of 4×4 pixels whose columns are black or white, so four bits determine all sixteen pixels."""
    bits = torch.randint(0, 2, (count, 1, 4), generator=torch.Generator().manual_seed(seed * 1000 + start % 999_983))
    return (255 * bits).expand(count, 4, 4).to(torch.uint8), bits[:, 0, 0]


def draw_grey(seed: int, start: int, count: int) -> tuple[Tensor, Tensor]:
    """Images of 4×4 pixels, each of any grey."""
    random = torch.Generator().manual_seed(seed * 1000 + start % 999_983)
    return torch.randint(0, 256, (count, 4, 4), generator=random, dtype=torch.uint8), torch.zeros(count).long()


def inputs_of(images: Tensor, input_range: str) -> Tensor:
    """The inputs that `images` become."""
    return images.flatten(1) / 255 * 2 - 1 if input_range == "signed" else images.flatten(1) / 255


def pretrain(
    networks: Perceptron, settings: Pretraining, updates: int, seeds: list[int], input_range="signed", draw=draw
) -> int:
    """Pre-train all layers; return the reported number of updates, summed over runs."""
    greedy, run_updates = GreedyPretraining(networks, settings, updates, seeds, BATCH, draw, input_range), 0
    while not greedy.finished:
        run_updates += greedy.advance()
    return run_updates


@pytest.mark.parametrize("input_range", ["signed", "unit"])
@pytest.mark.parametrize("decoder", ["units", "linear"])
def test_pre_training_lowers_the_reconstruction_error_and_keeps_the_output_layer(decoder, input_range):
    networks = [initialize([16, 12, 8, 2], Model("tanh", "standard"), seed) for seed in (1, 2)]
    stacked, settings = stack(networks, CPU), replace(SETTINGS, decoder=decoder, learning_rate=0.03)
    run_updates = pretrain(stacked, settings, UPDATES, [1, 2], input_range)
    assert run_updates == 2 * 2 * UPDATES  # runs × hidden layers × updates
    x = inputs_of(draw(7, 0, 200)[0], input_range)
    units = {"signed": torch.tanh, "unit": torch.sigmoid}[input_range] if decoder == "units" else lambda a: a
    for run, network in enumerate(networks):
        found = member(stacked, run)
        assert torch.equal(found.weights[2], network.weights[2])
        errors = []
        for one in (network, found):
            z = forward(one, x)[1][1]
            errors.append((units(z @ one.weights[0].mT) - x).square().mean().item())
        assert errors[1] < errors[0] / 4


@pytest.mark.parametrize("input_range", ["signed", "unit"])
@pytest.mark.parametrize(
    ("activation", "decoder"),
    [*((one, decoder) for one in LOWEST for decoder in ("units", "linear")), ("relu", "linear")],
)
def test_each_layer_is_trained_to_reconstruct_what_the_layers_below_make_of_its_images(
    activation, decoder, input_range
):
    """Layer by layer by autograd, nearly without corruption; the decoder's units are those of the layer below."""
    network = initialize([16, 12, 8, 2], Model(activation, "normalized"), 1)
    stacked, updates = stack([network], CPU), 40
    settings = replace(SETTINGS, decoder=decoder, corruption="gaussian", level=1e-9, learning_rate=0.05)
    pretrain(stacked, settings, updates, [3], input_range, draw_grey)
    of_inputs = {"signed": "tanh", "unit": "sigmoid"}[input_range]
    decoders = [of_inputs, activation] if decoder == "units" else ["linear", "linear"]
    trained = []
    for layer, of_layer in enumerate(decoders):
        x = inputs_of(draw_grey(3, FIRST_EXAMPLE + layer * updates * BATCH, updates * BATCH)[0], input_range)
        for weight, bias in trained:
            x = MODULES[activation]()(x @ weight + bias)
        before = network.weights[layer], network.biases[layer]
        weight, bias, _ = train_by_autograd(*before, activation, of_layer, 0.05, x, x)
        trained.append((weight, bias))
        torch.testing.assert_close(stacked.weights[layer][0], weight, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(stacked.biases[layer][0, 0], bias.flatten(), rtol=1e-3, atol=1e-5)
        assert (weight - network.weights[layer]).abs().max() > 0.01


@pytest.mark.parametrize(
    ("corruption", "activation", "input_range", "hurt"),
    [
        *(("blackening", activation, "signed", [-1, LOWEST[activation]]) for activation in LOWEST),
        *(("blackening", activation, "unit", [0, LOWEST[activation]]) for activation in LOWEST),
        *(("masking", activation, "signed", [0, 0]) for activation in (*LOWEST, "relu")),
    ],
)
def test_corruption_sets_values_of_each_layer_to_what_it_should(monkeypatch, corruption, activation, input_range, hurt):
    """`hurt`: what a changed value of the inputs becomes, and one of the first hidden layer."""
    seen = []
    monkeypatch.setattr(AutoEncoder, "update", lambda self, clean, corrupted: seen.append((clean, corrupted)))
    networks = stack([initialize([16, 12, 8, 2], Model(activation, "normalized"), 1)], CPU)
    settings = replace(SETTINGS, decoder="linear", corruption=corruption, level=0.3)
    pretrain(networks, settings, UPDATES, [1], input_range, draw_grey)
    for (clean, corrupted), value, units in zip(seen, hurt, (16, 12), strict=True):
        assert clean.shape == (1, UPDATES * BATCH, units)
        changed = corrupted != clean
        assert corrupted[changed].unique().tolist() == [value]
        already = (clean == value).float().mean().item()
        assert changed.float().mean().item() == pytest.approx(0.3 * (1 - already), abs=0.02)


def test_pre_training_a_run_is_reproducible_alone_and_in_a_stack():
    recipe = Model("sigmoid", "standard", pretraining=SETTINGS)
    networks = [initialize([16, 12, 8, 2], recipe, seed) for seed in (1, 2)]
    together, alone, again = (stack(part, CPU) for part in (networks, networks[1:], networks[1:]))
    pretrain(together, SETTINGS, UPDATES, [1, 2])
    for one in (alone, again):
        pretrain(one, SETTINGS, UPDATES, [2])
    for layer in range(2):
        assert torch.equal(alone.weights[layer], again.weights[layer])
        torch.testing.assert_close(together.weights[layer][1], alone.weights[layer][0], rtol=1e-4, atol=1e-5)


def test_corruption_is_independent_of_the_initial_weights(monkeypatch):
    """With a shared seed, the first inputs would be masked exactly where the first weights are low."""
    seen = []

    def remember(values, level, lowest, generator):
        seen.append(torch.rand(values.shape, generator=generator))
        return values

    monkeypatch.setitem(CORRUPTIONS, "masking", remember)
    networks = stack([initialize([16, 12, 2], Model("tanh", "standard"), 1)], CPU)
    bound = networks.weights[0].abs().max()
    drawn = (networks.weights[0][0].flatten() / bound + 1) / 2
    pretrain(networks, SETTINGS, UPDATES, [1])
    first = seen[0].flatten()
    count = min(len(first), len(drawn))
    assert abs(torch.corrcoef(torch.stack([first[:count], drawn[:count]]))[0, 1]) < 0.5


def test_training_starts_from_the_pre_trained_network(setting):
    """Two learning rates of a seed share it, and it is kept as the initial network."""
    recipe = Model("tanh", "normalized", pretraining=SETTINGS)
    setting = replace(setting, recipe=recipe, pretraining_updates=24)
    run_updates = []
    slow, fast = train([Run(2, 0.01, 3), Run(2, 0.1, 3)], setting, lambda done, restored: run_updates.append(done))
    last = setting.schedule[-1]
    assert sum(run_updates) == 2 * (last + 2 * 24)  # runs, hidden layers
    drawn = initialize(setting.sizes(2), setting.recipe, 3)
    for layer in (1, 2):
        assert (slow.initial[f"weight_{layer}"] == fast.initial[f"weight_{layer}"]).all()
        assert (slow.initial[f"weight_{layer}"] != drawn.weights[layer - 1].numpy()).any()
    assert (slow.initial["weight_3"] == drawn.weights[2].numpy()).all()
    assert (slow.final["weight_1"] != fast.final["weight_1"]).any()


@pytest.mark.parametrize("level", [0.1, 0.5])
def test_corruptions_have_the_given_level(level):
    clean = values(1000, 50, -1)[0]
    for name, lowest, value in (("masking", -1, 0), ("blackening", -1, -1), ("blackening", 0, 0)):
        hurt = CORRUPTIONS[name](clean, level, lowest, torch.Generator().manual_seed(1))
        assert abs((hurt == value).float().mean() - level) < 5 * (level * (1 - level) / clean.numel()) ** 0.5
        assert torch.equal(hurt[hurt != value], clean[hurt != value])
    noise = CORRUPTIONS["gaussian"](clean, level, -1, torch.Generator().manual_seed(1)) - clean
    assert abs(noise.std() - level) < 0.02 * level
    assert abs(noise.mean()) < 5 * level / clean.numel() ** 0.5


def test_the_ranges_are_those_of_the_activations():
    far = torch.tensor([[-1e6, 1e6]])
    for activation, lowest in LOWEST.items():
        out = torch.empty_like(far)
        ACTIVATIONS[activation].forward(far, out)
        torch.testing.assert_close(out, torch.tensor([[float(lowest), 1.0]]), rtol=0, atol=1e-5)
