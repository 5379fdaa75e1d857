"""MNIST: four idx files, brought in from a mirror, and cut into 50,000, 10,000 and 10,000 images (Section 2.2)."""

import hashlib
from functools import partial
from pathlib import Path

from stages.datasets.dataset import Classes, Dataset, Expected, Pixels
from stages.datasets.formats.archives import unpacked
from stages.datasets.formats.idx import LIMIT, read_labelled
from stages.datasets.formats.splits import cut
from stages.handover.prepared import Prepared
from stages.params import MNIST_FILES, Mnist
from stages.running.download import bring, check_sha256

ENDINGS = (".gz", "")  # of the files' names, which say nothing of their content


def fetch(settings: Mnist, folder: Path) -> None:
    """Write the four files into `folder`, unpacked, so that they do not depend on the mirror.

    Raises InputError where a file of the content that `settings` name is at none of the places.
    """
    for name in MNIST_FILES:
        bring(
            f"mnist: {name}",
            [f"{place.rstrip('/')}/{name}{ending}" for place in settings.source for ending in ENDINGS],
            folder,
            partial(_unpack, target=folder / name, expected=settings.sha256[name]),
            "set mnist.source in params.yaml to another URL or folder that has it, "
            f"or mnist.sha256.{name} to the checksum of the content that you want",
        )


def prepare(settings: Mnist, raw: Path) -> Prepared:
    """Return the splits: the first and the last of the training images, and the first test images.

    Raises InputError where a file in `raw` is damaged, or `settings` ask for more images than there are.
    """
    parts = []
    for images, labels in (MNIST_FILES[:2], MNIST_FILES[2:]):
        split = read_labelled(raw / images, raw / labels, DATASET.image_shape, len(DATASET.class_names))
        parts.append({images: split})
    return cut("mnist", settings, *parts)


def _unpack(file: Path, place: str, target: Path, expected: str) -> None:
    """Write the content of `file` to `target`; raises InputError where it is not the one `expected`."""
    digest = hashlib.sha256()
    with target.open("wb") as output:
        for piece in unpacked(file, place, LIMIT):
            digest.update(piece)
            output.write(piece)
    check_sha256(digest.hexdigest(), expected, place)


DATASET = Dataset(
    title="MNIST",
    class_names=tuple("0123456789"),
    image_shape=(28, 28),
    commonest_share=0.1135,  # the ones among the 10,000 test images
    words="Handwritten digits, 28×28 pixels in grey, centred and of one size: by far the easiest of the four data "
    "sets. In the paper the five networks end within 0.6 percentage points of each other.",
    fetch=fetch,
    prepare=prepare,
    expected=Expected(
        facts={"file": str, "position": float},
        classes=Classes(
            training=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
            test=(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
            words="the published share of each digit",
        ),
        # Digits stand in the files writer by writer, and each writer's strokes are alike: the mean of 500 in a row is
        # off by up to 23 standard errors of independent digits, measured on all 70,000.
        pixels=Pixels(means=(0.1307,), deviations=(0.3081,), spread=0.048, standard_errors=25),
    ),
)
