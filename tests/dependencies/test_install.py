"""The set-up takes the build of torch that fits the machine; a stand-in for pip records its arguments."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dependencies import install
from tests.conftest import REPOSITORY
from tests.datasets.http_server import falls_silent, refuses, sends, serving

PIP = """
import json, os, pathlib, sys
told = {"arguments": sys.argv[1:], "indexes": os.environ.get("PIP_EXTRA_INDEX_URL")}
pathlib.Path(os.environ["TOLD"]).write_text(json.dumps(told))
sys.exit(int(os.environ.get("STATUS", 0)))
"""
PLAIN = ["install", "--disable-pip-version-check", "--quiet", "--requirement", "requirements.lock"]


@pytest.fixture
def told(tmp_path, monkeypatch) -> Path:
    """The file of what the stand-in for pip is called with, on a Linux machine where nothing is of NVIDIA's."""
    (tmp_path / "stand-in" / "pip").mkdir(parents=True)
    (tmp_path / "stand-in" / "pip" / "__init__.py").touch()
    (tmp_path / "stand-in" / "pip" / "__main__.py").write_text(PIP)
    (tmp_path / "programs").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stand-in"))
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setenv("no_proxy", "*")  # nothing stands between the test and its server
    monkeypatch.delenv("TORCH", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(install, "DRIVER", (tmp_path / "nvidiactl",))
    monkeypatch.chdir(REPOSITORY)
    return tmp_path / "told"


@pytest.fixture
def index(monkeypatch):
    """A server in place of the index of CPU builds."""
    with serving({"/cpu/torch/": sends(b"<a>torch-2.13.0+cpu.whl</a>")}) as server:
        monkeypatch.setattr(install, "CPU_INDEX", f"{server.url}/cpu")
        yield server


def arguments(told: Path) -> list[str]:
    """What pip is called with by a set-up that succeeds."""
    with pytest.raises(SystemExit) as stop:
        install.main()
    assert stop.value.code == 0
    return json.loads(told.read_text())["arguments"]


def with_cpu_index(server) -> list[str]:
    return [*PLAIN[:3], "--extra-index-url", f"{server.url}/cpu", *PLAIN[3:]]


def nvidia_smi(folder: Path, script: str) -> None:
    program = folder / "programs" / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_without_a_gpu_torch_is_the_cpu_build(told, index, capsys):
    assert arguments(told) == with_cpu_index(index)
    note = capsys.readouterr().err
    assert note.count("\n") == 1
    assert "TORCH=cuda" in note


def test_a_tool_that_finds_no_gpu_is_no_gpu(told, index, tmp_path):
    nvidia_smi(tmp_path, "exit 9")
    assert arguments(told) == with_cpu_index(index)


@pytest.mark.parametrize("sign", ["tool", "driver"])
def test_with_a_gpu_torch_is_the_default_build(told, index, tmp_path, sign):
    if sign == "tool":
        nvidia_smi(tmp_path, "exit 0")
    else:
        (tmp_path / "nvidiactl").touch()
    assert arguments(told) == PLAIN
    assert index.asked == []


def test_off_linux_the_default_index_has_the_only_build(told, index, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert arguments(told) == PLAIN
    assert index.asked == []


def test_torch_overrules_what_the_machine_has(told, index, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH", "cuda")
    assert arguments(told) == PLAIN
    nvidia_smi(tmp_path, "exit 0")
    monkeypatch.setenv("TORCH", "cpu")
    assert arguments(told) == with_cpu_index(index)


@pytest.mark.parametrize("route", [refuses(503), falls_silent])
def test_without_the_index_the_default_one_is_used_and_its_price_named(told, index, monkeypatch, capsys, route):
    monkeypatch.setattr(install, "TIMEOUT", 0.5)
    index.routes["/cpu/torch/"] = route
    assert arguments(told) == PLAIN
    note = capsys.readouterr().err
    assert note.count("\n") == 1
    assert note.startswith(f"note: {index.url}/cpu could not be reached (")
    assert "3 GB" in note


def test_without_a_network_the_default_index_is_used(told, monkeypatch, capsys):
    monkeypatch.setattr(install, "CPU_INDEX", "http://127.0.0.1:9/cpu")  # a port where nobody listens
    assert arguments(told) == PLAIN
    assert "could not be reached" in capsys.readouterr().err


def test_indexes_of_the_users_own_are_kept(told, index, monkeypatch):
    """The option is added to what pip reads from its variable and its files."""
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://example.org/simple")
    assert arguments(told) == with_cpu_index(index)
    assert json.loads(told.read_text())["indexes"] == "https://example.org/simple"


@pytest.fixture
def clone(told, tmp_path, monkeypatch) -> Path:
    """A folder to set up, where the new environment's Python has no packages but the stand-in."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(REPOSITORY / name, folder)
    for name in ("dependencies", "stages"):
        (folder / name).symlink_to(REPOSITORY / name)
    python = folder / "python"
    python.write_text(
        f"""#!/bin/sh
if [ "$2" = venv ]; then
    mkdir -p .venv/bin
    printf '#!/bin/sh\\nexec {sys.executable} -S "$@"\\n' > .venv/bin/python
    chmod +x .venv/bin/python
fi
"""
    )
    python.chmod(0o755)
    monkeypatch.setenv("PATH", os.defpath)
    return folder


def make(clone: Path, *variables: str) -> subprocess.CompletedProcess:
    command = ["make", "setup", "PYTHON=./python", *variables]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)


def test_make_sets_up_once(clone, told):
    assert make(clone, "TORCH=cuda").returncode == 0
    assert json.loads(told.read_text())["arguments"] == PLAIN
    assert (clone / ".venv" / "complete").exists()
    told.unlink()
    assert make(clone, "TORCH=cuda").returncode == 0
    assert not told.exists()


def test_make_names_what_torch_may_be(clone, told):
    done = make(clone, "TORCH=rocm")
    assert done.returncode != 0
    assert [line for line in done.stderr.splitlines() if not line.startswith(("make: ", "make["))] == [
        "error: TORCH is 'rocm'; allowed: cuda, cpu, or nothing for the one that fits this machine"
    ]
    assert not told.exists()


def test_what_pip_could_not_install_is_not_complete(clone, monkeypatch):
    monkeypatch.setenv("STATUS", "1")
    assert make(clone, "TORCH=cuda").returncode != 0
    assert not (clone / ".venv" / "complete").exists()
