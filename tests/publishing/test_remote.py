"""The published results come back through DVC over plain HTTP, and nothing that others made is published."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from publishing.remote import of_others
from stages.params import load_params
from tests.conftest import REPOSITORY
from tests.publishing.conftest import files
from tests.tiny_project import edit, run


class Quiet(SimpleHTTPRequestHandler):
    """Serves files as a plain web server does, and logs nothing."""

    def log_message(self, *_) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a web server that serves `folder`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_new_clone_pulls_all_results_and_has_nothing_to_run(clone, tmp_path):
    run(clone, "python", "-m", "publishing.site")
    run(tmp_path, "git", "clone", "-q", "origin.git", "elsewhere")
    elsewhere = tmp_path / "elsewhere"
    with served(clone / "public") as address:
        run(elsewhere, "dvc", "remote", "add", "published", f"{address}/dvc")
        run(elsewhere, "dvc", "pull", "--remote", "published", "--allow-missing")
    results = {
        name: content for name, content in files(clone / "data").items() if name[:5] in ("runs/", "measu", "svm/s")
    }
    assert results.items() <= files(elsewhere / "data").items()
    assert any(name.endswith(".safetensors") for name in results)
    assert (elsewhere / "reports/site/index.html").read_bytes() == (clone / "reports/site/index.html").read_bytes()
    assert run(elsewhere, "dvc", "status").stdout == "Data and pipelines are up to date.\n"
    done = run(elsewhere, "dvc", "repro").stdout
    assert "Running stage" not in done


def test_the_branch_of_editions_does_not_keep_the_remote(clone, tmp_path):
    run(clone, "python", "-m", "publishing.site")
    assert any((clone / "public/dvc").rglob("*"))
    run(clone, "make", "keep")
    kept = run(tmp_path / "origin.git", "git", "ls-tree", "-r", "--name-only", "pages").stdout.split()
    assert "index.html" in kept
    assert [name for name in kept if name.startswith("dvc/")] == []


@pytest.mark.parametrize(
    ("stage", "is_of_others"),
    [
        ("fetch@mnist", True),
        ("prepare@mnist", True),
        ("prepare@shapeset", False),
        ("train@mnist-tanh", False),
        ("judge", False),
    ],
)
def test_images_that_others_made_are_not_published(tmp_path, stage, is_of_others):
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    edit(tmp_path, lambda values: values["datasets"].append("mnist"))
    assert of_others(stage, load_params(tmp_path / "params.yaml")) is is_of_others
