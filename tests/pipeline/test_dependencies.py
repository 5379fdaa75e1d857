"""dvc.yaml's deps name, by folder, the code that can change a byte of a stage's outputs."""

import ast
from pathlib import Path

import pytest
import yaml

from stages.params import DATASETS
from stages.training import checkpoints
from tests.conftest import REPOSITORY

STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
CHECK = STAGES.pop("check")  # it writes nothing, so that nothing can depend on its code
# Code that no output depends on, by room or file; test_exemption.py rewrites their texts and looks at the bytes.
EXEMPT = {
    "stages/running": "how a stage starts, stops, fails, locks, reports progress and is timed",
    "stages/checking": "what is refused in params.yaml, before anything runs",
    "stages/params/datasets.py": "which data sets there are; a stage reads the values of its own, which are its params",
}
# What a data set's file imports, and the stages whose outputs it can change. The checksums decide what `fetch` writes,
# whatever unpacks it; only Small-ImageNet has none, and its reader is in its own folder.
CALLED_BY = {
    "stages/shapeset": {"prepare", "train"},
    "stages/datasets/formats": {"prepare"},
    "stages/datasets/dataset.py": {"prepare", "validate"},
    "stages/handover": STAGES.keys() - {"fetch", "surfaces"},
    "stages/params": STAGES.keys() - {"fetch"},
}
# Rooms from the lowest up: each may import those before it, and none after it.
ROOMS = [
    "running",
    "params",
    "handover",
    "shapeset",
    "datasets",
    "expectations",
    "network",
    "descent",
    "training",
    "checking",
    "monitoring",
    "statistics",
    "baselines",
    "claims",
    "figures",
]


def module_files(module: str) -> set[Path]:
    """The files that importing `module` runs, relative to the repository: it and the packages around it.

    But for the package `stages` itself, which has no code.
    """
    parts = module.split(".")
    files = {Path(*parts[:length], "__init__.py") for length in range(2, len(parts) + 1)}
    files.add(Path(*parts).with_suffix(".py"))
    return {file for file in files if (REPOSITORY / file).is_file()}


def imported(file: Path) -> set[Path]:
    """The files of this project that `file` imports itself, anywhere in it."""
    # which finds data sets by their names
    by_name = (REPOSITORY / "stages/datasets").glob("*/__init__.py") if file.stem == "dataset" else ()
    found = {one.relative_to(REPOSITORY) for one in by_name}
    for node in ast.walk(ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relative to itself"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.split(".")[0] == "stages":
                found |= module_files(name)
    return found


def imported_in_all(file: Path) -> set[Path]:
    """`file` and all that it imports, also through other modules; what exempt code imports, no output depends on."""
    found, waiting = set(), [file]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += imported(one) if not is_below(one, [*EXEMPT]) else ()
    return found


def is_below(file: Path, folders: list[str]) -> bool:
    """Whether `file` is one of `folders` or lies in one, where `${item.dataset}` stands for any name."""
    return any(file.match(pattern) for folder in folders for pattern in _patterns(folder))


def _patterns(folder: str) -> list[str]:
    named = folder.replace("${item.dataset}", "*")
    return [named, f"{named}/*", f"{named}/*/*"]


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_every_imported_module_that_is_not_exempt(stage):
    needed = imported_in_all(Path(f"stages/{stage}.py"))
    idle = [room for room, stages in CALLED_BY.items() if stage not in stages]
    missing = {file for file in needed if not is_below(file, [*STAGES[stage]["deps"], *EXEMPT, *idle])}
    assert missing == set()


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_no_code_that_is_not_imported(stage):
    needed = imported_in_all(Path(f"stages/{stage}.py"))
    code = [dep for dep in STAGES[stage]["deps"] if dep.startswith("stages/")]
    assert [dep for dep in code if not any(is_below(file, [dep]) for file in needed)] == []


def test_checkpoints_follow_the_same_rule():
    assert {f"stages/{room}" for room in checkpoints.EXEMPT} == EXEMPT.keys()


def test_dvc_yaml_can_be_read_at_a_glance():
    code = [dep for entry in STAGES.values() for dep in entry["deps"] if dep.startswith("stages/")]
    assert len(code) <= 60
    assert len((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= 180


def test_render_knows_the_parameters_of_every_data_set():
    assert set(DATASETS) <= set(STAGES["render"]["params"])


def test_a_stage_is_the_script_of_its_name():
    for stage, entry in STAGES.items():
        assert entry["cmd"].split()[:3] == ["python", "-m", f"stages.{stage}"]
    assert {file.stem for file in (REPOSITORY / "stages").glob("*.py")} - {"__init__"} == STAGES.keys()
    assert CHECK == {"cmd": "python -m commands.check", "deps": ["params.yaml"]}


def test_imports_run_one_way():
    """stages → rooms, and from a room only to those below it."""
    assert {folder.name for folder in (REPOSITORY / "stages").iterdir() if any(folder.glob("*.py"))} == set(ROOMS)
    for file in sorted((REPOSITORY / "stages").rglob("*.py")):
        place = file.relative_to(REPOSITORY)
        if len(place.parts) == 2:
            continue
        for other in imported(place):
            assert len(other.parts) > 2, f"{place}, in a room, imports the stage {other}"
            assert ROOMS.index(other.parts[1]) <= ROOMS.index(place.parts[1]), f"{place} imports {other}"


def test_only_the_named_rooms_know_the_large_libraries():
    homes = {
        "great_expectations": {"expectations"},
        "altair": {"figures"},
        "torch": {"network", "descent", "training", "monitoring", "statistics", "shapeset"},
        "sklearn": {"baselines"},
    }
    for file in sorted((REPOSITORY / "stages").rglob("*.py")):
        place = file.relative_to(REPOSITORY / "stages")
        if len(place.parts) == 1:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module]
            else:
                continue
            for library in {module.split(".")[0] for module in modules} & homes.keys():
                assert place.parts[0] in homes[library], f"{place} imports {library}"
