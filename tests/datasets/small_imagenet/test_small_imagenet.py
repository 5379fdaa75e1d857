"""Small-ImageNet out of ImageNet: the same from a folder and a tar and on any number of cores, and balanced."""

import os
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from safetensors.numpy import load_file, save_file

from stages import fetch, prepare
from stages.datasets import small_imagenet
from stages.datasets.dataset import find_dataset
from stages.datasets.small_imagenet.archive import PassedOver
from stages.datasets.small_imagenet.choice import rank
from stages.datasets.small_imagenet.classes import class_labels
from stages.datasets.small_imagenet.photographs import shrink
from stages.handover.prepared import SPLITS
from stages.params import SmallImagenet, load_params
from stages.running.errors import InputError, report_input_errors
from tests.conftest import REPOSITORY
from tests.datasets.small_imagenet.stand_in import ELSEWHERE, WNIDS, encoded, photographs, tar_of_tars, write_tree

CLASS_NAMES = find_dataset("small_imagenet").class_names
OF_EACH = 9
FILES = photographs(OF_EACH, [*WNIDS, ELSEWHERE])
FLAT = encoded(Image.new("RGB", (64, 48), (80, 90, 100)), quality=95)


def settings(source: Path, train: int = 30, validation: int = 20, test: int = 10) -> SmallImagenet:
    return SmallImagenet(
        seed=3, input_range="signed", train=train, validation=validation, test=test, source=str(source)
    )


def fetched(folder: Path, source: Path, **sizes: int) -> Path:
    """What the fetch stage writes."""
    folder.mkdir()
    small_imagenet.fetch(settings(source, **sizes), folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def table_of(raw: Path) -> pd.DataFrame:
    return pd.read_parquet(raw / "photographs.parquet")


def by_rank(wnid: str) -> list[str]:
    """The names of a synset's photographs in the order in which they are looked at."""
    return sorted((name for name in FILES if name.startswith(wnid)), key=lambda name: rank(small_imagenet.DRAW, name))


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    return write_tree(tmp_path_factory.mktemp("imagenet"), FILES)


@pytest.fixture(scope="module")
def raw(tmp_path_factory, tree) -> Path:
    return fetched(tmp_path_factory.mktemp("raw") / "small_imagenet", tree)


def test_of_each_class_those_of_lowest_rank_are_kept_with_their_pixels(tmp_path, monkeypatch, tree):
    monkeypatch.setattr(small_imagenet, "MOST", 6)
    raw = fetched(tmp_path / "raw", tree)
    table, arrays = table_of(raw), load_file(raw / "photographs.safetensors")
    expected = [name for wnid in WNIDS for name in by_rank(wnid)[:6]]
    assert table["file"].tolist() == expected
    assert table["class"].tolist() == [WNIDS[name[:9]] for name in expected]
    assert table["label"].tolist() == arrays["labels"].tolist() == [label for label in range(10) for _ in range(6)]
    assert table["rank"].tolist() == [rank(small_imagenet.DRAW, name) for name in expected]
    assert table["flaw"].tolist() == [""] * 60
    assert arrays["images"].dtype == np.uint8
    assert np.array_equal(arrays["images"], [shrink(FILES[name]) for name in expected])


def test_a_folder_and_a_tar_of_tars_give_the_same_bytes(tmp_path, raw):
    shuffled = list(FILES.items())
    random.Random(0).shuffle(shuffled)
    archive = tmp_path / "ILSVRC2012_img_train.tar"
    archive.write_bytes(tar_of_tars(dict(shuffled)))
    assert contents(fetched(tmp_path / "raw", archive)) == contents(raw)
    assert sorted(tmp_path.iterdir()) == [archive, tmp_path / "raw"]  # nothing was unpacked


@pytest.mark.parametrize("cores", [1, 2, 7])
def test_the_number_and_the_timing_of_the_workers_change_nothing(tmp_path, monkeypatch, tree, raw, cores):
    delays = random.Random(cores)

    def shrink_some_time_later(file: bytes) -> np.ndarray:
        time.sleep(delays.choice([0, 0.002]))
        return shrink(file)

    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(cores), raising=False)
    monkeypatch.setattr(small_imagenet, "AT_ONCE", 1)
    monkeypatch.setattr(small_imagenet, "shrink", shrink_some_time_later)
    assert contents(fetched(tmp_path / "raw", tree)) == contents(raw)


def test_what_cannot_be_used_is_replaced_by_the_next_and_kept_in_the_table(tmp_path, monkeypatch):
    fish, birds = by_rank("n01440764"), by_rank("n01514668")
    flawed = {
        fish[0]: FILES[fish[0]][:-200],
        fish[2]: FLAT,
        fish[4]: FILES[fish[3]],
        fish[6]: b"an error page",  # the first that stands in for those above
        birds[1]: FILES[fish[1]],  # of another class
    }
    monkeypatch.setattr(small_imagenet, "MOST", 4)
    monkeypatch.setattr(small_imagenet, "SPARE", 100)
    table = table_of(fetched(tmp_path / "raw", write_tree(tmp_path / "tree", FILES | flawed), train=10))
    of_fish = table[table["class"] == "fish"].set_index("file")
    assert of_fish.index.tolist() == fish
    assert of_fish["flaw"].tolist() == [
        *("undecodable", "repeated", "near-constant", ""),  # the first four that are looked at
        *("repeated", "", "undecodable"),
        *("", ""),
    ]
    assert "truncated" in of_fish.loc[fish[0], "detail"]
    assert of_fish.loc[fish[1], "detail"] == birds[1]
    assert of_fish.loc[fish[2], "detail"] == "standard deviation 0.00"
    assert of_fish.loc[fish[4], "detail"] == fish[3]
    assert set(table.loc[table["class"] != "fish", "flaw"]) == {""}
    assert table["label"].is_monotonic_increasing
    kept = table.loc[table["flaw"] == "", "file"]
    files = FILES | flawed
    assert np.array_equal(
        load_file(tmp_path / "raw" / "photographs.safetensors")["images"], [shrink(files[one]) for one in kept]
    )


def test_prepared_splits_are_balanced_shuffled_and_disjoint(raw, tree):
    prepared = small_imagenet.prepare(settings(tree), raw)
    facts = prepared.facts
    assert list(facts) == ["split", "index", "label", "file", "wnid", "undecodable_share"]
    assert facts["file"].is_unique
    labels_of = class_labels()
    for split, size in zip(SPLITS, (30, 20, 10), strict=True):
        images, labels = prepared.splits[split].images, prepared.splits[split].labels
        rows = facts[facts["split"] == split]
        assert images.shape == (size, 37, 37)
        assert images.dtype == np.uint8
        assert labels.dtype == np.int64
        assert Counter(labels.tolist()) == dict.fromkeys(range(10), size // 10)
        assert rows["index"].tolist() == list(range(size))
        assert rows["label"].tolist() == labels.tolist() == [labels_of[wnid] for wnid in rows["wnid"]]
        assert labels.tolist() != sorted(labels.tolist())
        for image, name in zip(images, rows["file"], strict=True):
            assert np.array_equal(image, shrink(FILES[name]))


def test_what_is_fetched_depends_on_the_source_alone(tmp_path, tree, raw):
    """The only parameter that DVC compares; the sizes and the seed are those of `prepare`."""
    (tmp_path / "raw").mkdir()
    small_imagenet.fetch(replace(settings(tree, train=10, validation=10, test=10), seed=4), tmp_path / "raw")
    assert contents(tmp_path / "raw") == contents(raw)


def test_there_are_no_more_of_a_class_than_the_smallest_has(tmp_path, tree):
    fewer = {name: content for name, content in FILES.items() if name not in by_rank("n11939491")[:2]}
    table = table_of(fetched(tmp_path / "raw", write_tree(tmp_path / "tree", fewer)))
    assert table["class"].value_counts().to_dict() == dict.fromkeys(CLASS_NAMES, OF_EACH - 2)


def test_the_seed_draws_which_images_a_split_has_and_their_order(raw, tree):
    first = small_imagenet.prepare(settings(tree), raw)
    again = small_imagenet.prepare(settings(tree), raw)
    other = small_imagenet.prepare(replace(settings(tree), seed=4), raw)
    assert first.facts.equals(again.facts)
    for split in SPLITS:
        assert np.array_equal(first.splits[split].images, again.splits[split].images)
        one, another = (set(facts[facts["split"] == split]["file"]) for facts in (first.facts, other.facts))
        assert one != another


@pytest.mark.parametrize(("broken", "share"), [(1, 0), (3, 0), (5, 2 / 90)])
def test_a_few_undecodable_files_are_forgiven_and_the_first_three_are_named(tmp_path, capsys, broken, share):
    fish = by_rank("n01440764")
    source = write_tree(tmp_path / "tree", FILES | dict.fromkeys(fish[:broken], b"broken") | {fish[8]: FLAT})
    sizes = {"train": 10, "validation": 10, "test": 10}
    prepared = small_imagenet.prepare(settings(source, **sizes), fetched(tmp_path / "raw", source, **sizes))
    assert set(prepared.facts["undecodable_share"]) == {share}
    said = capsys.readouterr().err
    named = "; ".join(f"{name}: neither JPEG, PNG, GIF nor BMP" for name in fish[: min(broken, 3)])
    assert f"note: {broken} of 90 photographs could not be decoded: {named}\n" in said


def refused(action, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_class_with_too_few_photographs_is_named_with_what_to_set(tmp_path):
    fewer = {name: content for name, content in FILES.items() if name not in by_rank("n11939491")[:2]}
    source = write_tree(tmp_path / "tree", fewer)
    message = refused(small_imagenet.fetch, settings(source, train=60), tmp_path)
    assert f"{source}: the class flowers has 7 photographs, 9 are needed" in message
    assert "small_imagenet.train, validation and test in params.yaml to at most 70 together, not 90" in message


def test_a_class_with_too_few_usable_photographs_is_named_too(tmp_path):
    flowers = by_rank("n11939491")
    source = write_tree(tmp_path / "tree", FILES | {flowers[0]: b"broken", flowers[5]: FLAT})
    raw = fetched(tmp_path / "raw", source)
    message = refused(small_imagenet.prepare, settings(source, train=60), raw)
    assert f"{raw}: the class flowers has 7 usable photographs, 9 are needed" in message
    small_imagenet.prepare(settings(source, train=40), raw)  # as the message says


def test_classes_without_a_photograph_are_named(tmp_path):
    fewer = {name: content for name, content in FILES.items() if not name.startswith(("n11939491", "n07745940"))}
    source = write_tree(tmp_path / "tree", fewer)
    message = refused(small_imagenet.fetch, settings(source), tmp_path)
    assert f"{source}: has no photographs of these classes: flowers, fruits; set small_imagenet.source" in message


def test_a_source_with_nothing_of_the_ten_classes_is_named(tmp_path):
    source = write_tree(tmp_path / "tree", {f"{ELSEWHERE}/1.JPEG": FLAT})
    assert f"{source}: has no photograph of Small-ImageNet's ten classes; allowed: a folder of" in refused(
        small_imagenet.fetch, settings(source), tmp_path
    )


def test_where_no_photograph_has_a_class_the_right_folder_is_suggested(tmp_path):
    root = write_tree(tmp_path / "CLS-LOC", {f"train/{name}": content for name, content in FILES.items()})
    write_tree(root / "val", {"ILSVRC2012_val_00000001.JPEG": FLAT, "2.JPEG": FLAT, "3.webp": b""})
    message = refused(small_imagenet.fetch, settings(root / "val"), tmp_path)
    assert "there are 2 photographs without a wnid, such as " in message
    assert "and files that are not read: 1 .webp; set small_imagenet.source in params.yaml to " in message
    assert f"params.yaml to {root}/train; allowed: " in message


def test_the_root_of_an_imagenet_as_downloaded_may_be_the_source(tmp_path, capsys, raw):
    root = write_tree(tmp_path / "ILSVRC", {f"Data/CLS-LOC/train/{name}": content for name, content in FILES.items()})
    write_tree(root / "Data/CLS-LOC", {"val/1.JPEG": FLAT, "test/2.JPEG": FLAT})
    assert contents(fetched(tmp_path / "raw", root)) == contents(raw)
    assert f"note: {root}: passed over 2 photographs without a wnid, such as " in capsys.readouterr().err


def test_the_users_home_may_be_written_short(tmp_path, monkeypatch, tree, raw):
    monkeypatch.setenv("HOME", str(tree.parent))
    assert contents(fetched(tmp_path / "raw", Path("~") / tree.name)) == contents(raw)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda raw: (raw / "photographs.parquet").unlink(), "photographs.parquet: missing or damaged"),
        (lambda raw: (raw / "photographs.safetensors").write_bytes(b"x"), "photographs.safetensors: missing or"),
        (lambda raw: save_file({"other": np.zeros(3)}, raw / "photographs.safetensors"), "do not belong together"),
        (lambda raw: table_of(raw)[5:].to_parquet(raw / "photographs.parquet"), "do not belong together"),
        (lambda raw: table_of(raw).drop(columns="wnid").to_parquet(raw / "photographs.parquet"), "lacks the columns"),
    ],
)
def test_raw_files_that_are_not_as_fetch_writes_them_are_named(tmp_path, raw, tree, spoil, words):
    for name, content in contents(raw).items():
        (tmp_path / name).write_bytes(content)
    spoil(tmp_path)
    assert words in refused(small_imagenet.prepare, settings(tree), tmp_path)


def test_a_home_that_there_is_not_is_a_source_that_is_not_there(tmp_path):
    message = refused(small_imagenet.fetch, settings(Path("~nobody-of-this-name/imagenet")), tmp_path)
    assert "~nobody-of-this-name/imagenet" in message


def test_raw_files_for_other_sizes_are_told(raw, tree):
    assert "the class reptiles has 9 usable photographs, 11 are needed" in refused(
        small_imagenet.prepare, settings(tree, train=60, validation=40), raw
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project in the current folder; params(…) writes its params.yaml with these settings."""
    monkeypatch.chdir(tmp_path)

    def params(**changed) -> None:
        values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
        values["small_imagenet"] |= changed
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")

    return params


def run(monkeypatch, stage) -> None:
    monkeypatch.setattr(sys, "argv", [stage.__name__, "small_imagenet"])
    report_input_errors(lambda: stage.main(load_params()))


def test_the_stages_write_what_the_functions_return(project, monkeypatch, tree, raw):
    project(source=str(tree), seed=3, train=30, validation=20, test=10)
    run(monkeypatch, fetch)
    assert contents(Path("data/raw/small_imagenet")) == contents(raw)
    run(monkeypatch, prepare)
    expected = small_imagenet.prepare(settings(tree), raw)
    assert pd.read_parquet("data/prepared/small_imagenet/facts.parquet").equals(expected.facts)
    for split in SPLITS:
        written = load_file(f"data/prepared/small_imagenet/{split}.safetensors")
        assert np.array_equal(written["images"], expected.splits[split].images)


@pytest.mark.parametrize(
    ("source", "words"), [(None, "has 9 photographs"), ("nowhere", "there is no folder or file at")]
)
def test_a_stage_that_is_stopped_leaves_nothing(project, monkeypatch, tree, source, words):
    project(source=source or str(tree))
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, fetch)
    assert words in str(stopped.value.code)
    assert "\n" not in str(stopped.value.code)
    assert list(Path("data/raw").iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(project, monkeypatch, tree):
    project(source=str(tree), seed=3, train=30, validation=20, test=10)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))  # answered as a full disk is
    try:
        with pytest.raises(SystemExit) as stopped:
            run(monkeypatch, fetch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "data/raw/small_imagenet: cannot be written" in str(stopped.value.code)
    assert list(Path("data/raw").iterdir()) == []


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("size", [0, 5, 1234, -10, "all", 10.0, True, 10**7 + 10])
def test_sizes_are_multiples_of_the_ten_classes(project, split, size):
    project(**{split: size})
    message = refused(load_params)
    assert f"small_imagenet.{split} is {size!r}; allowed: a multiple of 10 up to 10000000" in message


def test_real_photographs_fall_into_their_classes(tmp_path, imagenet_sample):
    # fewer than params.yaml may ask for: the sample has only two flowers
    two = vars(settings(imagenet_sample, train=10, validation=10, test=10)) | {"validation": 0}
    small_imagenet.fetch(SimpleNamespace(**two), tmp_path)
    table = table_of(tmp_path)
    assert table["class"].tolist() == [name for name in CLASS_NAMES for _ in range(2)]
    message = refused(small_imagenet.fetch, settings(imagenet_sample, train=10, validation=10, test=10), tmp_path)
    assert "the class flowers has 2 photographs, 3 are needed" in message


def test_the_real_sample_has_as_many_of_each_class_as_its_readme_says(imagenet_sample):
    candidates = small_imagenet.choose(
        small_imagenet.find_photographs(imagenet_sample, class_labels(), PassedOver()),
        class_labels(),
        seed=1,
        most=1000,
    )
    images, table = small_imagenet.look(candidates, needed=1000)
    assert table["class"].value_counts().to_dict() == {
        "mammals": 218,
        "vehicles": 67,
        "birds": 59,
        "reptiles": 36,
        "instruments": 26,
        "furniture": 22,
        "fish": 16,
        "fruits": 16,
        "tools": 14,
        "flowers": 2,
    }
    assert set(table["flaw"]) == {""}
    assert images.shape == (476, 37, 37)
