"""Choose the photographs of lowest rank, a random number from the seed and the photograph's name alone."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from stages.datasets.small_imagenet.archive import Photograph


def rank(seed: int, name: str) -> int:
    """Return the rank of the photograph `name`, uniform on 0 … 2⁶⁴ − 1."""
    return int.from_bytes(blake2b(f"{seed}/{name}".encode(), digest_size=8).digest(), "big")


def choose(
    photographs: Iterable[Photograph], labels: Mapping[str, int], seed: int, most: int
) -> dict[int, dict[int, Photograph]]:
    """Return each class's `most` photographs of lowest rank, or all: by label, then by rank in ascending order.

    labels: of every wnid. The choice does not depend on the order of `photographs`, in a folder or in a tar. Of two
    with the same name it keeps one. Memory holds at most 2·`most` of a class.
    """
    chosen: dict[int, dict[int, Photograph]] = {label: {} for label in sorted(set(labels.values()))}
    highest = dict.fromkeys(chosen, 2**64)
    for photograph in photographs:
        label = labels[photograph.wnid]
        of_class, drawn = chosen[label], rank(seed, photograph.name)
        if drawn <= highest[label]:
            of_class[drawn] = min(photograph, of_class.get(drawn, photograph))
            if len(of_class) == 2 * most:
                chosen[label] = _lowest(of_class, most)
                highest[label] = max(chosen[label])
    return {label: _lowest(of_class, most) for label, of_class in chosen.items()}


def _lowest(of_class: dict[int, Photograph], most: int) -> dict[int, Photograph]:
    return {drawn: of_class[drawn] for drawn in sorted(of_class)[:most]}
