"""What README.md and docs/ say: every command runs, every file is there, and what reruns is what dvc.yaml says."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.pipeline.test_dependencies import ROOMS
from tests.tiny_project import run

PAGES = {
    page.relative_to(REPOSITORY).as_posix(): page.read_text(encoding="utf-8")
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
}
COMMANDS = {
    page: [line for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    for page, text in PAGES.items()
}
# What cannot run inside a test: setting up a whole environment, the tests themselves, and what has tests of its own.
INSTEAD = {
    "make repro": "make --old-file=setup repro",
    "make test": "make --dry-run test",
    "make quote": "make --dry-run quote",
    "make publish": "make --dry-run publish",
    "make compare AGAINST=main": "make --dry-run compare",
    "python -m pip install -r requirements.lock": "python -m pip install --dry-run -r requirements.lock",
    "python -m pip install '.[cluster]'": "python -m pip install --dry-run --no-deps '.[cluster]'",
    "dvc exp run --queue -S models.tanh.initialization=normalized": "dvc exp run --help",
    "dvc exp run --queue -S models.tanh.activation=softsign": "dvc exp run --help",
    "dvc queue start --jobs 2": "dvc queue status",
    "DIFFICULTY_EXECUTOR=ray dvc repro": "DIFFICULTY_EXECUTOR=ray dvc repro --dry",
}
WRITTEN = ("comparison.md", "data/", "public/", "reports/site", "reports/data_docs")  # by commands, and not in git
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
OTHERS = [pytest.param(page, marks=pytest.mark.long) for page in COMMANDS if page != "README.md" and COMMANDS[page]]


@pytest.mark.parametrize("page", ["README.md", *OTHERS])
def test_every_command_runs(project, page):
    failed = {}
    for command in COMMANDS[page]:
        done = run(project, "bash", "-c", INSTEAD.get(command, command), succeeds=False)
        if done.returncode != 0:
            failed[command] = done.stdout + done.stderr
    assert failed == {}


def test_every_command_that_is_replaced_is_on_a_page():
    assert set(INSTEAD) <= {command for commands in COMMANDS.values() for command in commands}


def test_the_two_commands_come_first():
    assert COMMANDS["README.md"][:2] == ["make repro", "make test"]


def test_the_readme_is_short():
    assert len(PAGES["README.md"].splitlines()) <= 130


def test_make_repro_ends_with_table_1_and_the_page(project):
    shown = run(project, "make", "--old-file=setup", "repro").stdout
    table = pd.read_csv(project / "reports/table1.csv").set_index("model")
    for model in ("tanh", "sigmoid"):
        line = next(line for line in shown.splitlines() if line.split()[:1] == [model])
        assert f"{table.loc[model, 'mean_percent']:.2f}" in line
        assert f"{table.loc[model, 'paper_percent']:.2f}" in line
    assert shown.splitlines()[-1] == f"The report: {(project / 'reports/site/index.html').as_uri()}"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_it_names_is_there(page):
    files = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", PAGES[page]))
    named = {name for name in files if "/" in name or re.search(r"\.(yaml|lock|cff|md|py|csv|json)$", name)}
    assert named
    # rooms and the files of a record are named without the folder that they are in
    folders = [REPOSITORY, REPOSITORY / "stages", *(REPOSITORY / "reports/recorded").iterdir()]
    missing = {name for name in named if not any((folder / name).exists() for folder in folders)}
    assert {name for name in missing if not name.startswith(WRITTEN)} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[page]):
        if not target.startswith("https://"):
            file, _, heading = target.partition("#")
            place = ((REPOSITORY / page).parent / file).resolve()
            assert place.is_file(), target
            if heading:
                headings = re.findall(r"(?m)^#+ (.*)$", place.read_text(encoding="utf-8"))
                assert heading in [re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings]


@pytest.mark.parametrize("page", PAGES)
def test_every_module_and_target_it_names_is_there(page):
    targets = set(re.findall(r"(?m)^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8")))
    for module in re.findall(r"python -m ((?:stages|commands|publishing|dependencies|tests)\.[\w.]+)", PAGES[page]):
        assert (REPOSITORY / module.replace(".", "/")).with_suffix(".py").is_file()
    code = re.findall(r"`([^`\n]+)`|^((?:\w+=\S+ )?make .*)$", PAGES[page], re.M)
    asked = {words[1] for one in code for words in re.findall(r"(^|\s)make ([a-z-]+)", one[0] or one[1])}
    assert asked <= targets


def test_the_readme_names_every_stage_and_room_in_order():
    layout = PAGES["README.md"].partition("## Layout")[2]
    stages, rooms = layout.split("| rooms of `stages/` |")
    assert re.findall(r"(?m)^\| `(\w+)` \|", stages) == [*STAGES]
    firsts = re.findall(r"(?m)^\| (`\w+/`.*?) \|", rooms)
    assert re.findall(r"`(\w+)/`", " ".join(firsts)) == ROOMS


@pytest.mark.parametrize("page", ["README.md", "docs/adding.md"])
def test_what_reruns_is_what_dvc_yaml_says(page):
    table = re.search(r"(?m)^\| to .* \| reruns \|\n\|[-|]*\n((?:\|.*\n)+)", PAGES[page])[1]
    for row in table.splitlines():
        change, edited, *_, reruns = row.strip("|").split(" | ")
        files = re.findall(r"`([\w/.]+)`", edited)
        named = {file for file in files if (REPOSITORY / file).exists()}
        assert named, change
        # a file says more than the folder that it is in
        named = {one for one in named if not any(other != one and other.startswith(one) for other in named)}
        assert set(re.findall(r"`(\w+)`", reruns)) == after({Path(one) for one in named}), change
        assert reruns.strip().startswith("`") or reruns.strip() == "nothing"


def after(changed: set[Path]) -> set[str]:
    """The stages that depend on what has changed, themselves or through other stages."""
    found: set[str] = set()
    while True:
        paths = changed | {Path(path) for name in found for path in outputs(name)}
        dependent = {
            name
            for name, stage in STAGES.items()
            if any(overlap(plain(dep), path) for dep in stage["deps"] for path in paths)
        }
        if dependent == found:
            return found
        found = dependent


def outputs(stage: str) -> list[str]:
    """Everything that a stage writes."""
    listed = [*STAGES[stage].get("outs", []), *STAGES[stage].get("metrics", [])]
    return [plain(next(iter(one)) if isinstance(one, dict) else one) for one in listed]


def plain(path: str) -> str:
    """A path of dvc.yaml up to the part that names a data set or model."""
    return path.partition("/${")[0]


def overlap(one: str, other: Path) -> bool:
    """Whether one path is the other or is in it."""
    return Path(one).is_relative_to(other) or other.is_relative_to(one)


def test_what_is_after_a_change_follows_the_flow():
    assert after({Path("stages/fetch.py")}) == STAGES.keys() - {"check", "surfaces"}
    assert after({Path("stages/render.py")}) == {"render"}
    assert after({Path("LICENSE")}) == set()
