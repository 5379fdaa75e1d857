"""Denoising auto-encoders against autograd and torch.optim.SGD, and the networks that they pre-train."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from stages.descent.pretraining import CORRUPTIONS, LOWEST, AutoEncoder, GreedyPretraining
from stages.network.activations import ACTIVATIONS
from stages.network.perceptron import forward, initialize, member, stack
from stages.params import Model, Pretraining
from stages.training.training import Run, train
from tests.descent.forms import FORMS, kernels_in
from tests.descent.plain import MODULES
from tests.training import test_training

setting = test_training.setting
BATCH, CPU = 10, torch.device("cpu")
SETTINGS = Pretraining(corruption="masking", level=0.25, learning_rate=0.1, share=0.1)
UPDATES = 300


def values(count: int, units: int, lowest: float) -> Tensor:
    """Random values between `lowest` and 1: (2 runs, count, units)."""
    random = torch.Generator().manual_seed(1)
    return torch.rand(2, count, units, generator=random) * (1 - lowest) + lowest


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("activation", LOWEST)
@pytest.mark.parametrize("layer", [0, 1])
def test_training_a_layer_equals_autograd(activation, layer, form):
    """Fifty steps on a stack of two runs; encoder and decoder share the weights."""
    sizes = [12, 8, 6, 3]
    networks = [initialize(sizes, Model(activation, "normalized"), seed) for seed in (1, 2)]
    stacked = stack(networks, CPU)
    lowest = LOWEST[activation] if layer else -1
    clean = values(50 * BATCH, sizes[layer], lowest)
    corrupted = clean * (torch.rand(clean.shape, generator=torch.Generator().manual_seed(2)) < 0.7)
    auto_encoder = AutoEncoder(stacked, layer, 0.2, BATCH, kernels_in(form)(stacked, BATCH, "cross_entropy"))
    auto_encoder.update(clean, corrupted)
    for run, network in enumerate(networks):
        weight, bias = (one.clone().requires_grad_() for one in (network.weights[layer], network.biases[layer]))
        decoder_bias = torch.zeros(sizes[layer], requires_grad=True)
        optimizer = torch.optim.SGD([weight, bias, decoder_bias], lr=0.2)
        for x, seen in zip(clean[run].split(BATCH), corrupted[run].split(BATCH), strict=True):
            z = MODULES[activation]()(seen @ weight + bias)
            loss = nn.functional.binary_cross_entropy_with_logits(
                z @ weight.mT + decoder_bias, (x - lowest) / (1 - lowest), reduction="sum"
            )
            optimizer.zero_grad()
            (loss / BATCH).backward()
            optimizer.step()
        found = member(stacked, run)
        torch.testing.assert_close(found.weights[layer], weight.detach(), rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(found.biases[layer], bias.detach(), rtol=1e-3, atol=1e-5)
        assert (weight - network.weights[layer]).abs().max() > 0.01
        others = [one for one in range(3) if one != layer]
        assert all(torch.equal(found.weights[one], network.weights[one]) for one in others)


def draw(seed: int, start: int, count: int) -> tuple[Tensor, Tensor]:
    """Images of 4×4 pixels whose columns are black or white, so four bits determine all sixteen pixels."""
    bits = torch.randint(0, 2, (count, 1, 4), generator=torch.Generator().manual_seed(seed * 1000 + start % 999_983))
    return (255 * bits).expand(count, 4, 4).to(torch.uint8), bits[:, 0, 0]


def pretrain(networks, settings: Pretraining, updates: int, seeds: list[int]) -> int:
    """Pre-train all layers; return the reported number of updates, summed over runs."""
    pretraining, run_updates = GreedyPretraining(networks, settings, updates, seeds, BATCH, draw), 0
    while not pretraining.finished:
        run_updates += pretraining.advance()
    return run_updates


def test_pre_training_lowers_the_reconstruction_error_and_keeps_the_output_layer():
    networks = [initialize([16, 12, 8, 2], Model("tanh", "standard"), seed) for seed in (1, 2)]
    stacked = stack(networks, CPU)
    assert pretrain(stacked, SETTINGS, UPDATES, [1, 2]) == 2 * 2 * UPDATES  # runs × hidden layers × updates
    x = draw(7, 0, 200)[0].flatten(1).float() / 127.5 - 1
    for run, network in enumerate(networks):
        found = member(stacked, run)
        assert torch.equal(found.weights[2], network.weights[2])
        errors = []
        for one in (network, found):
            z = forward(one, x)[1][1]
            errors.append((torch.sigmoid(z @ one.weights[0].mT) - (x + 1) / 2).square().mean().item())
        assert errors[1] < errors[0] / 4


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

    def remember(values, level, generator):
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
    settings = replace(SETTINGS, share=0.2)
    setting = replace(setting, recipe=Model("tanh", "normalized", pretraining=settings))
    run_updates = []
    slow, fast = train([Run(2, 0.01, 3), Run(2, 0.1, 3)], setting, lambda done, restored: run_updates.append(done))
    last = setting.schedule[-1]
    assert sum(run_updates) == 2 * (last + 2 * round(0.2 * last))  # runs, hidden layers
    drawn = initialize(setting.sizes(2), setting.recipe, 3)
    for layer in (1, 2):
        assert (slow.initial[f"weight_{layer}"] == fast.initial[f"weight_{layer}"]).all()
        assert (slow.initial[f"weight_{layer}"] != drawn.weights[layer - 1].numpy()).any()
    assert (slow.initial["weight_3"] == drawn.weights[2].numpy()).all()
    assert (slow.final["weight_1"] != fast.final["weight_1"]).any()


@pytest.mark.parametrize("level", [0.1, 0.5])
def test_corruptions_have_the_given_level(level):
    clean = values(1000, 50, -1)[0]
    masked = CORRUPTIONS["masking"](clean, level, torch.Generator().manual_seed(1))
    assert abs((masked == 0).float().mean() - level) < 5 * (level * (1 - level) / clean.numel()) ** 0.5
    assert torch.equal(masked[masked != 0], clean[masked != 0])
    noise = CORRUPTIONS["gaussian"](clean, level, torch.Generator().manual_seed(1)) - clean
    assert abs(noise.std() - level) < 0.02 * level
    assert abs(noise.mean()) < 5 * level / clean.numel() ** 0.5


def test_the_ranges_are_those_of_the_activations():
    far = torch.tensor([[-1e6, 1e6]])
    for activation, lowest in LOWEST.items():
        out = torch.empty_like(far)
        ACTIVATIONS[activation].forward(far, out)
        torch.testing.assert_close(out, torch.tensor([[float(lowest), 1.0]]), rtol=0, atol=1e-5)
