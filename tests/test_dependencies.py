"""dvc.yaml's deps name every module of this project that a stage imports, also through other modules."""

import ast
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY

STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def module_files(module: str) -> set[Path]:
    """The files that importing `module` runs, relative to the repository: it and the packages around it."""
    parts = module.split(".")
    files = {Path(*parts[:length], "__init__.py") for length in range(1, len(parts) + 1)}
    files.add(Path(*parts).with_suffix(".py"))
    return {file for file in files if (REPOSITORY / file).is_file()}


def imported(file: Path) -> set[Path]:
    """The files of this project that `file` imports itself, anywhere in it."""
    found = set()
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
    """`file` and all that it imports, also through other modules."""
    found, waiting = set(), [file]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += imported(one)
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_every_imported_module(stage):
    deps = [Path(dep) for dep in STAGES[stage]["deps"]]
    needed = imported_in_all(Path(f"stages/{stage}.py"))
    missing = {file for file in needed if not any(file == dep or dep in file.parents for dep in deps)}
    assert missing == set()


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_no_module_that_is_not_imported(stage):
    needed = imported_in_all(Path(f"stages/{stage}.py"))
    code = {Path(dep) for dep in STAGES[stage]["deps"] if dep.startswith("stages/")}
    idle = {dep for dep in code if not any(file == dep or dep in file.parents for file in needed)}
    assert idle == set()


def test_a_stage_is_the_script_of_its_name():
    for stage, entry in STAGES.items():
        assert entry["cmd"].split()[:3] == ["python", "-m", f"stages.{stage}"]
        assert (REPOSITORY / "stages" / f"{stage}.py").is_file()


def test_only_the_named_subjects_know_the_large_libraries():
    """Imports run one way: stages → subjects; and large libraries stay where they belong."""
    homes = {
        "great_expectations": {"expectations"},
        "altair": {"figures"},
        "torch": {"network", "statistics", "shapeset"},
        "sklearn": {"baselines"},
    }
    for file in sorted((REPOSITORY / "stages").rglob("*.py")):
        place = file.relative_to(REPOSITORY / "stages")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module]
            else:
                continue
            for module in modules:
                library = module.split(".")[0]
                if len(place.parts) > 1 and library in homes:
                    assert place.parts[0] in homes[library], f"{place} imports {module}"
                subject = module.split(".")[1:2]
                if library == "stages" and len(place.parts) > 1 and subject[0] in STAGES:
                    pytest.fail(f"{place}, a subject, imports the stage {module}")
