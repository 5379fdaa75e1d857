"""The expectations for Shapeset-3×2: the author's own images meet them, and their tolerances are what they claim."""

import gzip
import json

import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, power_divergence

from stages.datasets.shapeset import CLASS_NAMES, CLASS_SHARES
from stages.expectations import common, shapeset
from stages.expectations.suite import evaluate, findings
from stages.shapeset.kinds import CLASS_OF_KINDS
from tests.expectations.synthetic_shapeset import KINDS_OF_LABEL

KINDS = ("triangle", "parallelogram", "ellipse")
COUNTS = {"train": 1000, "validation": 500, "test": 500}


def _facts_of_scene(scene: dict) -> dict:
    shapes = scene["shapes"]
    vertices = np.concatenate([shape["vertices"] for shape in shapes])
    kinds = [KINDS.index(shape["kind"]) for shape in shapes] + [-1]
    greys = [shape["grey"] for shape in shapes] + [-1]
    return {
        "label": KINDS_OF_LABEL.index((min(kinds[:2]), max(kinds[:2])) if len(shapes) == 2 else (kinds[0], -1)),
        "background": scene["background"],
        "grey_0": greys[0],
        "grey_1": greys[1],
        "kind_0": kinds[0],
        "kind_1": kinds[1],
        "x_min": vertices[:, 0].min(),
        "x_max": vertices[:, 0].max(),
        "y_min": vertices[:, 1].min(),
        "y_max": vertices[:, 1].max(),
        "overlap": 0.0,  # not recorded
        "rejections": 0,
    }


def test_the_authors_images_meet_every_expectation(author_shapeset):
    scenes = json.loads(gzip.decompress((author_shapeset / "author_scenes.json.gz").read_bytes()))
    with np.load(author_shapeset / "author_images.npz") as author:
        images = author["images"][: len(scenes)]
    facts = pd.DataFrame(
        {
            "split": np.repeat(list(COUNTS), list(COUNTS.values())),
            "index": np.concatenate([np.arange(count) for count in COUNTS.values()]),
        }
    ).join(pd.DataFrame(list(map(_facts_of_scene, scenes))))
    table = shapeset.table(images, common.table(images, facts["label"].to_numpy(), facts, CLASS_NAMES))
    found = findings(evaluate("shapeset", table, shapeset.expectations(COUNTS)))
    assert [finding for finding in found if not finding.met] == []


def test_the_mean_grey_is_the_authors(author_shapeset):
    with np.load(author_shapeset / "author_images.npz") as author:
        means = author["images"].mean(axis=(1, 2))
    assert abs(means.mean() - shapeset.MEAN_GREY) < 5 * means.std() / len(means) ** 0.5
    assert means.std() < shapeset.MEAN_GREY_SPREAD


def test_labels_and_shares_are_those_of_the_generator():
    assert CLASS_SHARES == shapeset.SHARES
    assert sum(shapeset.SHARES) == pytest.approx(1)
    for label, (first, second) in enumerate(KINDS_OF_LABEL):
        assert CLASS_OF_KINDS[first][second] == label
        assert shapeset.LABEL_OF_KINDS[tuple(sorted((first, second)))] == label


@pytest.mark.parametrize("excess", range(40, 140, 10))
def test_class_shares_fail_where_the_likelihood_ratio_test_does(excess):
    expected = np.array(shapeset.SHARES) * 1800
    counts = expected.astype(int)
    counts[[0, 3]] += np.array([-excess, excess])
    p_value = power_divergence(counts, expected, lambda_="log-likelihood").pvalue
    table = pd.DataFrame({"split": "train", "index": range(1800), "class": np.repeat(CLASS_NAMES, counts)})
    shares = [single for single in shapeset.expectations({"train": 1800}) if _is_about_shares(single)]
    (found,) = findings(evaluate("shapeset", table, shares))
    assert found.met == (p_value > common.FALSE_ALARM)


def _is_about_shares(expectation: gxe.Expectation) -> bool:
    return isinstance(expectation, gxe.ExpectColumnKLDivergenceToBeLessThan)


def test_the_mean_grey_fails_a_correct_generator_less_often_than_claimed():
    assert 2 * norm.sf(shapeset.STANDARD_ERRORS) < common.FALSE_ALARM


def test_every_expectation_has_words_of_its_own():
    descriptions = [expectation.description for expectation in shapeset.expectations(COUNTS)]
    assert all(descriptions)
    assert len(set(descriptions)) == len(descriptions)
