"""The kernels on processors and by compilers that are not this machine's; NEON runs in an emulator."""

import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from stages.descent.cpu_compiler import MOST_EXAMPLES, SOURCE, command_line
from stages.network.activations import ACTIVATIONS

DRIVER = Path(__file__).with_name("descend.c")
ARM = "aarch64-linux-gnu-gcc", "qemu-aarch64"  # Debian's gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user


def missing(*programs: str) -> pytest.MarkDecorator:
    absent = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(absent), reason=f"needs {' and '.join(absent)}")


def numbers(command: list[str], folder: Path, compiler: str, *run: str) -> torch.Tensor:
    """What DRIVER prints, compiled with the options and definitions of `command` for no particular processor."""
    options = [word for word in command[1:] if not word.startswith("-m") and word not in ("-shared", "-fPIC")]
    program = folder / compiler
    subprocess.run([compiler, *options, f"-I{SOURCE.parent}", str(DRIVER), "-lm", "-o", str(program)], check=True)
    printed = subprocess.run([*run, str(program)], check=True, capture_output=True, text=True).stdout
    return torch.tensor([float(number) for number in printed.split()], dtype=torch.float64)


@missing("cc")
@pytest.mark.parametrize(
    ("compiler", "run"),
    [
        pytest.param("clang", (), marks=missing("clang")),
        pytest.param(ARM[0], (ARM[1], "-L", "/usr/aarch64-linux-gnu"), marks=missing(*ARM)),
    ],
    ids=["clang", "NEON"],
)
@pytest.mark.parametrize("batch", [1, 10, MOST_EXAMPLES])
@pytest.mark.parametrize("activation", [name for name, one in ACTIVATIONS.items() if one.compiled])
def test_updates_are_the_same_within_rounding(activation, batch, compiler, run, tmp_path, monkeypatch):
    """As those by this machine's own compiler, which other tests compare with torch."""
    monkeypatch.setenv("CC", "cc")
    command = command_line(activation, "cross_entropy", batch)
    expected, found = numbers(command, tmp_path, "cc"), numbers(command, tmp_path, compiler, *run)
    assert len(found) == 5 * batch * 9 + 37 * 33 + 33 * 16 + 16 * 9
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
