"""Image i depends only on the seed, the split and i."""

import hashlib

import pytest
import torch

from stages.handover.prepared import SPLITS
from stages.running.errors import InputError
from stages.shapeset import stream
from stages.shapeset.stream import draw, draw_images


def test_the_same_images_in_any_batch(monkeypatch):
    """The batch sizes of drawing and painting have no effect."""
    whole = draw(7, "train", 0, 700, "cpu")
    for at_once in (1, 17, 350):
        monkeypatch.setattr(stream, "DRAWN_AT_ONCE", at_once)
        monkeypatch.setattr("stages.shapeset.paint.PAINTED_AT_ONCE", max(1, at_once // 3))
        count = 40 if at_once == 1 else 700
        again = draw(7, "train", 0, count, "cpu")
        assert torch.equal(again.images, whole.images[:count])
        for name, column in again.facts.items():
            assert torch.equal(column, whole.facts[name][:count]), name


@pytest.mark.parametrize("origin", [0, 2**32 - 300, 2**40, 2**61])
def test_the_same_images_from_any_start(origin):
    images, labels = draw_images(7, "test", origin, 600, "cpu")
    for start, count in ((0, 1), (1, 1), (299, 3), (333, 200), (599, 1)):
        some, some_labels = draw_images(7, "test", origin + start, count, "cpu")
        assert torch.equal(some, images[start : start + count])
        assert torch.equal(some_labels, labels[start : start + count])


def test_the_same_images_with_and_without_facts():
    images, labels = draw_images(7, "validation", 5, 3000, "cpu")
    sample = draw(7, "validation", 5, 3000, "cpu")
    assert torch.equal(sample.images, images)
    assert torch.equal(sample.labels, labels)


def test_the_same_images_on_any_number_of_threads():
    threads = torch.get_num_threads()
    drawn = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            drawn.append(draw_images(1, "train", 0, 5000, "cpu")[0])
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_same_images_on_a_gpu():
    here, there = (draw(2, "train", 2**35, 100_000, device) for device in ("cpu", "cuda"))
    assert torch.equal(here.images, there.images.cpu())
    for name, column in here.facts.items():
        assert torch.equal(column, there.facts[name].cpu()), name


def test_the_streams_have_not_changed():
    """A new digest means that every result drawn from the streams changes."""
    digest = hashlib.sha256()
    for split in SPLITS:
        digest.update(draw_images(2010, split, 2**33, 5000, "cpu")[0].numpy().tobytes())
    assert digest.hexdigest() == "d72e6326f2bc3455b23aee414edd166b70f381f0104e25f66126fe69816049ac"


def test_no_image_twice_in_or_across_splits_and_seeds():
    drawn = [draw_images(seed, split, 0, 4000, "cpu")[0] for seed in (0, 1) for split in SPLITS]
    images = torch.cat(drawn).flatten(1)
    assert len(images.unique(dim=0)) == len(images) == 24000


def test_a_count_of_zero():
    sample = draw(0, "train", 9, 0, "cpu")
    assert sample.images.shape == (0, 32, 32)
    assert sample.kinds.shape == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, "train", 0, 1), "seed is -1; allowed: a whole number from 0 to 4294967295"),
        ((2**32, "train", 0, 1), "seed is 4294967296; allowed:"),
        ((0.5, "train", 0, 1), r"seed is 0\.5; allowed:"),
        ((0, "training", 0, 1), "split is 'training'; allowed: train, validation, test"),
        ((0, "test", -1, 1), "start is -1; allowed:"),
        ((0, "test", 0, -1), "count is -1; allowed:"),
        ((0, "test", 2**62, 1), "start is 4611686018427387904; allowed:"),
    ],
)
def test_invalid_arguments_are_refused(arguments, message):
    for function in (draw, draw_images):
        with pytest.raises(InputError, match=message):
            function(*arguments, "cpu")
