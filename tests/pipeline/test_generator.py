"""Statistics and a trained network cannot distinguish our sample from the author's."""

import numpy
import pytest
import torch
from scipy import stats
from torch import nn

from stages.shapeset.kinds import KINDS
from stages.shapeset.overlap import hidden_share
from stages.shapeset.scenes import draw_scenes
from stages.shapeset.stream import draw
from tests.shapeset.recorded_scenes import poses_of, read_author_scenes

UNLIKELY = 1e-4  # no p-value of the hundred or so tests, with fixed seeds, should be this small
HALF = 10_000


@pytest.fixture(scope="module")
def author_images(author_shapeset):
    with numpy.load(author_shapeset / "author_images.npz") as arrays:
        return arrays["images"], arrays["shapes"]


@pytest.fixture(scope="module")
def sample():
    return draw(20, "test", 0, 2 * HALF, "cpu")


@pytest.fixture(scope="module")
def quantities(author_shapeset):
    """The drawn quantities of the author's 2,000 scenes and of 40,000 of ours."""
    author = read_author_scenes(author_shapeset)
    ours = draw_scenes((21, 0), torch.arange(40_000))
    return (
        drawn_quantities(author.kinds, author.greys, author.background, poses_of(author)),
        drawn_quantities(*(values.numpy() for values in (ours.kinds, ours.greys, ours.background, ours.poses))),
    )


def drawn_quantities(kinds, greys, background, poses) -> dict[str, numpy.ndarray]:
    """Return the drawn quantities of every shape by name, found by undoing its steps; arguments as in `Scenes`."""
    found = {"background": background}
    for order, name in enumerate(("first", "second")):
        for kind, kind_name in enumerate(KINDS):
            chosen = kinds[order] == kind
            undone = undo_steps(poses[:, order, chosen]) | {"grey": greys[order, chosen]}
            found |= {f"{name} {kind_name}: {quantity}": values for quantity, values in undone.items()}
    pairs = kinds[1] >= 0
    kinds, greys, poses = kinds[:, pairs], greys[:, pairs], poses[:, :, pairs]
    hidden = hidden_share(torch.tensor(kinds), torch.tensor(poses, dtype=torch.float32).unbind(1)).numpy()
    areas = poses[0] * poses[4] - poses[1] * poses[3]
    for kind, kind_name in enumerate(KINDS):
        over = kinds[0] == kind
        found[f"hidden share of a {kind_name}"] = hidden[over]
        found[f"distance from a {kind_name}"] = numpy.hypot(*(poses[[2, 5], 1] - poses[[2, 5], 0]))[over]
        found[f"size beside a {kind_name}"] = (areas[1] / areas[0])[over]
        found[f"contrast with a {kind_name}"] = (greys[1] - greys[0])[over]
    return found


def undo_steps(poses: numpy.ndarray) -> dict[str, numpy.ndarray]:
    """Return stretches, turns in steps of the circle, positions and areas of shapes with `poses` (6, count)."""
    x_u, x_v, x, y_u, y_v, y = poses.astype(float)
    _, stretches, first = numpy.linalg.svd(numpy.stack((x_u, x_v, y_u, y_v), 1).reshape(-1, 2, 2))
    uneven = stretches[:, 0] > 1.05 * stretches[:, 1]  # otherwise the first turn has no effect
    step = 2 * numpy.pi / 255
    return {
        "long stretch": stretches[:, 0],
        "short stretch": stretches[:, 1],
        "first turn": numpy.round(numpy.arctan(-first[:, 0, 1] / first[:, 0, 0])[uneven] / step),
        "last turn": numpy.round(numpy.arctan2(y_u, x_u) / step) % 255,
        "x": x,
        "y": y,
        "area": stretches.prod(1),
    }


def test_quantities_of_the_scenes(quantities):
    author, ours = quantities
    assert author.keys() == ours.keys()
    assert len(ours) == 61
    p_values = {name: stats.ks_2samp(author[name], ours[name]).pvalue for name in ours}
    assert min(p_values.values()) > UNLIKELY, {name: p for name, p in p_values.items() if p <= UNLIKELY}
    # The p-values themselves are uniform: low ones are no more frequent than by chance.
    assert numpy.mean([p < 0.1 for p in p_values.values()]) < 0.25


def test_every_grey_outside_the_gap_is_drawn(quantities):
    for name, greys in quantities[1].items():
        if name.endswith(("grey", "background")):
            assert set(numpy.unique(greys)) == {*range(115), *range(140, 256)}


def test_turns_are_uniform_over_whole_steps(quantities):
    _, ours = quantities
    for order in ("first", "second"):
        for kind, steps in zip(KINDS, (84, 63, 12), strict=True):
            last = numpy.bincount(ours[f"{order} {kind}: last turn"].astype(int), minlength=255)
            assert last[254] == 0
            assert stats.chisquare(last[:254]).pvalue > UNLIKELY
            assert len(numpy.unique(ours[f"{order} {kind}: first turn"])) == steps


def test_kinds_have_the_author_s_frequencies(author_images, sample):
    def table(shapes):
        return numpy.bincount(shapes[:, 0].astype(int) * 4 + shapes[:, 1] + 1, minlength=12)

    ours = table(sample.kinds.numpy())
    assert stats.chi2_contingency(numpy.stack((table(author_images[1]), ours))).pvalue > UNLIKELY
    assert stats.chisquare(ours, numpy.tile([3, 1, 1, 1], 3) / 18 * ours.sum()).pvalue > UNLIKELY


def test_statistics_of_the_pixels(author_images, sample):
    images, ours = (values.reshape(-1, 1024) for values in (author_images[0], sample.images.numpy()))
    statistics = {
        "background": lambda pixels: pixels[:, 0],
        "mean": lambda pixels: pixels.mean(1),
        "spread": lambda pixels: pixels.std(1),
        "area": lambda pixels: (pixels != pixels[:, :1]).sum(1),
        "top half": lambda pixels: (pixels != pixels[:, :1])[:, :512].sum(1),
        "left half": lambda pixels: (pixels != pixels[:, :1]).reshape(-1, 32, 32)[:, :, :16].sum((1, 2)),
        "steps along rows": lambda pixels: (numpy.diff(pixels) != 0).sum(1),
        "steps along columns": lambda pixels: (pixels[:, 32:] != pixels[:, :-32]).sum(1),
    }
    for name, statistic in statistics.items():
        assert stats.ks_2samp(statistic(images), statistic(ours)).pvalue > UNLIKELY, name
    covered, ours_covered = ((values != values[:, :1]).mean(0) for values in (images, ours))
    error = numpy.sqrt(numpy.maximum(ours_covered, 1e-4) * 2 / len(ours))
    assert (abs(covered - ours_covered) / error).max() < 5  # in any of 1,024 pixels


def test_a_network_cannot_distinguish_the_samples(author_images, sample):
    chance, four_errors = 0.5, 4 * 0.5 / numpy.sqrt(2 * HALF)
    assert abs(classifier_accuracy(author_images[0], sample.images.numpy()) - chance) < four_errors


def test_the_network_distinguishes_a_mirrored_sample(author_images, sample):
    """Mirroring changes only the side to which vertices are truncated: the test above detects even that."""
    mirrored = sample.images.flip(2).numpy()
    assert classifier_accuracy(author_images[0], mirrored) > 0.53


def classifier_accuracy(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Train a small network to distinguish two samples, on half of each; return its accuracy on the other halves."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 64), nn.ReLU(), nn.Linear(64, 2),
    )  # fmt: skip
    halves = [
        torch.tensor(numpy.concatenate((one[half], other[half]))[:, None]).float() / 127.5 - 1
        for half in (slice(HALF), slice(HALF, 2 * HALF))
    ]
    which = torch.arange(2).repeat_interleave(HALF)
    update = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(4):
        for batch in torch.randperm(2 * HALF).split(100):
            update.zero_grad()
            nn.functional.cross_entropy(network(halves[0][batch]), which[batch]).backward()
            update.step()
    with torch.no_grad():
        found = torch.cat([network(part).argmax(1) for part in halves[1].split(1000)])
    return (found == which).float().mean().item()
