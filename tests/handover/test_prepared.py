"""What a prepared data set says of itself is read back, and refused in one line where it is damaged."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.handover.prepared import (
    ABOUT,
    SPLITS,
    About,
    Prepared,
    Split,
    read_about,
    read_split,
    read_valid_split,
    write_about,
    write_prepared,
)
from stages.running.errors import InputError

DIGITS = About(("zero", "one", "× two"), (4, 5, 3), endless=False)


def prepared(labels: list[int], shape: tuple[int, ...] = (4, 5, 3)) -> Prepared:
    images = np.arange(len(labels) * np.prod(shape), dtype=np.uint8).reshape(-1, *shape)
    splits = {name: Split(images, np.array(labels)) for name in SPLITS}
    return Prepared(splits, pd.DataFrame({"split": ["train"], "index": [0], "label": [0]}))


def test_what_is_written_is_read(tmp_path):
    written = prepared([0, 2, 1])
    write_prepared(tmp_path, DIGITS, written)
    assert read_about(tmp_path) == DIGITS
    for name in SPLITS:
        found = read_valid_split(tmp_path, name)
        assert np.array_equal(found.images, written.splits[name].images)
        assert found.labels.tolist() == [0, 2, 1]


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
def test_labels_of_no_class_are_for_validation_only(tmp_path, labels):
    write_prepared(tmp_path, DIGITS, prepared(labels))
    assert read_split(tmp_path, "test").labels.tolist() == labels
    with pytest.raises(InputError, match=rf"labels are {min(labels)} to {max(labels)}; allowed: 0 to 2"):
        read_valid_split(tmp_path, "test")


def test_images_of_another_shape_are_refused(tmp_path):
    write_prepared(tmp_path, DIGITS, prepared([0, 1], (4, 5)))
    with pytest.raises(InputError, match=r"images are uint8 \(2, 4, 5\); allowed: uint8 \(count, 4, 5, 3\)"):
        read_split(tmp_path, "train")


@pytest.mark.parametrize(
    "change",
    [
        {"class_names": "abc"},
        {"class_names": ["only one"]},
        {"class_names": [1, 2]},
        {"image_shape": [4]},
        {"image_shape": [4, 0]},
        {"image_shape": [4, True]},
        {"image_shape": None},
        {"endless": 1},
    ],
)
def test_a_damaged_description_is_one_line(tmp_path, change):
    write_about(tmp_path, DIGITS)
    values = json.loads((tmp_path / ABOUT).read_text(encoding="utf-8"))
    (tmp_path / ABOUT).write_text(json.dumps(values | change), encoding="utf-8")
    with pytest.raises(InputError, match=r"about\.json: damaged; allowed: class_names, image_shape and endless; "):
        read_about(tmp_path)
