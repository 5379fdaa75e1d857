"""The audit of the pinned packages says in one line why it was skipped; where it was not, pip-audit has the word."""

import subprocess
from types import SimpleNamespace

import pytest

from dependencies import audit
from dependencies.lock import pinned
from tests.conftest import REPOSITORY
from tests.datasets.http_server import refuses, sends, serving

LOCK = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
OF_REQUESTS = f"/requests/{pinned(LOCK)['requests']}"


@pytest.fixture
def asked(monkeypatch):
    """The commands that were run in place of pip-audit, which finds something."""
    commands = []

    def run(command, check):
        commands.append(command)
        return SimpleNamespace(returncode=1)

    monkeypatch.setenv("no_proxy", "*")  # nothing stands between the test and its server
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr(subprocess, "run", run)
    return commands


@pytest.mark.parametrize("route", [refuses(404), sends(b"<html>Sign in</html>"), sends(b'{"info": {}}')])
def test_without_the_database_it_is_skipped_in_one_line(asked, monkeypatch, capsys, route):
    with serving({OF_REQUESTS: route}) as server:
        monkeypatch.setattr(audit, "DATABASE", server.url + "/{name}/{version}")
        audit.main()
        assert server.asked == [OF_REQUESTS]
    told = capsys.readouterr().out
    assert told.startswith("audit skipped: ")
    assert told.count("\n") == 1
    assert asked == []


def test_without_a_network_it_is_skipped_in_one_line(asked, monkeypatch, capsys):
    monkeypatch.setattr(audit, "DATABASE", "http://127.0.0.1:9/{name}/{version}")  # a port where nobody listens
    audit.main()
    told = capsys.readouterr().out
    assert told.startswith("audit skipped: the database cannot be reached (")
    assert told.count("\n") == 1
    assert asked == []


def test_what_pip_audit_finds_is_the_exit_status(asked, monkeypatch):
    with serving({OF_REQUESTS: sends(b'{"vulnerabilities": []}')}) as server:
        monkeypatch.setattr(audit, "DATABASE", server.url + "/{name}/{version}")
        with pytest.raises(SystemExit) as stop:
            audit.main()
    assert stop.value.code == 1
    assert asked[0][-2:] == ["--requirement", "requirements.lock"]


def test_every_line_of_the_lock_is_read():
    assert len(pinned(LOCK)) == len(LOCK.splitlines())
    assert pinned('pygame==2.6.1; python_version < "3.14"\n') == {"pygame": "2.6.1"}
