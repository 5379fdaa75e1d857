"""The data sets there are: the columns of Table 1."""

from dataclasses import dataclass

from stages.shapeset import CLASS_NAMES, CLASS_SHARES


@dataclass(frozen=True)
class Dataset:
    """What is known of a data set before it is there."""

    title: str
    class_names: tuple[str, ...]
    """in the order of the labels"""
    image_shape: tuple[int, ...]
    """of one image: height, width, and the three colours where it has them"""
    commonest_share: float
    """share of the commonest class: always naming it is right so often"""
    endless: bool = False
    """whether training draws new examples forever instead of the training split again and again"""


CATALOGUE = {
    "shapeset": Dataset("Shapeset-3×2", CLASS_NAMES, (32, 32), max(CLASS_SHARES), endless=True),
    "mnist": Dataset("MNIST", tuple("0123456789"), (28, 28), 0.1135),  # the ones among the 10,000 test images
    "cifar10": Dataset(
        "CIFAR-10",
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        (32, 32, 3),
        0.1,
    ),
    "small_imagenet": Dataset(
        "Small-ImageNet",
        (
            "reptiles",
            "vehicles",
            "birds",
            "mammals",
            "fish",
            "furniture",
            "instruments",
            "tools",
            "flowers",
            "fruits",
        ),
        (37, 37),
        0.1,
    ),
}
