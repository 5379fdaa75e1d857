"""The validate stage: what it lets through, what it stops and how, and that its files have the same bytes again."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import yaml

from stages import validate
from stages.errors import report_input_errors
from tests.conftest import REPOSITORY
from tests.expectations.synthetic_shapeset import Prepared, prepared_shapeset

COUNTS = {"train": 400, "validation": 200, "test": 300}
PREPARED = Path("data/prepared/shapeset")
GATE = Path("data/validated/shapeset.json")
DATA_DOCS = Path("reports/data_docs/shapeset/index.html")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """An empty project in the current folder whose params.yaml asks for `COUNTS`, with a gate of an earlier run."""
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
    params["shapeset"] |= COUNTS
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / GATE).parent.mkdir(parents=True)
    (tmp_path / GATE).write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["validate", "shapeset"])
    return tmp_path


def name_of(value: object) -> str:
    """Return the test id of a parameter: a function's name."""
    return value.__name__.strip("_") if callable(value) else ""


def stopped() -> str:
    """Run the stage, which must fail, and return what it says."""
    with pytest.raises(SystemExit) as stop:
        report_input_errors(validate.main)
    assert not GATE.exists()
    return str(stop.value)


def test_valid_data_pass_and_the_gate_tells_what_was_checked(project, capsys, caplog):
    prepared_shapeset(COUNTS).write(PREPARED)
    validate.main()
    gate = json.loads(GATE.read_text())
    assert gate["dataset"] == "shapeset"
    assert gate["images"] == COUNTS
    assert gate["sha256"]["facts.parquet"] == hashlib.sha256((PREPARED / "facts.parquet").read_bytes()).hexdigest()
    assert set(gate["sha256"]) == {file.name for file in PREPARED.iterdir()}
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"all {len(gate['expectations'])} expectations are met"
    assert len(printed) == 1 + len(gate["expectations"])
    assert not caplog.records  # the library logs what it could not render


def test_gate_and_data_docs_have_the_same_bytes_at_another_place_and_time(project, tmp_path_factory):
    files = []
    for zone, seed in (("UTC", "1"), ("Asia/Tokyo", "2")):
        folder = tmp_path_factory.mktemp("elsewhere")
        (folder / "params.yaml").write_text(Path("params.yaml").read_text())
        prepared_shapeset(COUNTS).write(folder / PREPARED)
        subprocess.run(
            [sys.executable, "-m", "stages.validate", "shapeset"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "TZ": zone, "PYTHONHASHSEED": seed},
            check=True,
        )
        files.append(((folder / GATE).read_bytes(), (folder / DATA_DOCS).read_bytes()))
    assert files[0] == files[1]


def test_a_failing_stage_exits_with_status_1(project):
    prepared_shapeset(COUNTS | {"test": 299}).write(PREPARED)
    finished = subprocess.run(
        [sys.executable, "-m", "stages.validate", "shapeset"],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 1
    assert finished.stderr.splitlines() == [
        "error: data/prepared/shapeset does not meet 1 of 31 expectations",
        "  test has 300 images — 299",
        "  see reports/data_docs/shapeset/index.html",
    ]


def _label_outside(prepared: Prepared) -> None:
    prepared.labels["train"][7] = 9
    prepared.facts.loc[prepared.row("train", 7), "label"] = 9


def _shares_off(prepared: Prepared) -> None:
    prepared.labels["train"][:] = 0
    prepared.facts.loc[prepared.facts["split"] == "train", ["label", "kind_0", "kind_1"]] = [0, 0, -1]


def _grey_outside(prepared: Prepared) -> None:
    row = prepared.row("validation", 3)
    image = prepared.images["validation"][3]
    image[image == prepared.facts.loc[row, "background"]] = 120
    prepared.facts.loc[row, "background"] = 120


def _grey_of_one_shape_on_the_wrong_side(prepared: Prepared) -> None:
    rows = prepared.facts["split"].eq("test") & prepared.facts["kind_1"].ge(0) & prepared.facts["background"].le(114)
    row = prepared.facts.index[rows][0]
    prepared.facts.loc[row, "grey_0"] = 100


def _border_drawn(prepared: Prepared) -> None:
    prepared.images["test"][11, 0, 5] = prepared.facts.loc[prepared.row("test", 11), "grey_0"]


def _vertex_on_the_border(prepared: Prepared) -> None:
    prepared.facts.loc[prepared.row("test", 12), "x_max"] = 31.5


def _overlap(prepared: Prepared) -> None:
    prepared.facts.loc[prepared.row("train", 2), "overlap"] = 0.6


def _too_many_rejections(prepared: Prepared) -> None:
    prepared.facts.loc[prepared.row("train", 2), "rejections"] = 52


def _pixel_of_neither(prepared: Prepared) -> None:
    image = prepared.images["train"][5]
    used = {int(prepared.facts.loc[prepared.row("train", 5), name]) for name in ("background", "grey_0", "grey_1")}
    image[10, 10] = next(grey for grey in range(115) if grey not in used)


def _twice_in_a_split(prepared: Prepared) -> None:
    _copy(prepared, ("train", 1), ("train", 9))


def _in_two_splits(prepared: Prepared) -> None:
    _copy(prepared, ("train", 1), ("test", 9))


def _copy(prepared: Prepared, source: tuple[str, int], target: tuple[str, int]) -> None:
    prepared.images[target[0]][target[1]] = prepared.images[source[0]][source[1]]
    prepared.labels[target[0]][target[1]] = prepared.labels[source[0]][source[1]]
    columns = prepared.facts.columns.difference(["split", "index"])
    prepared.facts.loc[prepared.row(*target), columns] = prepared.facts.loc[prepared.row(*source), columns]


def _label_of_other_kinds(prepared: Prepared) -> None:
    row = prepared.row("train", 0)
    wrong = (prepared.labels["train"][0] + 1) % 9
    prepared.labels["train"][0] = wrong
    prepared.facts.loc[row, "label"] = wrong


def _labels_disagree(prepared: Prepared) -> None:
    prepared.labels["train"][0] = (prepared.labels["train"][0] + 1) % 9


def _too_light(prepared: Prepared) -> None:
    for images in prepared.images.values():
        images[...] = np.where(images < 128, 114, 255)
    for name in ("background", "grey_0", "grey_1"):
        greys = prepared.facts[name]
        prepared.facts[name] = greys.where(greys < 0, np.where(greys < 128, 114, 255)).astype(greys.dtype)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (_label_outside, "label: labels are 0 to 8 — untrue of 1 of 900 rows: train 7 (label 9)"),
        (_shares_off, "furthest is triangle with 1.0000 for 0.1667"),
        (_grey_outside, "background: light on dark: the background has a grey of 0 to 114 — untrue of 1 of "),
        (_grey_of_one_shape_on_the_wrong_side, "grey_0: light on dark: the first shape has a grey of 140 to 255"),
        (_border_drawn, "pixels drawn on the one-pixel border: 0 — untrue of 1 of 900 rows: test 11 ("),
        (
            _vertex_on_the_border,
            "x_max: the largest x of a vertex is 1 to 31 — untrue of 1 of 900 rows: test 12 (x_max 31.5)",
        ),
        (
            _overlap,
            "overlap: the hidden share of the first shape is 0 to 0.5 — untrue of 1 of 900 rows: train 2 (overlap 0.6",
        ),
        (_too_many_rejections, "rejections: places rejected for the second shape: 0 to 51 — untrue of 1 of 900 rows"),
        (
            _pixel_of_neither,
            "unknown_pixels: pixels that are neither background nor shape: 0 — untrue of 1 of 900 rows: train 5",
        ),
        (_twice_in_a_split, "split, content: no image is twice in a split — untrue of 2 of 900 rows: train 1 ("),
        (
            _in_two_splits,
            "also_in: no image is in two splits — untrue of 2 of 900 rows: "
            "train 1 (also_in test), test 9 (also_in train)",
        ),
        (
            _label_of_other_kinds,
            "label, label_of_kinds: the label is that of the kinds drawn — untrue of 1 of 900 rows: train 0",
        ),
        (
            _labels_disagree,
            "label, label_in_facts: the label beside an image is the one in its facts — untrue of 1 of 900 rows",
        ),
        (_too_light, "pixel_mean: train: the mean grey is 127.25"),
    ],
    ids=name_of,
)
def test_each_violation_is_named_and_leaves_no_gate(project, spoil: Callable[[Prepared], None], line: str, caplog):
    prepared = prepared_shapeset(COUNTS)
    spoil(prepared)
    prepared.write(PREPARED)
    said = stopped()
    assert line in said
    assert "not met" in DATA_DOCS.read_text()
    assert not caplog.records


def _without(file: Path) -> None:
    file.unlink()


def _truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def _text(file: Path) -> None:
    file.write_text("not what it was")


@pytest.mark.parametrize("name", ["train.safetensors", "test.safetensors", "facts.parquet"])
@pytest.mark.parametrize("damage", [_without, _truncated, _text], ids=name_of)
def test_a_missing_or_damaged_file_is_named_in_one_line(project, name: str, damage: Callable[[Path], None]):
    prepared_shapeset(COUNTS).write(PREPARED)
    damage(PREPARED / name)
    said = stopped()
    assert said.startswith(f"error: {PREPARED / name}: ")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"images": np.zeros((9, 32, 32), np.uint8)}, "images"),
        ({"images": np.zeros((9, 32, 32), np.uint8), "labels": np.zeros(8, np.int64)}, "(8,)"),
        ({"images": np.zeros((9, 32, 32), np.float32), "labels": np.zeros(9, np.int64)}, "float32"),
        ({"images": np.zeros((9, 32, 32), np.uint8), "labels": np.zeros(9, np.int32)}, "int32"),
        ({"images": np.zeros((0, 32, 32), np.uint8), "labels": np.zeros(0, np.int64)}, "(0, 32, 32)"),
        (
            {"images": np.zeros((9, 28, 28), np.uint8), "labels": np.zeros(9, np.int64)},
            "images are (9, 28, 28); allowed: (count, 32, 32)",
        ),
    ],
)
def test_other_tensors_are_named(project, tensors: dict[str, np.ndarray], said: str):
    prepared_shapeset(COUNTS).write(PREPARED)
    safetensors.numpy.save_file(tensors, PREPARED / "test.safetensors")
    message = stopped()
    assert message.startswith(f"error: {PREPARED}/test.safetensors: ")
    assert said in message
    assert "\n" not in message


def _no_overlap_column(prepared: Prepared) -> None:
    prepared.facts = prepared.facts.drop(columns="overlap")


def _missing_value(prepared: Prepared) -> None:
    prepared.facts.loc[4, "overlap"] = np.nan


def _text_for_numbers(prepared: Prepared) -> None:
    prepared.facts["overlap"] = "0.1"


def _a_row_less(prepared: Prepared) -> None:
    prepared.facts = prepared.facts.drop(index=prepared.row("validation", 199))


def _another_order(prepared: Prepared) -> None:
    prepared.facts = prepared.facts.iloc[::-1]


def _another_split(prepared: Prepared) -> None:
    prepared.facts = pd.concat([prepared.facts, prepared.facts[:1].assign(split="extra")], ignore_index=True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_overlap_column, "has no column overlap"),
        (_missing_value, "column overlap misses 1 values; allowed: none"),
        (_text_for_numbers, "column overlap is str; allowed: numbers"),
        (_a_row_less, "199 rows of validation; allowed: index 0 to 199 in order"),
        (_another_order, "400 rows of train; allowed: index 0 to 399 in order"),
        (_another_split, "1 rows of no split; allowed: train, validation, test"),
    ],
    ids=name_of,
)
def test_facts_that_do_not_fit_the_images_are_named(project, spoil: Callable[[Prepared], None], said: str):
    prepared = prepared_shapeset(COUNTS)
    spoil(prepared)
    prepared.write(PREPARED)
    assert f"error: {PREPARED}/facts.parquet: {said}" in stopped()


def test_an_unknown_data_set_is_refused_with_those_allowed(project, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["validate", "letters"])
    with pytest.raises(SystemExit):
        validate.main()
    assert "invalid choice: 'letters' (choose from" in capsys.readouterr().err
