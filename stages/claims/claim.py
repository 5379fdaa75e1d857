"""What a claim of the paper consists of."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stages.claims.measurements import Measurements
from stages.claims.verdict import Verdict


@dataclass(frozen=True)
class Claim:
    """One claim of the paper, in our words, with the function that judges it."""

    id: str
    section: str
    """of the paper"""
    sentence: str
    rule: str
    """what must be measured for the claim to hold"""
    scale: str
    """the smallest of the shipped scales that is made to decide it"""
    figure: str
    """the key of the figure that it stands beside, in stages/figures/contents.py"""
    words: Mapping[str, str]
    """key of a number → its phrase, see `phrase`; the first key that fits is used"""
    judge: Callable[[Measurements], Verdict]
    untrained: bool = False
    """whether it is about networks before training, which are judged on any data set"""


def phrase(words: Mapping[str, str], key: str, number: str, share: str) -> str:
    """Return the number `key` in words: `tanh_percent` by `{}_percent` → `{}: {number} %` is “tanh: 64.4 %”.

    `{}` stands for any text of the key. `number` is the value, `share` the same value in percent. A key that fits none
    of `words`, as in a record of earlier claims, stands for itself.
    """
    for pattern, words_of_pattern in words.items():
        fits = re.fullmatch(re.escape(pattern).replace(r"\{\}", "(.+)"), key)
        if fits:
            texts = [text.replace("_", " ") for text in fits.groups()]
            return words_of_pattern.format(*texts, number=number, share=share)
    return f"{key.replace('_', ' ')}: {number}"
