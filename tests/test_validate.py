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
from PIL import Image

from stages import validate
from stages.datasets.dataset import find_dataset
from stages.expectations.sheet import contact_sheet
from stages.params import DATASETS, load_params
from stages.running.errors import report_input_errors
from tests.conftest import REPOSITORY
from tests.expectations.synthetic_finite import FINITE, prepared_finite
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
    params["scales"][params["scale"]]["svm"]["examples"] = dict.fromkeys(DATASETS, 100)
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
        report_input_errors(lambda: validate.main(load_params()))
    assert not GATE.exists()
    return str(stop.value)


def test_valid_data_pass_and_the_gate_tells_what_was_checked(project, capsys, caplog):
    prepared_shapeset(COUNTS).write(PREPARED)
    validate.main(load_params())
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
        written = (folder / GATE, folder / DATA_DOCS, folder / DATA_DOCS.with_name("images.png"))
        files.append([file.read_bytes() for file in written])
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
        f"  {'expected':<60}  observed",
        f"  {'test has 300 images':<60}  299",
        "see reports/data_docs/shapeset/index.html",
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
    ("spoil", "expected", "observed"),
    [
        (_label_outside, "labels are 0 to 8", "train 7: label 9"),
        (
            _shares_off,
            "train: shares of single shapes 1/6, mixed pairs",
            "1.79176, furthest is triangle with",
        ),
        (_grey_outside, "light on dark: the background has a grey of 0 to 114", "validation 3: background 120"),
        (_grey_of_one_shape_on_the_wrong_side, "light on dark: the first shape has a grey of 140 to 255", "grey_0 100"),
        (_border_drawn, "pixels drawn on the one-pixel border: 0", "test 11: drawn_border_pixels 1"),
        (_vertex_on_the_border, "the largest x of a vertex is 1 to 31", "test 12: x_max 31.5"),
        (_overlap, "the hidden share of the first shape is 0 to 0.5", "train 2: overlap 0.6"),
        (_too_many_rejections, "places rejected for the second shape: 0 to 51", "train 2: rejections 52"),
        (_pixel_of_neither, "pixels that are neither background nor shape: 0", "train 5: unknown_pixels 1"),
        (_twice_in_a_split, "no image is twice in a split", "train 1: same_in_split train 9"),
        (_in_two_splits, "no image is in two splits", "test 9: same_in_another_split train 1"),
        (_label_of_other_kinds, "the label is that of the kinds drawn", "train 0: label "),
        (_labels_disagree, "the label beside an image is the one in its facts", "train 0: label "),
        (_too_light, "train: the mean grey is 127.25", "181.274"),
    ],
    ids=name_of,
)
def test_each_violation_is_named_and_leaves_no_gate(
    project, spoil: Callable[[Prepared], None], expected: str, observed: str, caplog
):
    prepared = prepared_shapeset(COUNTS)
    spoil(prepared)
    prepared.write(PREPARED)
    said = stopped()
    assert expected in said
    assert observed in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 100
    assert "not met" in DATA_DOCS.read_text()
    assert not caplog.records


@pytest.fixture(params=FINITE)
def finite(request, project, monkeypatch) -> str:
    """The name of a finite data set, of which the project asks for `COUNTS`."""
    params = yaml.safe_load(Path("params.yaml").read_text())
    params[request.param] |= COUNTS
    Path("params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.setattr(sys, "argv", ["validate", request.param])
    return request.param


def test_valid_finite_data_pass_and_their_first_images_are_shown(finite, capsys):
    prepared = prepared_finite(finite, COUNTS)
    prepared.write(Path("data/prepared") / finite)
    validate.main(load_params())
    gate = json.loads(Path(f"data/validated/{finite}.json").read_text())
    assert gate["images"] == COUNTS
    assert capsys.readouterr().out.startswith(f"all {len(gate['expectations'])} expectations are met\n")
    folder = Path("reports/data_docs") / finite
    assert {file.name for file in folder.iterdir()} == {"index.html", "images.png"}
    assert 'src="images.png"' in (folder / "index.html").read_text()
    expected = contact_sheet(prepared.images["train"], prepared.labels["train"], find_dataset(finite).class_names)
    with Image.open(folder / "images.png") as sheet:
        assert np.array_equal(np.asarray(sheet), np.asarray(expected))


def test_what_is_wrong_with_finite_data_is_a_table_that_names_split_index_and_file(finite):
    prepared = prepared_finite(finite, COUNTS)
    prepared.labels["train"][0] = 11
    prepared.images["validation"][7] = 100
    prepared.images["test"][5] = prepared.images["train"][3]
    prepared.write(Path("data/prepared") / finite)
    with pytest.raises(SystemExit) as stop:
        report_input_errors(lambda: validate.main(load_params()))
    said = str(stop.value).splitlines()
    assert max(map(len, said)) <= 100
    assert not Path(f"data/validated/{finite}.json").exists()
    assert Path(f"reports/data_docs/{finite}/images.png").is_file()
    own = "other images need their own data set: docs/data-sets.md"
    assert any(own in line for line in said) == (finite != "small_imagenet")  # of which every copy differs
    least = find_dataset(finite).expected.pixels.least_contrast
    for expected, examples in {
        "labels are 0 to 9": {("train", 0): "label 11"},
        f"no image is nearly constant (deviates by under {least:g} greys)": {("validation", 7): "contrast 0"},
        "no image is in two splits": {
            ("train", 3): "same_in_another_split test 5",
            ("test", 5): "same_in_another_split train 3",
        },
    }.items():
        line = said.index(f"  {expected:<60}  untrue of {len(examples)} of 900 rows")
        for (split, index), value in examples.items():
            line += 1
            fact = prepared.facts.loc[prepared.row(split, index)]
            origin = f"{fact['file']} {fact['position']}" if "position" in fact else fact["file"]
            assert said[line] == f"      {split} {index} ({origin}): {value}"


def test_facts_without_the_file_are_refused(finite):
    prepared = prepared_finite(finite, COUNTS)
    prepared.facts["file"] = 7
    prepared.write(Path("data/prepared") / finite)
    with pytest.raises(SystemExit, match="column file is int64; allowed: text"):
        report_input_errors(lambda: validate.main(load_params()))


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
            "images are uint8 (9, 28, 28); allowed: uint8 (count, 32, 32)",
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
        validate.main(load_params())
    assert "invalid choice: 'letters' (choose from" in capsys.readouterr().err
