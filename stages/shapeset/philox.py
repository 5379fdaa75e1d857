"""Philox4x32-10, the counter-based random number generator of Salmon et al. (2011), in integer arithmetic."""

import torch
from torch import Tensor

WORD = 0xFFFF_FFFF
MULTIPLIERS = 0xD251_1F53, 0xCD9E_8D57
KEY_STEPS = 0x9E37_79B9, 0xBB67_AE85
ROUNDS = 10

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def philox(counter: tuple[Tensor | int, ...], key: tuple[int, int]) -> Words:
    """Return the four random words of each counter.

    `counter`: four words, each an int64 tensor or an int, of shapes that broadcast; the first must be a tensor. `key`:
    two words. All words are integers in [0, 2³²).
    """
    a, b, c, d = torch.broadcast_tensors(*(torch.as_tensor(word, device=counter[0].device) for word in counter))
    key_0, key_1 = key
    for _ in range(ROUNDS):
        # A product above 2⁶³ wraps, but its 64 bits stay correct; the masks drop the upper half of b and d on use.
        product_0, product_1 = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a = (product_1 >> 32).bitwise_xor_(b).bitwise_xor_(key_0).bitwise_and_(WORD)
        c = (product_0 >> 32).bitwise_xor_(d).bitwise_xor_(key_1).bitwise_and_(WORD)
        b, d = product_1, product_0
        key_0, key_1 = (key_0 + KEY_STEPS[0]) & WORD, (key_1 + KEY_STEPS[1]) & WORD
    return a, b.bitwise_and_(WORD), c, d.bitwise_and_(WORD)


def unit(words: Tensor) -> Tensor:
    """Convert random words to float32 in [0, 1); only the upper 24 bits are used, so the conversion is exact."""
    return (words >> 8).float() * 2.0**-24


def whole(words: Tensor, below: Tensor | int) -> tuple[Tensor, Tensor]:
    """Draw integers in [0, below) from random words; also return the remaining words, for the next draw.

    A draw uses up log₂(below) bits of a word. Successive draws stay uniform and independent as long as the product of
    their ranges is far below 2³².
    """
    product = words * below
    return product >> 32, product & WORD
