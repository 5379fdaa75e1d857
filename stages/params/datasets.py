"""The data sets of params.yaml: the block of each, by its name."""

from dataclasses import fields
from typing import Annotated, Literal

from pydantic import with_config
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict

from stages.params.fields import CLOSED, Checksum, OneOrSeveral, Place, Tens, whole

DRAWN = "shapeset"  # the endless one, whose images are drawn
MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
InputRange = Literal["signed", "unit"]
MnistChecksums = with_config(CLOSED)(TypedDict("MnistChecksums", dict.fromkeys(MNIST_FILES, Checksum)))


@dataclass(frozen=True, config=CLOSED)
class Splits:
    """How many images each split has, the range of their inputs, and the seed of all that is drawn with or from them.

    The inputs are in [−1, 1] (signed) or in [0, 1] (unit); the paper does not say which it used.
    A run has a seed of its own too. For Shapeset's endless stream the two are added; of a finite set, the order of each
    epoch is drawn from the two and the epoch's number, three numbers side by side.
    """

    seed: Annotated[int, whole(0, 2**31)]
    input_range: InputRange
    train: Annotated[int, whole(1, 10**7)]
    validation: Annotated[int, whole(1, 10**7)]
    test: Annotated[int, whole(1, 10**7)]


@dataclass(frozen=True, config=CLOSED)
class Mnist(Splits):
    """source: mirrors, tried in turn, each a URL or folder of the four files; sha256: of each, gz or unpacked."""

    source: OneOrSeveral[Place]
    sha256: MnistChecksums


@dataclass(frozen=True, config=CLOSED)
class Cifar10(Splits):
    """source: mirrors, tried in turn, each a URL or path of the archive in the binary layout; sha256: its checksum."""

    source: OneOrSeveral[Place]
    sha256: Checksum


@dataclass(frozen=True, config=CLOSED)
class SmallImagenet(Splits):
    """source: ImageNet's training photographs, a folder of wnids' folders or the tar of tars.

    Each split has as many images of each of the ten classes.
    """

    source: Place
    train: Tens
    validation: Tens
    test: Tens


@dataclass(frozen=True, config=CLOSED)
class Blocks:
    """The block of each data set, in the order of Table 1's columns."""

    shapeset: Splits
    mnist: Mnist
    cifar10: Cifar10
    small_imagenet: SmallImagenet
    fashion_mnist: Mnist


DATASETS = tuple(field.name for field in fields(Blocks))
Dataset = Literal[DATASETS]
