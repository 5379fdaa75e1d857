"""Which edit reruns which stage, and the proof that exempt code changes no byte."""

import ast
import json
import re

from tests.pipeline.test_dependencies import EXEMPT
from tests.pipeline.test_pipeline import ALL, stages_run, state
from tests.tiny_project import run

TRAINING = {"train", "svm"}
RERUN = {  # one file of each room: the stages that `dvc status` then calls changed
    "README.md": set(),
    "commands/draw.py": set(),  # the generator's command line
    "publishing/site.py": set(),
    "stages/running/errors.py": set(),
    "stages/checking/models.py": set(),
    "stages/params/recipes.py": ALL - {"fetch"},
    "stages/params/datasets.py": set(),  # which data sets there are
    "stages/handover/schemas.py": ALL - {"fetch", "surfaces"},
    "stages/shapeset/paint.py": {"prepare", "train"},
    "stages/datasets/shapeset/__init__.py": {"fetch", "prepare", "validate", "judge", "render"},
    "stages/datasets/mnist/__init__.py": {"judge", "render"},  # params.yaml does not list it
    "stages/datasets/formats/idx.py": {"prepare", "judge", "render"},
    "stages/expectations/finite.py": {"validate"},
    "stages/network/activations.py": {*TRAINING, "measure"},
    "stages/descent/cpu_kernels.c": TRAINING,
    "stages/training/epochs.py": TRAINING,
    "stages/monitoring/layers.py": {*TRAINING, "measure"},
    "stages/statistics/theory.py": {"measure", "surfaces"},
    "stages/baselines/svm.py": {"svm"},
    "stages/claims/saturation.py": {"judge", "render"},
    "stages/figures/depths.py": {"render"},
    "stages/render.py": {"render"},
}
STATUS = """
import json, sys
from pathlib import Path
from dvc.repo import Repo

found = {}
for file in map(Path, json.loads(sys.argv[1])):
    content = file.read_bytes()
    file.write_bytes(content + b"\\n")
    with Repo() as repository:
        found[str(file)] = [name.rpartition(":")[2].partition("@")[0] for name in repository.status()]
    file.write_bytes(content)
print(json.dumps(found))
"""


def test_an_edit_reruns_the_stages_that_the_table_says(project):
    found = json.loads(run(project, "python", "-c", STATUS, json.dumps(list(RERUN))).stdout.splitlines()[-1])
    assert {file: set(stages) for file, stages in found.items()} == RERUN


class Reworded(ast.NodeTransformer):
    """Every text of more than one word, docstrings included, in other letters."""

    def __init__(self) -> None:
        self.count = 0

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if not isinstance(node.value, str) or not re.search(r"[^\W\d] | [^\W\d]", node.value):
            return node
        self.count += 1
        return ast.copy_location(ast.Constant(node.value.swapcase()), node)


def reworded(source: str) -> tuple[str, int]:
    """The source with other texts, and how many they are."""
    rewording = Reworded()
    return ast.unparse(rewording.visit(ast.parse(source))), rewording.count


def test_messages_and_docstrings_are_reworded_and_nothing_else():
    message = 'raise ValueError(f"{x:,} is too much, in {NAME} seconds")'
    source = f'"""Doc string."""\nNAME = "durations"\n\ndef f(x):\n    {message}\n'
    changed, count = reworded(source)
    assert count == 3
    assert '"""dOC STRING."""' in changed
    assert "NAME = 'durations'" in changed
    assert "{x:,} IS TOO MUCH, IN {NAME} SECONDS" in changed


def test_whatever_exempt_code_says_a_forced_run_has_the_same_bytes(project):
    before = state(project)
    touched = {}
    for place in EXEMPT:
        for file in sorted((project / place).rglob("*.py")) or [project / place]:
            text, count = reworded(file.read_text(encoding="utf-8"))
            touched[file.relative_to(project).as_posix()] = count
            file.write_text(text, encoding="utf-8")
    assert min(touched.values()) > 0
    assert stages_run(run(project, "dvc", "repro")) == set()
    assert {name.split("@")[0] for name in stages_run(run(project, "dvc", "repro", "--force"))} == ALL
    after = state(project)
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert differing == touched.keys()
