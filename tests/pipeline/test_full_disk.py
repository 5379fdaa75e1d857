"""A disk that runs full, or that may not be written to: one line says so, and every output is complete or absent.

The disk is a small one in memory, which takes root to mount.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.datasets.http_server import sends, serving
from tests.datasets.raw_files import mnist_settings, write_mnist
from tests.pipeline.stage_server import StageServer
from tests.publishing.conftest import files
from tests.tiny_project import run

pytestmark = pytest.mark.long

SIZE = 64 * 2**20  # bytes of the disk
PAGE = 4096  # bytes of which it is made
FULL, READ_ONLY = "No space left on device", "Read-only file system"
SHARES = (0, 0.5, 0.95)  # of the room that a stage needs: it runs full in its first file, or in later ones
OUTPUTS = {
    "prepare shapeset": ["data/prepared/shapeset"],
    "validate shapeset": ["reports/data_docs/shapeset", "data/validated/shapeset.json"],
    "train shapeset tanh": ["data/runs/shapeset/tanh"],
    "measure shapeset tanh": ["data/measured/shapeset/tanh"],
    "svm shapeset": ["data/svm/shapeset"],
    "surfaces": ["data/surfaces"],
    "judge": ["reports/claims.json", "reports/table1.csv", "reports/metrics.json", "reports/plots", "reports/judged"],
    "render": ["reports/site", "reports/summary.md", "reports/figures"],
}
OF_MNIST = {"fetch mnist": ["data/raw/mnist"], "prepare mnist": ["data/prepared/mnist"]}


@pytest.fixture(scope="module")
def disk(tmp_path_factory) -> Iterator[Path]:
    """The folder where the disk is mounted."""
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"a disk of its own cannot be mounted: {error}")
    if mounted.returncode != 0:
        pytest.skip(f"a disk of its own cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def on_disk(reproduced, disk, tmp_path_factory) -> Path:
    """The reproduced project's clone on the disk, whose cache of DVC's lies elsewhere."""
    run(disk, "git", "clone", "-q", str(reproduced), "difficulty")
    folder = disk / "difficulty"
    cache = shutil.copytree(reproduced / ".dvc" / "cache", tmp_path_factory.mktemp("cache"), dirs_exist_ok=True)
    run(folder, "dvc", "cache", "dir", "--local", str(cache))
    run(folder, "dvc", "checkout", "-q")
    # training asks beforehand for more room for these than this disk has
    (folder / "data" / "checkpoints").symlink_to(tmp_path_factory.mktemp("checkpoints"), target_is_directory=True)
    return folder


@pytest.fixture(autouse=True)
def room(disk) -> Iterator[None]:
    """Leave the disk as good as it was."""
    yield
    free(disk)


@pytest.fixture
def small_mnist(disk, tmp_path) -> Path:
    """A folder on the disk with the parameters of a small MNIST, whose files are on another one."""
    values = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    values["mnist"] = asdict(mnist_settings(write_mnist(tmp_path / "mirror")))
    folder = disk / "mnist"
    folder.mkdir(exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return folder


@contextmanager
def serving_stage(folder: Path, name: str, log: Path) -> Iterator[StageServer]:
    """Run a stage without DVC in the block; nothing but its outputs takes room."""
    server = StageServer(folder, name, log)
    try:
        yield server
    finally:
        server.end()


def succeed(server: StageServer) -> None:
    status, said = server.run()
    assert status == 0, said


def leave(disk: Path, room: int) -> None:
    """Fill the disk until `room` bytes are left."""
    free(disk)
    state = os.statvfs(disk)
    with (disk / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, state.f_bavail * state.f_frsize - room)


def free(disk: Path) -> None:
    (disk / "filler").unlink(missing_ok=True)


def content(output: Path) -> dict[str, bytes] | bytes | None:
    """What an output is: its files, its bytes, or nothing where it is absent."""
    if output.is_dir():
        return files(output)
    return output.read_bytes() if output.exists() else None


def pages(output: Path) -> int:
    """The room that an output takes, in pages."""
    lying = [file for file in output.rglob("*") if file.is_file()] if output.is_dir() else [output]
    return sum(-(-file.stat().st_size // PAGE) for file in lying)


def remove(output: Path) -> None:
    if output.is_dir():
        shutil.rmtree(output)
    else:
        output.unlink(missing_ok=True)


def error_line(status: int, said: str) -> str:
    """The one line that the error is, after whatever progress was shown."""
    *before, last = said.splitlines()
    assert status == 1, said
    assert last.startswith("error: "), said
    assert not [line for line in before if line.startswith("error:") or "Traceback" in line], said
    return last


def check_stage(disk: Path, folder: Path, server: StageServer, outputs: list[str]) -> None:
    """Run a stage whose outputs lie there: with too little room, on a disk that is read-only, and at last with room."""
    whole = {output: content(folder / output) for output in outputs}
    needed = sum(pages(folder / output) for output in outputs)

    def fails(why: str, room: int) -> None:
        line = error_line(*server.run())
        assert why in line, room
        assert any(name in line for name in (*outputs, "data/locks/")), line
        assert all(content(folder / output) in (None, whole[output]) for output in outputs), room
        assert not list(folder.rglob("*.unfinished*")), room

    for share in SHARES:
        leave(disk, PAGE * int(share * needed))
        fails(FULL, room=PAGE * int(share * needed))
        for output in outputs:
            remove(folder / output)
    free(disk)
    try:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        fails(READ_ONLY, room=SIZE)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert all(content(folder / output) is None for output in outputs)
    succeed(server)
    assert {output: content(folder / output) for output in outputs} == whole


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_stage_leaves_whole_outputs_or_none_and_succeeds_when_there_is_room(disk, on_disk, name, tmp_path):
    with serving_stage(on_disk, name, tmp_path / "log") as server:
        check_stage(disk, on_disk, server, OUTPUTS[name])


@pytest.mark.parametrize("name", OF_MNIST)
def test_so_do_those_of_a_data_set_that_has_files(disk, small_mnist, name, tmp_path):
    with (
        serving_stage(small_mnist, "fetch mnist", tmp_path / "log") as fetch,
        serving_stage(small_mnist, name, tmp_path / "log of it") as server,
    ):
        succeed(fetch)
        succeed(server)
        check_stage(disk, small_mnist, server, OF_MNIST[name])


def test_a_download_leaves_nothing_either(disk, small_mnist, tmp_path):
    content_of = {f"/{file.name}": file.read_bytes() for file in (tmp_path / "mirror").iterdir()}
    with serving({path: sends(packed) for path, packed in content_of.items()}) as server:
        values = yaml.safe_load((small_mnist / "params.yaml").read_text(encoding="utf-8"))
        values["mnist"]["source"] = [server.url]
        (small_mnist / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
        with serving_stage(small_mnist, "fetch mnist", tmp_path / "log") as fetch:
            succeed(fetch)
            check_stage(disk, small_mnist, fetch, OF_MNIST["fetch mnist"])


def test_the_site_is_published_whole_or_not_at_all(disk, on_disk):
    publish = partial(run, on_disk, "python", "-m", "publishing.site", variables={"PYTHONDONTWRITEBYTECODE": "1"})
    public = on_disk / "public"
    publish()
    whole, needed = content(public), pages(public)
    for share in SHARES:
        leave(disk, PAGE * int(share * needed))
        done = publish(succeeds=False)
        line = error_line(done.returncode, done.stderr)
        assert FULL in line
        assert line.startswith(("error: public: ", "error: .dvc: "))  # where DVC has to write first
        assert content(public) in (None, whole)
        assert not (on_disk / ".public.unfinished").exists()
        shutil.rmtree(public, ignore_errors=True)
        (on_disk / ".dvc" / "tmp" / "rwlock").unlink(missing_ok=True)  # of DVC's own, which it may leave half-written
    free(disk)
    publish()
    assert content(public) == whole


def test_a_damaged_lock_of_dvcs_is_named_with_what_to_do(on_disk):
    lock = on_disk / ".dvc" / "tmp" / "rwlock"
    lock.write_text('{"data/prep', encoding="utf-8")
    publish = partial(run, on_disk, "python", "-m", "publishing.site")
    done = publish(succeeds=False)
    assert error_line(done.returncode, done.stderr).startswith("error: .dvc/tmp/rwlock: damaged")
    lock.unlink()
    publish()
