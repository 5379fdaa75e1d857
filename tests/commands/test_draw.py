"""`python -m commands.draw` writes whole archives and sheets, or one line that says why not."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy
import pytest
from PIL import Image

from commands import draw as command
from stages.shapeset.stream import draw

REPOSITORY = Path(__file__).parents[2]


def run(folder: Path, arguments: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "commands.draw", *arguments.split()],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def call(monkeypatch, arguments: str) -> None:
    """Run the command in this process."""
    monkeypatch.setattr(sys, "argv", ["commands.draw", *arguments.split()])
    command.main()


def test_archive_and_sheet(tmp_path):
    result = run(tmp_path, "--seed 3 --split test --start 10 --count 500 --out a/b.npz --sheet c.png")
    assert result.returncode == 0, result.stderr
    expected = draw(3, "test", 10, 500, "cpu")
    with numpy.load(tmp_path / "a" / "b.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].dtype.name for name in arrays} == {
            "images": "uint8",
            "labels": "int64",
            "kinds": "int8",
        }
        for name in arrays:
            assert numpy.array_equal(arrays[name], getattr(expected, name).numpy())
    with Image.open(tmp_path / "c.png") as sheet:
        assert sheet.width > 12 * 64
        assert sheet.height > 9 * 64
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b.npz", "c.png"]


def test_the_same_bytes_whatever_the_batches(tmp_path, monkeypatch):
    call(monkeypatch, f"--count 300 --out {tmp_path}/one.npz --sheet {tmp_path}/one.png")
    monkeypatch.setattr(command, "DRAWN_AT_ONCE", 70)
    call(monkeypatch, f"--count 300 --out {tmp_path}/two.npz --sheet {tmp_path}/two.png")
    for ending in ("npz", "png"):
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.long
def test_memory_does_not_grow_with_the_count():
    """Peak memory after 400,000 images, 400 MiB, is that after 70,000 but for their labels and kinds."""
    program = (
        "import os, resource, torch; from commands.draw import write_images\n"
        "for count in (70_000, 400_000):\n"
        "    with open(os.devnull, 'wb') as file: write_images(file, 0, 'train', 0, count, torch.device('cpu'))\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    few, many = (int(line) for line in result.stdout.split())
    assert many - few < 60 * 1024  # KiB


BAD_ARGUMENTS = {
    "--out x.npz": "--count",
    "--count 5": "--out FILE.npz, --sheet FILE.png or both are needed",
    "--count 0 --out x.npz": "--count 0: at least 1 is needed",
    "--count five --out x.npz": "--count",
    "--count 5 --out x.npz --seed -1": "seed is -1; allowed: a whole number from 0 to 4294967295",
    "--count 5 --out x.npz --start -1": "start is -1",
    "--count 5 --out x.npz --split training": "--split",
    "--count 5 --out x.npz --device tpu": "--device",
    "--count 5 --out x.npz --colour": "--colour",
    "--count 5 --out folder": "folder: is a folder; allowed: a file",
    "--count 5 --sheet x.png --out folder": "folder: is a folder; allowed: a file",
    "--count 5 --sheet x.png --out file/x.npz": "file/x.npz cannot be written",
}


@pytest.mark.parametrize("arguments", BAD_ARGUMENTS)
def test_bad_arguments_are_one_line_and_nothing_is_written(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(command.InputError) as error:
        call(monkeypatch, arguments)
    assert BAD_ARGUMENTS[arguments] in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_an_error_is_one_line_and_a_status(tmp_path):
    result = run(tmp_path, "--count 5 --out x.npz --split training")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "training" in result.stderr
    assert not any(tmp_path.iterdir())


def test_an_interrupted_archive_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call(monkeypatch, f"--count 5 --out {tmp_path}/x.npz")
    assert not any(tmp_path.iterdir())
