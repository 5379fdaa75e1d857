"""The stream of a finite training set: every epoch has every example once, in an order of its own."""

from functools import partial

import pytest
import torch

from stages.training.epochs import draw_epochs

EXAMPLES = 37
IMAGES = torch.arange(EXAMPLES * 6, dtype=torch.uint8).view(EXAMPLES, 2, 3)
LABELS = torch.arange(EXAMPLES) % 5
stream = partial(draw_epochs, IMAGES, LABELS, 2010)


def numbers(images: torch.Tensor) -> list[int]:
    """Which examples these are, told by their first pixel."""
    return (images[:, 0, 0] // 6).tolist()


def test_every_epoch_has_every_example_once_with_its_label():
    images, labels = stream(0, 0, 4 * EXAMPLES)
    for epoch in images.split(EXAMPLES):
        assert sorted(numbers(epoch)) == list(range(EXAMPLES))
    assert labels.tolist() == [number % 5 for number in numbers(images)]
    assert images.dtype == torch.uint8


def test_the_order_is_another_one_in_every_epoch_and_for_every_seed():
    orders = [tuple(numbers(epoch)) for seed in (0, 1) for epoch in stream(seed, 0, 3 * EXAMPLES)[0].split(EXAMPLES)]
    orders.append(tuple(numbers(draw_epochs(IMAGES, LABELS, 2011, 0, 0, EXAMPLES)[0])))
    assert len(set(orders)) == len(orders)
    assert tuple(range(EXAMPLES)) not in orders


@pytest.mark.parametrize(("start", "count"), [(0, 10), (30, 10), (36, 2), (37, 37), (73, 5), (40, 120), (1_000_000, 3)])
def test_an_example_depends_on_its_number_alone(start, count):
    """Mini-batches go on over the end of an epoch, however the stream is cut."""
    images, labels = stream(3, start, count)
    for offset in range(count):
        image, label = stream(3, start + offset, 1)
        assert torch.equal(images[offset : offset + 1], image)
        assert torch.equal(labels[offset : offset + 1], label)
