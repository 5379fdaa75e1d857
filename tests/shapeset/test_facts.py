"""The facts of an image agree with its pixels and with the bounds of the distribution."""

import pytest
import torch

from stages.datasets.shapeset import CLASS_NAMES, CLASS_SHARES
from stages.shapeset.kinds import CLASS_OF_KINDS, KINDS
from stages.shapeset.stream import draw

COUNT = 20000


@pytest.fixture(scope="module")
def sample():
    return draw(4, "validation", 1000, COUNT, "cpu")


def test_columns(sample):
    assert {name: str(column.dtype).removeprefix("torch.") for name, column in sample.facts.items()} == {
        "index": "int64",
        "label": "int64",
        "background": "int16",
        "grey_0": "int16",
        "grey_1": "int16",
        "kind_0": "int8",
        "kind_1": "int8",
        "x_min": "float32",
        "x_max": "float32",
        "y_min": "float32",
        "y_max": "float32",
        "overlap": "float32",
        "rejections": "int16",
    }
    assert {len(column) for column in sample.facts.values()} == {COUNT}
    assert torch.equal(sample.facts["index"], torch.arange(1000, 1000 + COUNT))
    assert torch.equal(sample.facts["label"], sample.labels)
    assert torch.equal(torch.stack((sample.facts["kind_0"], sample.facts["kind_1"]), 1), sample.kinds)


def test_every_shape_keeps_the_margin_and_hides_at_most_half(sample):
    facts = sample.facts
    assert min(facts["x_min"].min(), facts["y_min"].min()) >= 1
    assert max(facts["x_max"].max(), facts["y_max"].max()) <= 31
    alone = sample.kinds[:, 1] < 0
    assert (facts["overlap"][alone] == 0).all()
    assert (facts["grey_1"][alone] == -1).all()
    assert 0.49 < facts["overlap"].max() <= 0.5
    assert (facts["overlap"][~alone] > 0).any()


def test_outermost_vertices_are_those_of_the_pixels(sample):
    """No pixel lies beyond them, and shapes reach them, except where the fill rule omits the tip in the first row."""
    coloured = sample.images != sample.images[:, :1, :1]  # the corner is always background
    assert torch.equal(sample.images[:, 0, 0].long(), sample.facts["background"].long())
    for axis, name in ((1, "x"), (2, "y")):
        places = coloured.any(axis)
        first = places.byte().argmax(1)
        last = 31 - places.flip(1).byte().argmax(1)
        low, high = (sample.facts[f"{name}_{end}"].long() for end in ("min", "max"))
        assert (first >= low).all()
        assert (last <= high).all()
        assert ((first == low) & (last == high)).float().mean() > 0.99


def test_greys_are_either_light_on_dark_or_dark_on_light(sample):
    background, *greys = (sample.facts[name] for name in ("background", "grey_0", "grey_1"))
    dark = background <= 114
    assert (background[~dark] >= 140).all()
    assert 0.48 < dark.float().mean() < 0.52
    for grey in greys:
        there = grey >= 0
        assert (grey[dark & there] >= 140).all()
        assert (grey[~dark & there] <= 114).all()
        assert {grey[there & dark].max().item(), grey[there & ~dark].min().item()} == {255, 0}


def test_class_names_and_shares(sample):
    for first, row in enumerate(CLASS_OF_KINDS):
        assert CLASS_NAMES[row[-1]] == KINDS[first]
        for second, label in enumerate(row[:-1]):
            names = {KINDS[first], KINDS[second]}
            assert all(name in CLASS_NAMES[label] for name in names)
            assert label == CLASS_OF_KINDS[second][first]
    assert sum(CLASS_SHARES) == pytest.approx(1)
    shares = sample.labels.bincount(minlength=9) / COUNT
    torch.testing.assert_close(shares, torch.tensor(CLASS_SHARES), rtol=0, atol=0.01)
