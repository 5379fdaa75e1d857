"""Training moves to a machine that has nothing but torch and a few small packages, and starts fast everywhere."""

import subprocess
import sys

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.tiny_project import edit, run

ALLOWED = {"torch", "numpy", "pandas", "pyarrow", "pydantic", "ruamel", "safetensors", "tqdm"}
LARGE = {"torch", "great_expectations", "altair", "vl_convert", "dvc", "sklearn", "scipy.stats", "jax"}
OF_MODULES = {
    "stages.fetch": set(),
    "stages.prepare": set(),
    "stages.validate": {"great_expectations", "altair", "scipy.stats"},  # great_expectations imports the others
    "stages.train": {"torch"},
    "stages.measure": {"torch"},
    "stages.judge": set(),
    "stages.surfaces": set(),
    "stages.svm": {"torch"},
    "stages.render": {"altair", "vl_convert"},
    "stages.params": set(),
    "commands.summary": set(),
}
# Refuses to import what is installed here but is not promised there; what those packages themselves need is theirs.
BLOCK = """
import importlib.metadata, runpy, sys
allowed = set(sys.argv.pop(1).split(","))
installed = importlib.metadata.packages_distributions()
def needs(name, seen):
    for requirement in importlib.metadata.requires(name) or []:
        if "extra ==" in requirement:
            continue
        one = __import__("re").match(r"[\\w.-]+", requirement).group().lower().replace("_", "-")
        if one not in seen:
            seen.add(one)
            try:
                needs(one, seen)
            except importlib.metadata.PackageNotFoundError:
                pass
    return seen
roots = {distribution.lower().replace("_", "-") for module in allowed for distribution in installed.get(module, [])}
promised = roots | {one for root in roots for one in needs(root, set())}
blocked = {
    module for module, distributions in installed.items()
    if not promised & {distribution.lower().replace("_", "-") for distribution in distributions}
} - {"stages", "tests"}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.mark.long
def test_train_needs_nothing_but_the_promised_packages(project):
    before = (project / "data/runs/shapeset/tanh/runs.parquet").read_bytes()
    (project / "data/runs/shapeset/tanh/runs.parquet").unlink()
    command = ("stages.train", "shapeset", "tanh")
    run(project, "python", "-c", BLOCK, ",".join(sorted(ALLOWED)), *command)
    assert (project / "data/runs/shapeset/tanh/runs.parquet").read_bytes() == before
    refused = run(project, "python", "-c", BLOCK, "numpy", *command, succeeds=False)
    assert "ModuleNotFoundError" in refused.stderr


@pytest.mark.long
def test_what_was_trained_where_dvc_is_not_is_taken_in(project):
    edit(project, lambda values: values["scales"]["smoke"].update(learning_rates=[0.05]))
    run(project, "python", "-m", "stages.train", "shapeset", "tanh")
    assert "changed" in run(project, "dvc", "status", "train@shapeset-tanh").stdout
    run(project, "dvc", "commit", "--force", "train@shapeset-tanh")
    assert "up to date" in run(project, "dvc", "status", "train@shapeset-tanh").stdout


@pytest.mark.long
@pytest.mark.parametrize("module", OF_MODULES)
def test_a_module_imports_only_the_large_libraries_that_it_uses(module):
    code = f"import sys, {module}; print(' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & LARGE <= OF_MODULES[module]


def test_every_stage_is_among_them():
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert {f"stages.{stage}" for stage in stages} - {"stages.check"} <= OF_MODULES.keys()  # it is commands.check
