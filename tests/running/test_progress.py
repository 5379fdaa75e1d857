"""The bar of a search: drawn over itself in a terminal, lines in a log."""

import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress

from stages.running import progress
from tests.conftest import REPOSITORY

HALF = """
from stages.running.progress import progress_bar
with progress_bar("shapeset tanh", 2000) as bar:
    bar.update(1000)
"""


def test_in_a_log_the_bar_is_whole_lines(capsys, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    with progress.progress_bar("shapeset tanh", 2000) as bar:
        for _ in range(4):
            bar.update(500)
    lines = capsys.readouterr().err.split("\n")
    assert lines.pop() == ""
    assert not any("\r" in line or not line.strip() for line in lines)
    for share in (0, 25, 50, 75, 100):
        assert any(line.startswith(f"shapeset tanh: {share:3d}%") for line in lines)
    assert "/2.00k" in lines[0]
    assert "updates/s" in lines[-1]


def test_lines_are_rare(capsys):
    with progress.progress_bar("shapeset tanh", 2000) as bar:
        for _ in range(2000):
            bar.update(1)
    assert len(capsys.readouterr().err.splitlines()) <= 3


def test_in_a_terminal_it_is_drawn_over_itself():
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 100))
    subprocess.run([sys.executable, "-c", HALF], cwd=REPOSITORY, stderr=follower, check=True)
    os.close(follower)
    shown = b""
    with suppress(OSError):  # which says that nobody has the other end any more
        while part := os.read(leader, 4096):
            shown += part
    os.close(leader)
    assert b"\r" in shown.rstrip()
    assert "50%" in shown.decode()


def test_restored_updates_count_as_done_but_not_towards_the_rate(capsys):
    with progress.progress_bar("shapeset tanh", 2000) as bar:
        for restored in (1500, 0):
            progress.advance(bar, 100, restored)
        assert bar.n == 1700
        assert bar.format_dict["initial"] == 1500
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note")]
    assert notes == ["note: shapeset tanh resumes from its checkpoints: 1,500 of 2,000 updates are done"]
