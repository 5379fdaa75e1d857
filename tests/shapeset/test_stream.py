"""Image i depends on the seed, the split and i alone."""

import hashlib

import pytest
import torch

from stages.running.errors import InputError
from stages.shapeset import stream
from stages.shapeset.stream import SPLITS, draw, draw_images


def test_the_same_images_in_any_batch(monkeypatch):
    """Whatever the size of the batches in which the stream is drawn and painted."""
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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here to compare with")
def test_the_same_images_on_a_gpu():
    here, there = (draw(2, "train", 2**35, 100_000, device) for device in ("cpu", "cuda"))
    assert torch.equal(here.images, there.images.cpu())
    for name, column in here.facts.items():
        assert torch.equal(column, there.facts[name].cpu()), name


def test_the_streams_stay_as_they_are():
    """A change of this digest is a change of every result that was drawn from the streams."""
    digest = hashlib.sha256()
    for split in SPLITS:
        digest.update(draw_images(2010, split, 2**33, 5000, "cpu")[0].numpy().tobytes())
    assert digest.hexdigest() == "d72e6326f2bc3455b23aee414edd166b70f381f0104e25f66126fe69816049ac"


def test_no_image_twice_in_or_across_splits_and_seeds():
    drawn = [draw_images(seed, split, 0, 4000, "cpu")[0] for seed in (0, 1) for split in SPLITS]
    images = torch.cat(drawn).flatten(1)
    assert len(images.unique(dim=0)) == len(images) == 24000


def test_none_at_all():
    sample = draw(0, "train", 9, 0, "cpu")
    assert sample.images.shape == (0, 32, 32)
    assert sample.kinds.shape == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, "train", 0, 1), "seed -1: allowed are whole numbers from 0 to 4294967295"),
        ((2**32, "train", 0, 1), "seed 4294967296: allowed are"),
        ((0.5, "train", 0, 1), r"seed 0\.5: allowed are"),
        ((0, "training", 0, 1), "split 'training': allowed are train, validation, test"),
        ((0, "test", -1, 1), "start -1: allowed are"),
        ((0, "test", 0, -1), "count -1: allowed are"),
        ((0, "test", 2**62, 1), "start 4611686018427387904: allowed are"),
    ],
)
def test_a_stream_that_cannot_be(arguments, message):
    for function in (draw, draw_images):
        with pytest.raises(InputError, match=message):
            function(*arguments, "cpu")
