"""What the tests share: where the repository and the optional reference material lie."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.tiny_project"]

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared"


def pytest_configure() -> None:
    """Give each process of the tests one thread, before any library reads how many: there is a process for each core.

    Small products in more threads than there are free cores take up to thirty times as long.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def author_shapeset() -> Path:
    """The folder with the images and scenes that the author's own generator drew."""
    folder = SHARED / "reference" / "shapeset"
    if not folder.is_dir():
        pytest.skip("the author's Shapeset images (../shared/reference/shapeset) are not here")
    return folder
