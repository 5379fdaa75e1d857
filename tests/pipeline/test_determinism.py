"""The smoke scale, reproduced twice in circumstances as unlike as one machine allows, gives the same bytes.

Not even the number of threads makes a difference: what is trained is computed by one thread for each run.
"""

import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.pipeline.test_pipeline import state
from tests.publishing.conftest import files
from tests.tiny_project import copy_project, run

pytestmark = pytest.mark.long

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# imported by every Python that finds it: folders then list their entries from the last to the first
REVERSED = '''
import os

forward_names, forward_entries = os.listdir, os.scandir


class Entries(list):
    """What os.scandir gives, from the last to the first."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __next__(self):
        if not self:
            raise StopIteration
        return self.pop()

    def __iter__(self):
        return self

    def close(self):
        self.clear()


def scandir(*folder):
    with forward_entries(*folder) as entries:
        return Entries(entries)


os.listdir = lambda *folder: forward_names(*folder)[::-1]
os.scandir = scandir
os.supports_fd |= {os.listdir, os.scandir}
'''

# what no variable sets: the umask and the cores that the command may use
STARTER = """
import os, sys
umask, cores, *command = sys.argv[1:]
os.umask(int(umask, 8))
if cores:
    os.sched_setaffinity(0, map(int, cores.split(",")))
os.execvp(command[0], command)
"""


@dataclass(frozen=True)
class Circumstances:
    """What surrounds a reproduction and must not show in it."""

    folder: str
    threads: int
    cores: list[int]
    umask: str
    backwards: bool
    variables: dict[str, str]


ONE = Circumstances(
    folder="one",
    threads=1,
    cores=CORES[:1],
    umask="022",
    backwards=False,
    # files are ASCII here where a program does not say otherwise; only what is printed is not
    variables={"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
    | {"PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8", "COLUMNS": "40"},
)
OTHER = Circumstances(
    folder="another one/whose folder is called differently, and lies deeper",
    threads=3,
    cores=CORES[-2:],
    umask="077",
    backwards=True,
    variables={"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "COLUMNS": "300"},
)


def run_in(circumstances: Circumstances, folder: Path, *command: str) -> str:
    """What a command prints there; `folder` is where it runs."""
    variables = {name: str(circumstances.threads) for name in THREADS} | circumstances.variables
    if circumstances.backwards:
        variables["PYTHONPATH"] = str(folder.parent / "backwards")
        (folder.parent / "backwards").mkdir(exist_ok=True)
        (folder.parent / "backwards" / "sitecustomize.py").write_text(REVERSED, encoding="utf-8")
    cores = ",".join(map(str, circumstances.cores))
    return run(folder, sys.executable, "-c", STARTER, circumstances.umask, cores, *command, variables=variables).stdout


def smoke(values: dict) -> None:
    values["scale"] = "smoke"


def reproduced_in(circumstances: Circumstances, folder: Path) -> Path:
    """A repository with a cache of its own, reproduced at the smoke scale from nothing."""
    project = copy_project(folder / circumstances.folder / "difficulty", smoke)
    told = run_in(circumstances, project, "dvc", "repro")
    lock = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))
    assert set(re.findall(r"Running stage '([^']+)'", told)) == lock["stages"].keys()  # none came from a cache
    return project


@pytest.fixture(scope="module")
def twice(tmp_path_factory) -> list[Path]:
    """Two repositories, reproduced side by side: one of them leaves a core idle."""
    folder = tmp_path_factory.mktemp("determinism")
    with ThreadPoolExecutor() as pool:
        return list(pool.map(reproduced_in, (ONE, OTHER), (folder, folder)))


LOOK = """
import json, locale, os, pathlib, shutil, time, torch
listings = [
    os.listdir(),
    [entry.name for entry in os.scandir()],
    next(os.walk("."))[2],
    [entry.name for entry in pathlib.Path().iterdir()],
]
seen = {
    "hash": hash("a"),
    "hour": time.localtime(0).tm_hour,
    "locale": locale.setlocale(locale.LC_ALL, ""),
    "encoding": locale.getpreferredencoding(),
    "columns": shutil.get_terminal_size().columns,
    "threads": torch.get_num_threads(),
    "umask": os.umask(0),
}
print(json.dumps({"listings": listings, "cores": len(getattr(os, "sched_getaffinity", lambda _: [])(0)), "seen": seen}))
"""


def test_the_circumstances_are_unlike(tmp_path):
    """What a Python sees there: the order of a folder's entries, hashes, time, locale, threads, permissions, cores."""
    folder = tmp_path / "listed"
    folder.mkdir()
    for name in ("one", "two", "three", "four", "five", "six", "seven", "eight"):
        (folder / name).touch()
    one, other = (json.loads(run_in(each, folder, "python", "-c", LOOK)) for each in (ONE, OTHER))
    assert sorted(one["listings"][0]) == sorted(file.name for file in folder.iterdir())
    assert other["listings"] == [listing[::-1] for listing in one["listings"]]
    assert not one["seen"].items() & other["seen"].items()
    if len(CORES) < 2:
        pytest.skip("this process may use one core only: all else is unlike")
    assert (one["cores"], other["cores"]) == (1, 2)


def test_every_output_has_the_same_bytes(twice):
    one, other = (yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"] for project in twice)
    outputs = {output["path"] for stage in one.values() for output in stage.get("outs", [])}
    for output in ("data/prepared/shapeset", "data/runs/shapeset/tanh", "reports/site", "reports/metrics.json"):
        assert output in outputs
        assert all(files_of(twice[0] / output).values())
    for output in sorted(outputs):
        first, second = (files_of(project / output) for project in twice)
        assert first.keys() == second.keys()
        assert [file for file in first if first[file] != second[file]] == [], output
    assert one == other


def files_of(output: Path) -> dict[str, bytes]:
    return files(output) if output.is_dir() else {"": output.read_bytes()}


def test_every_file_in_git_has_the_same_bytes(twice):
    """dvc.lock and the figures among them."""
    assert (twice[0] / "reports/figures/shapeset-signals.png").is_file()
    one, other = map(state, twice)
    assert one.keys() == other.keys()
    assert [file for file in one if one[file] != other[file]] == []
