"""The random number generator reproduces its authors' published numbers."""

import pytest
import torch

from stages.shapeset.philox import philox, unit, whole
from tests.shapeset.numpy_scenes import philox_words

# Known answers for philox4x32 with 10 rounds from the Random123 library: counter, key, result.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def _words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_published_known_answers(counter, key, result):
    counter = [torch.tensor([word]) for word in _words(counter)]
    assert [word.item() for word in philox(counter, _words(key))] == _words(result)


def test_a_batch_of_counters_gives_the_words_of_each_counter_alone():
    index = torch.arange(2**32 - 500, 2**32)
    together = torch.stack(philox((index, 7, torch.arange(3)[:, None], 1), (5, 2**32 - 1)))
    assert together.shape == (4, 3, 500)
    for attempt in range(3):
        for position in (0, 131, 499):
            alone = philox_words([index[position].item(), 7, attempt, 1], [5, 2**32 - 1])
            assert together[:, attempt, position].tolist() == alone


def test_unit_numbers_are_evenly_spaced_in_zero_to_one():
    numbers = unit(torch.tensor([0, 255, 256, 2**31, 2**32 - 1]))
    assert numbers.tolist() == [0, 0, 2**-24, 0.5, 1 - 2**-24]


def test_whole_numbers_are_uniform_and_the_rest_is_a_word_again():
    words = (2 * torch.arange(600) + 1) * 2**31 // 600
    first, rest = whole(words, 3)
    second, _ = whole(rest, torch.full((600,), 5))
    assert torch.equal((first * 5 + second).bincount(), torch.full((15,), 40))
