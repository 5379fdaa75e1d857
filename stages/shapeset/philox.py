"""Philox4x32-10, the counter-based random generator of Salmon et al. (2011), in whole-number tensor arithmetic."""

import torch
from torch import Tensor

WORD = 0xFFFF_FFFF
MULTIPLIERS = 0xD251_1F53, 0xCD9E_8D57
KEY_STEPS = 0x9E37_79B9, 0xBB67_AE85
ROUNDS = 10

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def philox(counter: tuple[Tensor | int, ...], key: tuple[int, int]) -> Words:
    """Return the four random words of each counter.

    `counter`: four words, int64 tensors of shapes that broadcast together or plain integers, the first one a tensor;
    `key`: two words. All words, in and out, are whole numbers in [0, 2³²).
    """
    a, b, c, d = torch.broadcast_tensors(*(torch.as_tensor(word, device=counter[0].device) for word in counter))
    key_0, key_1 = key
    for _ in range(ROUNDS):
        # A product of two words can pass 2⁶³ and wrap, but its 64 bits stay right; b and d keep 64 bits until they are
        # used, where the mask takes the upper ones away.
        product_0, product_1 = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a = (product_1 >> 32).bitwise_xor_(b).bitwise_xor_(key_0).bitwise_and_(WORD)
        c = (product_0 >> 32).bitwise_xor_(d).bitwise_xor_(key_1).bitwise_and_(WORD)
        b, d = product_1, product_0
        key_0, key_1 = (key_0 + KEY_STEPS[0]) & WORD, (key_1 + KEY_STEPS[1]) & WORD
    return a, b.bitwise_and_(WORD), c, d.bitwise_and_(WORD)


def unit(words: Tensor) -> Tensor:
    """Turn random words into float32 in [0, 1): their upper 24 bits, so that every step is exact."""
    return (words >> 8).float() * 2.0**-24


def whole(words: Tensor, below: Tensor | int) -> tuple[Tensor, Tensor]:
    """Draw whole numbers in [0, below) from random words; the second tensor is words again, for the next such draw.

    A draw takes the leading log₂(below) bits' worth of a word, so draws that follow each other stay uniform and
    independent as long as the product of their ranges is far under 2³².
    """
    product = words * below
    return product >> 32, product & WORD
