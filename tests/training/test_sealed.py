"""Sealed bytes come back as they were, and not at all where they are damaged."""

import pytest

from stages.training.sealed import seal, unseal

CONTENT = bytes(range(256)) * 5


@pytest.mark.parametrize("content", [b"", b"\0", CONTENT])
def test_content_comes_back(content):
    assert unseal(seal(content)) == content


@pytest.mark.parametrize("position", [0, 31, 32, 40, 200, -1])
def test_one_flipped_bit_is_noticed(position):
    sealed = bytearray(seal(CONTENT))
    sealed[position] ^= 4
    with pytest.raises(ValueError, match="not those that were written"):
        unseal(bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 32, 33, 1000])
def test_a_part_is_not_taken_for_the_whole(length):
    with pytest.raises(ValueError, match="not those that were written"):
        unseal(seal(CONTENT)[:length])
