"""Cutting published images into the three splits, and where each image came from."""

import numpy as np
import pytest

from stages.datasets.formats.splits import cut
from stages.handover.prepared import Split
from stages.params import Splits
from stages.running.errors import InputError


def part(first: int, count: int) -> Split:
    """Images of one pixel that count on from `first`, and labels that count with them."""
    numbers = np.arange(first, first + count)
    return Split(numbers.astype(np.uint8).reshape(-1, 1, 1), numbers)


TRAINING = {"one": part(0, 3), "two": part(3, 4)}
TEST = {"three": part(100, 5)}


def settings(train: int, validation: int, test: int) -> Splits:
    return Splits(seed=0, input_range="signed", train=train, validation=validation, test=test)


def test_the_first_train_the_last_validate_and_the_first_of_the_others_test():
    prepared = cut("mnist", settings(4, 2, 3), TRAINING, TEST)
    assert list(prepared.splits) == ["train", "validation", "test"]
    expected = {"train": [0, 1, 2, 3], "validation": [5, 6], "test": [100, 101, 102]}
    for name, split in prepared.splits.items():
        assert split.images.ravel().tolist() == split.labels.tolist() == expected[name]


def test_facts_say_where_each_image_was():
    facts = cut("mnist", settings(4, 2, 3), TRAINING, TEST).facts
    assert list(facts) == ["split", "index", "label", "file", "position"]
    assert facts.values.tolist() == [
        ["train", 0, 0, "one", 0],
        ["train", 1, 1, "one", 1],
        ["train", 2, 2, "one", 2],
        ["train", 3, 3, "two", 0],
        ["validation", 0, 5, "two", 2],
        ["validation", 1, 6, "two", 3],
        ["test", 0, 100, "three", 0],
        ["test", 1, 101, "three", 1],
        ["test", 2, 102, "three", 2],
    ]
    assert facts.index.tolist() == list(range(9))


def test_all_images_may_be_used():
    prepared = cut("mnist", settings(5, 2, 5), TRAINING, TEST)
    labels = np.concatenate([split.labels for split in prepared.splits.values()])
    assert labels.tolist() == [*range(7), *range(100, 105)]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((5, 3, 5), "mnist.train is 5 and mnist.validation 3; allowed: together at most the 7 training images"),
        ((8, 1, 5), "mnist.train is 8 and mnist.validation 1; allowed: together at most the 7 training images"),
        ((1, 1, 6), "mnist.test is 6; allowed: at most the 5 test images"),
    ],
)
def test_no_image_is_in_two_splits(counts, message):
    with pytest.raises(InputError) as caught:
        cut("mnist", settings(*counts), TRAINING, TEST)
    assert str(caught.value) == f"params.yaml: {message}"
