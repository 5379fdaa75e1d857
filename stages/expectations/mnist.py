"""What MNIST's images must be like."""

import great_expectations.expectations as gxe

from stages.datasets.dataset import find_dataset
from stages.expectations import common, finite

FACTS = ("file", "position")
table = finite.table
CLASS_NAMES = find_dataset("mnist").class_names

TRAINING_DIGITS = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)  # of the 60,000, by label
TEST_DIGITS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)  # of the 10,000
DIGITS = {"train": TRAINING_DIGITS, "validation": TRAINING_DIGITS, "test": TEST_DIGITS}
# Digits stand in the files writer by writer, and each writer's strokes are alike: the mean of 500 in a row is off by up
# to 23 standard errors of independent digits, measured on all 70,000.
PIXELS = finite.Pixels(means=(0.1307,), deviations=(0.3081,), spread=0.048, standard_errors=25)


def expectations(counts: dict[str, int]) -> list[gxe.Expectation]:
    """List what `table` must fulfil; counts: how many images `params.yaml` asks for in each split.

    The shares of the digits are held to their likelihood-ratio test against those of the whole file that a split is
    part of. A part is drawn from its file without replacement and comes closer than the test allows for.
    """
    expected = finite.expectations(counts, len(CLASS_NAMES), PIXELS)
    for split, count in counts.items():
        shares = {name: digits / sum(DIGITS[split]) for name, digits in zip(CLASS_NAMES, DIGITS[split], strict=True)}
        expected.append(common.class_shares_by_chance(split, count, shares, "digits as in the whole file"))
    return expected
