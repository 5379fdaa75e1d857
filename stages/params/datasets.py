"""The data sets of params.yaml: the block of each, by its name."""

import os
from dataclasses import fields
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, with_config
from pydantic import WithJsonSchema as Schema
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict

from stages.params.fields import CLOSED, Checksum, OneOrSeveral, Place, Tens, whole

DRAWN = "shapeset"  # the endless one, whose images are drawn
MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
URL = ("http://", "https://")


def _as_path(place: Any) -> Any:
    """Return a local place as a path: without file://, and with the home folder for ~."""
    if not isinstance(place, str):
        return place
    if place.lower().startswith("file://"):
        place = unquote(place[len("file://") :].removeprefix("localhost"))
    return os.path.expanduser(place)


def _on_disk(place: str) -> str:
    if place.lower().startswith(URL):
        raise ValueError("a URL where a path is needed")
    return place


InputRange = Literal["signed", "unit"]
Nothing = Annotated[Literal["none"], Schema({"enum": ["none"]})]  # `fetch` depends on these keys in every block
Source = Annotated[Place, BeforeValidator(_as_path)]
LocalSource = Annotated[Source, AfterValidator(_on_disk), Schema({"format": "path"})]
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
class Shapeset(Splits):
    """The images are drawn, so there is no source."""

    source: Nothing = "none"
    sha256: Nothing = "none"


@dataclass(frozen=True, config=CLOSED)
class Mnist(Splits):
    """source: mirrors, tried in turn, each a URL or folder of the four files; sha256: of each, gz or unpacked."""

    source: OneOrSeveral[Source]
    sha256: MnistChecksums


@dataclass(frozen=True, config=CLOSED)
class Cifar10(Splits):
    """source: mirrors, tried in turn; sha256: of the archive in the binary layout.

    Each source is a URL or path of the archive, or of a folder: with the six files, the archive, or Parquet files.
    """

    source: OneOrSeveral[Source]
    sha256: Checksum


@dataclass(frozen=True, config=CLOSED)
class SmallImagenet(Splits):
    """source: ImageNet's training photographs, a folder of wnids' folders or the tar of tars.

    Each split has as many images of each of the ten classes. Copies of ImageNet differ, so there is no checksum.
    """

    source: LocalSource
    train: Tens
    validation: Tens
    test: Tens
    sha256: Nothing = "none"


@dataclass(frozen=True, config=CLOSED)
class Blocks:
    """The block of each data set, in the order of Table 1's columns."""

    shapeset: Shapeset
    mnist: Mnist
    cifar10: Cifar10
    small_imagenet: SmallImagenet
    fashion_mnist: Mnist


DATASETS = tuple(field.name for field in fields(Blocks))
Dataset = Literal[DATASETS]
