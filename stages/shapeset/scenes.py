"""The distribution of Shapeset-3×2 scenes; each scene is a pure function of a key and its index."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from stages.shapeset.kinds import CLASS_OF_KINDS, KINDS, NO_SHAPE
from stages.shapeset.overlap import hidden_share
from stages.shapeset.philox import WORD, Words, philox, whole
from stages.shapeset.poses import FIRST_TURNS, LAST_TURNS, place, turns

DARK = 0, int(0.45 * 255)  # greys, both ends included
LIGHT = int(0.55 * 255), 255
LARGEST_HIDDEN_SHARE = 0.5  # of the first shape; a position where the second hides more is rejected
REJECTIONS_THAT_DROP = 50  # from here on the second shape is dropped
ATTEMPTS = (1, 2, 5, 43)  # positions tried together in each round; the author stops after 51 rejections

COMPOSITION, FIRST_PLACE, SECOND_PLACE = range(3)  # the purpose of a counter's words


@dataclass(frozen=True)
class Scenes:
    """A batch of scenes; axis 0 of (2, count) is the drawing order. A missing shape has kind and grey −1."""

    index: Tensor  # int64 (count,), numbers in the stream
    kinds: Tensor  # int64 (2, count), positions in KINDS
    greys: Tensor  # int64 (2, count)
    background: Tensor  # int64 (count,), a grey
    poses: Tensor  # float32 (6, 2, count), see `poses`; 0 for a missing shape
    rejections: Tensor  # int64 (count,), rejected positions of the second shape

    def part(self, part: slice) -> "Scenes":
        """Return a slice of the scenes, as views."""
        return Scenes(*(getattr(self, field.name)[..., part] for field in fields(self)))


def draw_scenes(key: tuple[int, int], index: Tensor) -> Scenes:
    """Draw the scenes with the numbers `index`, int64 (count,), from the stream with this `key`."""
    purposes = torch.tensor([[COMPOSITION], [FIRST_PLACE]], device=index.device)
    words, first_place = zip(*_words(key, index, 0, purposes), strict=True)
    two, rest = whole(words[0], 2)
    light_on_dark, rest = whole(rest, 2)
    first_kind, rest = whole(rest, len(KINDS))
    second_kind, rest = whole(rest, len(KINDS))
    kinds = torch.stack((first_kind, second_kind))
    background, _ = _grey(1 - light_on_dark, rest)
    first_grey, rest = _grey(light_on_dark, words[1])
    second_grey, _ = _grey(light_on_dark, rest)
    angles = _turns(kinds, torch.stack(words[2:]))

    poses = torch.zeros(6, 2, *index.shape, device=index.device)
    poses[:, 0] = place(first_kind, angles[:, 0], first_place)
    rejections = torch.zeros_like(index)
    pairs = two.nonzero().squeeze(1)
    placed, rejections[pairs] = _place_second(
        key, index[pairs], kinds[:, pairs], poses[:, 0, pairs], angles[:, 1, pairs]
    )

    kept = two.bool() & (rejections < REJECTIONS_THAT_DROP)
    poses[:, 1, pairs] = placed * kept[pairs]
    kinds[1].masked_fill_(~kept, NO_SHAPE)
    greys = torch.stack((first_grey, second_grey.masked_fill(~kept, NO_SHAPE)))
    return Scenes(index, kinds, greys, background, poses, rejections)


def labels(kinds: Tensor) -> Tensor:
    """Return the classes, int64 (count,), of scenes with `kinds` int64 (2, count)."""
    return torch.tensor(CLASS_OF_KINDS, device=kinds.device)[kinds[0], kinds[1]]


def _words(key: tuple[int, int], index: Tensor, attempt: Tensor | int, purpose: Tensor | int) -> Words:
    """Return the random words of one `purpose` and `attempt`."""
    return philox((index & WORD, index >> 32, attempt, purpose), key)


def _grey(light: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
    """Draw light or dark greys; also return the remaining words."""
    (dark_low, dark_high), (light_low, light_high) = DARK, LIGHT
    levels = dark_high - dark_low + 1, light_high - light_low + 1
    grey, rest = whole(words, levels[0] + (levels[1] - levels[0]) * light)
    return grey + dark_low + (light_low - dark_low) * light, rest


def _turns(kinds: Tensor, words: Tensor) -> Tensor:
    """Draw the first and the last turn of every shape: float32 (4, 2, count)."""
    first_turns = torch.tensor([len(steps) for steps in FIRST_TURNS], device=words.device)
    first, rest = whole(words, first_turns[kinds])
    last, _ = whole(rest, LAST_TURNS)
    return turns(kinds, first, last)


def _place_second(
    key: tuple[int, int], index: Tensor, kinds: Tensor, first_pose: Tensor, angles: Tensor
) -> tuple[Tensor, Tensor]:
    """Draw positions of second shapes until they hide little enough; return poses (6, count) and rejections."""
    poses = torch.empty_like(first_pose)
    rejections = torch.zeros_like(index)
    waiting = torch.arange(len(index), device=index.device)
    tried = 0
    for count in ATTEMPTS:
        attempt = torch.arange(tried, tried + count, device=index.device)[:, None]
        words = _words(key, index[waiting], attempt, SECOND_PLACE)
        first_kind, second_kind = kinds[:, None, waiting]
        candidates = place(second_kind, angles[:, None, waiting], words)
        hidden = hidden_share((first_kind, second_kind), (first_pose[:, None, waiting], candidates))
        # Count rejections before the first accepted position; if all are rejected, the next round overwrites the pose.
        rejected = (hidden > LARGEST_HIDDEN_SHARE).long().cumprod(0).sum(0)
        taken = rejected.clamp(max=count - 1)
        poses[:, waiting] = candidates.gather(1, taken.expand(6, 1, -1)).squeeze(1)
        rejections[waiting] += rejected
        waiting = waiting[rejected == count]
        tried += count
    return poses, rejections
