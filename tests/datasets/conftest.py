"""What the tests of data sets share."""

import tarfile
from pathlib import Path

import pytest

from tests.conftest import SHARED


@pytest.fixture(scope="session")
def imagenet_sample(tmp_path_factory) -> Path:
    """A folder tree of 1,000 real ImageNet photographs, one of each class of ILSVRC-2012, shrunk to 64 pixels."""
    archive = SHARED / "datasets" / "imagenet-sample.tar.xz"
    if not archive.is_file():
        pytest.skip("the real ImageNet photographs (../shared/datasets/imagenet-sample.tar.xz) are not here")
    folder = tmp_path_factory.mktemp("imagenet-sample")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Let nothing stand between the tests and their server."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    """The folder to fill, from an empty folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"
