"""The expectations for the finite data sets: the real images meet them, and each can fail alone."""

import gzip
import io
import re
import tarfile
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.datasets.dataset import Pixels, find_dataset
from stages.expectations.checks import find_checks, image_table
from stages.expectations.pixels import mean_and_deviation
from stages.expectations.suite import Finding, evaluate, findings
from stages.handover.prepared import SPLITS
from tests.conftest import SHARED
from tests.expectations.synthetic_finite import FINITE, draw_images, prepared_finite
from tests.expectations.synthetic_shapeset import Prepared

COUNTS = {"train": 300, "validation": 100, "test": 200}


def check(dataset: str, prepared: Prepared, counts: dict[str, int]) -> list[Finding]:
    images, labels = (np.concatenate(list(parts.values())) for parts in (prepared.images, prepared.labels))
    table = image_table(dataset, images, labels, prepared.facts)
    return findings(evaluate(dataset, table, find_checks(dataset).expectations(counts)))


def descriptions_of(dataset: str, counts: dict[str, int]) -> list[str]:
    return [expectation.description for expectation in find_checks(dataset).expectations(counts)]


def not_met(found: list[Finding]) -> list[str]:
    return [finding.expectation for finding in found if not finding.met]


@pytest.mark.parametrize("dataset", FINITE)
def test_valid_data_meet_every_expectation(dataset, caplog):
    assert not_met(check(dataset, prepared_finite(dataset, COUNTS), COUNTS)) == []
    assert not caplog.records


@pytest.mark.parametrize("dataset", FINITE)
def test_missing_images_are_noticed_in_every_split(dataset):
    fewer = {split: count - 10 for split, count in COUNTS.items()}
    assert not_met(check(dataset, prepared_finite(dataset, fewer), COUNTS)) == [
        f"{split} has {count} images" for split, count in COUNTS.items()
    ]


def _redraw(dataset: str, prepared: Prepared, mean: float, deviation: float) -> None:
    """Draw the images of every split anew, with moments that are off by so many times what is tolerated."""
    random, known = np.random.default_rng(1), find_dataset(dataset).expected.pixels
    for split, images in prepared.images.items():
        tolerance = known.tolerance(len(images))
        means = [one + mean * tolerance for one in known.means]
        deviations = [one + deviation * tolerance for one in known.deviations]
        prepared.images[split] = draw_images(random, len(images), images.shape[1:], means, deviations)


def _lighter(dataset: str, prepared: Prepared) -> None:
    _redraw(dataset, prepared, mean=1.2, deviation=0)


def _flatter(dataset: str, prepared: Prepared) -> None:
    _redraw(dataset, prepared, mean=0, deviation=-1.2)


def _no_black_and_no_white(dataset: str, prepared: Prepared) -> None:
    for images in prepared.images.values():
        np.clip(images, 1, 254, out=images)


def _half_of_one_class(dataset: str, prepared: Prepared) -> None:
    for split, labels in prepared.labels.items():
        labels[: len(labels) // 2] = 3
        prepared.facts.loc[prepared.facts["split"] == split, "label"] = labels


def _one_too_many_of_a_class(dataset: str, prepared: Prepared) -> None:
    index = int(np.flatnonzero(prepared.labels["test"] == 4)[0])
    prepared.labels["test"][index] = 5
    prepared.facts.loc[prepared.row("test", index), "label"] = 5


def _too_many_undecodable(dataset: str, prepared: Prepared) -> None:
    prepared.facts["undecodable_share"] = 0.001


CASES = [  # what is done to the data, and the expectations that are not met then, and no others
    *((dataset, _lighter, "mean of the") for dataset in FINITE),
    *((dataset, _flatter, "standard deviation of the") for dataset in FINITE),
    *((dataset, _no_black_and_no_white, "the (darkest|lightest) pixel of all") for dataset in FINITE),
    *((dataset, _half_of_one_class, "to a divergence of|exactly a tenth of each class") for dataset in FINITE),
    ("small_imagenet", _one_too_many_of_a_class, "test: exactly a tenth of each class"),
    ("small_imagenet", _too_many_undecodable, "under 0.1% could not be decoded"),
]


@pytest.mark.parametrize(("dataset", "spoil", "pattern"), CASES)
def test_what_is_spoilt_is_noticed_and_nothing_else(dataset: str, spoil: Callable, pattern: str):
    prepared = prepared_finite(dataset, COUNTS)
    spoil(dataset, prepared)
    descriptions = descriptions_of(dataset, COUNTS)
    concerned = [description for description in descriptions if re.search(pattern, description)]
    assert not_met(check(dataset, prepared, COUNTS)) == concerned


def test_a_whole_published_file_has_exactly_its_class_shares():
    counts = COUNTS | {"test": 10_000}
    prepared = prepared_finite("fashion_mnist", counts)
    assert not_met(check("fashion_mnist", prepared, counts)) == []
    _one_too_many_of_a_class("fashion_mnist", prepared)
    assert not_met(check("fashion_mnist", prepared, counts)) == ["test: exactly a tenth of each class"]


@pytest.mark.parametrize("dataset", FINITE)
def test_single_images_that_are_spoilt_are_named(dataset):
    prepared = prepared_finite(dataset, COUNTS)
    images, labels = prepared.images, prepared.labels
    fours, fives = (np.flatnonzero(labels["validation"] == label) for label in (4, 5))
    labels["validation"][[fours[0], fives[0]]] = 5, 4  # beside the images, not in the facts
    labels["train"][0] = 10
    prepared.facts.loc[prepared.row("train", 0), "label"] = 10
    least = find_dataset(dataset).expected.pixels.least_contrast
    flat = images["test"][9]  # each colour deviates by half a grey too little, however different the colours are
    flat[: len(flat) // 2], flat[len(flat) // 2 :] = 100, 99 + 2 * least
    if flat.ndim == 3:
        flat[..., 2] += 100
    images["train"][9] = images["train"][1]
    images["test"][11] = images["train"][2]

    found = {finding.expectation: finding.examples for finding in check(dataset, prepared, COUNTS) if not finding.met}
    if dataset == "small_imagenet":
        assert found.pop("train: exactly a tenth of each class") == ()
    assert {
        expectation: [example.split(" (")[0] for example in examples] for expectation, examples in found.items()
    } == {
        "labels are 0 to 9": ["train 0"],
        "the label beside an image is the one in its facts": [
            f"validation {index}" for index in sorted([fours[0], fives[0]])
        ],
        f"no image is nearly constant (deviates by under {least:g} greys)": ["test 9"],
        "no image is twice in a split": ["train 1", "train 9"],
        "no image is in two splits": ["train 2", "test 11"],
    }


@pytest.mark.parametrize("dataset", FINITE)
def test_every_expectation_has_words_of_its_own_and_is_broken_above(dataset):
    descriptions = descriptions_of(dataset, COUNTS)
    assert len(set(descriptions)) == len(descriptions)
    single = ["labels are", "the label beside", "nearly constant", "twice in a split", "in two splits"]
    patterns = ["has [0-9,]+ images", *single, *(pattern for name, _, pattern in CASES if name == dataset)]
    assert [one for one in descriptions if not any(re.search(pattern, one) for pattern in patterns)] == []


def test_one_colour_of_one_split_can_be_wrong():
    prepared = prepared_finite("cifar10", COUNTS)
    prepared.images["validation"][..., 1] //= 2
    assert [one.split("±")[0] for one in not_met(check("cifar10", prepared, COUNTS))] == [
        "validation: mean of the green 0.4822 ",
        "validation: standard deviation of the green 0.2435 ",
    ]


def test_examples_name_split_index_file_and_position():
    prepared = prepared_finite("mnist", COUNTS)
    prepared.images["train"][5] = prepared.images["test"][7]
    (found,) = [finding for finding in check("mnist", prepared, COUNTS) if not finding.met]
    assert found.observed == "untrue of 2 of 600 rows"
    assert found.examples == (
        "train 5 (train.bin 105): same_in_another_split test 7",
        "test 7 (test.bin 107): same_in_another_split train 5",
    )


def real_mnist() -> tuple[np.ndarray, np.ndarray]:
    """All 70,000 images and labels, as prepare reads them from the files, or skip."""
    folder = SHARED / "datasets" / "mnist"
    if not folder.is_dir():
        pytest.skip("the real MNIST (../shared/datasets/mnist) is not here")
    images, labels = (
        np.concatenate(
            [
                np.frombuffer(gzip.decompress((folder / f"{part}-{kind}-ubyte.gz").read_bytes())[header:], np.uint8)
                for part in ("train", "t10k")
            ]
        )
        for kind, header in (("images-idx3", 16), ("labels-idx1", 8))
    )
    return images.reshape(-1, 28, 28), labels.astype(np.int64)


def parts(images: np.ndarray, labels: np.ndarray, starts: dict[str, int], counts: dict[str, int]) -> Prepared:
    """Cut splits that begin at `starts` out of real images, with facts as prepare writes them."""
    rows = {split: np.arange(starts[split], starts[split] + counts[split]) for split in SPLITS}
    facts = [
        pd.DataFrame(
            {"split": split, "index": range(len(own)), "label": labels[own], "file": "of the archive", "position": own}
        )
        for split, own in rows.items()
    ]
    return Prepared(
        images={split: images[own] for split, own in rows.items()},
        labels={split: labels[own] for split, own in rows.items()},
        facts=pd.concat(facts, ignore_index=True),
    )


@pytest.mark.parametrize(
    ("starts", "counts"),
    [
        ((0, 50_000, 60_000), (50_000, 10_000, 10_000)),
        ((0, 59_800, 60_000), (400, 200, 300)),
        ((45_000, 59_000, 69_700), (1000, 1000, 300)),
    ],
)
def test_the_real_mnist_and_small_parts_of_it_meet_every_expectation(starts, counts):
    counts = dict(zip(SPLITS, counts, strict=True))
    prepared = parts(*real_mnist(), dict(zip(SPLITS, starts, strict=True)), counts)
    assert not_met(check("mnist", prepared, counts)) == []


def test_the_mean_of_every_part_of_the_real_mnist_is_within_the_tolerance():
    images, labels = real_mnist()
    expected = find_dataset("mnist").expected
    assert tuple(np.bincount(labels[:60_000])) == expected.classes.training
    assert tuple(np.bincount(labels[60_000:])) == expected.classes.test
    means, deviations = (one[:, 0] / 255 for one in mean_and_deviation(images))
    squares = means**2 + deviations**2
    for count in (100, 200, 500, 1000, 5000, 10_000):
        mean, square = (one.reshape(-1, count).mean(axis=1) for one in (means, squares))
        tolerance = expected.pixels.tolerance(count)
        assert np.abs(mean - expected.pixels.means[0]).max() < tolerance
        assert np.abs(np.sqrt(square - mean**2) - expected.pixels.deviations[0]).max() < tolerance


def test_real_cifar10_images_meet_every_expectation():
    file = SHARED / "datasets" / "cifar10-jpeg.tar.xz"
    if not file.is_file():
        pytest.skip("the real CIFAR-10 (../shared/datasets/cifar10-jpeg.tar.xz) is not here")
    images, labels, seen = [], [], Counter()
    with tarfile.open(file) as archive:
        for member in archive:
            part, name, _ = member.name.split("/")
            if part == "train":  # the test images are the first, and enough
                break
            seen[name] += 1
            if seen[name] % 20 == 0:
                images.append(np.asarray(Image.open(archive.extractfile(member)).convert("RGB")))
                labels.append(find_dataset("cifar10").class_names.index(name))
    order = np.random.default_rng(0).permutation(500)
    counts = {"train": 300, "validation": 100, "test": 100}
    prepared = parts(
        np.stack(images)[order], np.array(labels)[order], {"train": 0, "validation": 300, "test": 400}, counts
    )
    assert not_met(check("cifar10", prepared, counts)) == []


def test_real_photographs_have_the_pixels_expected_of_small_imagenet():
    file = SHARED / "datasets" / "imagenet-sample.tar.xz"
    if not file.is_file():
        pytest.skip("real photographs (../shared/datasets/imagenet-sample.tar.xz) are not here")
    images = []
    with tarfile.open(file) as archive:
        for member in archive:
            if member.isfile():
                photograph = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("L")
                images.append(np.asarray(photograph.resize((37, 37), Image.Resampling.BOX)))
    counts = {"train": 600, "validation": 200, "test": 200}
    prepared = parts(np.stack(images), np.arange(1000) % 10, {"train": 0, "validation": 600, "test": 800}, counts)
    prepared.facts["undecodable_share"] = 0.0
    assert not_met(check("small_imagenet", prepared, counts)) == []


def test_the_tolerance_decreases_with_the_count_down_to_the_allowance():
    known = Pixels(means=(0.5,), deviations=(0.2,), spread=0.1, standard_errors=4, allowance=0.01)
    assert known.tolerance(100) == pytest.approx(0.05)
    assert known.tolerance(10**12) == pytest.approx(0.01, abs=1e-6)
