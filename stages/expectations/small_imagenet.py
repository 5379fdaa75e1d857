"""What Small-ImageNet's images must be like."""

import great_expectations.expectations as gxe

from stages.datasets.dataset import find_dataset
from stages.expectations import common, finite

FACTS = ("file", "wnid", "undecodable_share")
table = finite.table
CLASS_NAMES = find_dataset("small_imagenet").class_names

SHARES = dict.fromkeys(CLASS_NAMES, 1 / len(CLASS_NAMES))
LARGEST_UNDECODABLE_SHARE = 0.001
# The luma of ImageNet's published means 0.485, 0.456, 0.406 and deviations 0.229, 0.224, 0.225 of red, green and blue.
# Those are of all its classes and of larger crops; 1,000 real photographs at 37×37 have 0.465 and 0.247.
PIXELS = finite.Pixels(means=(0.459,), deviations=(0.226,), spread=0.13, allowance=0.05)


def expectations(counts: dict[str, int]) -> list[gxe.Expectation]:
    """List what `table` must fulfil; counts: how many images `params.yaml` asks for in each split."""
    return [
        *finite.expectations(counts, len(CLASS_NAMES), PIXELS),
        *(common.class_shares(split, SHARES, "exactly a tenth of each class") for split in counts),
        gxe.ExpectColumnMaxToBeBetween(  # it is the same in all rows
            column="undecodable_share",
            max_value=LARGEST_UNDECODABLE_SHARE,
            strict_max=True,
            description=f"of the files looked at, under {LARGEST_UNDECODABLE_SHARE:.1%} could not be decoded",
        ),
    ]
