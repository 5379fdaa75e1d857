"""What CIFAR-10's images must be like."""

import great_expectations.expectations as gxe

from stages.datasets.dataset import find_dataset
from stages.expectations import common, finite

FACTS = ("file", "position")
table = finite.table
CLASS_NAMES = find_dataset("cifar10").class_names

SHARES = dict.fromkeys(CLASS_NAMES, 1 / len(CLASS_NAMES))  # of the 50,000 training images and of the 10,000 of test
PIXELS = finite.Pixels(means=(0.4914, 0.4822, 0.4465), deviations=(0.2470, 0.2435, 0.2616), spread=0.153)


def expectations(counts: dict[str, int]) -> list[gxe.Expectation]:
    """List what `table` must fulfil; counts: how many images `params.yaml` asks for in each split.

    The classes are equally many in the whole file that a split is part of. A part is drawn from it without replacement
    and comes closer than the likelihood-ratio test allows for.
    """
    return [
        *finite.expectations(counts, len(CLASS_NAMES), PIXELS),
        *(
            common.class_shares_by_chance(split, count, SHARES, "a tenth of each class")
            for split, count in counts.items()
        ),
    ]
