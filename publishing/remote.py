"""A read-only DVC remote beside the published page: `dvc pull` downloads the newest edition's results from it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from stages.datasets.dataset import find_dataset
from stages.params import Params

LAYOUT = "files/md5"  # of DVC's caches and remotes; below it two digits are a folder


def write_remote(folder: Path, params: Params) -> None:
    """Copy what the pipeline wrote from DVC's cache to `folder`, but no images that others made.

    DVC's own `push` would list every file that a full disk refuses, and hide the reason in its log.
    """
    from dvc.repo import Repo  # half a second

    with Repo() as repository:
        cache = Path(repository.cache.local.path)
        outs = [out for out in repository.index.outs if out.use_cache and not of_others(out.stage.addressing, params)]
        for name in {name for out in outs for name in objects(cache, out.hash_info.value)}:
            (folder / LAYOUT / name[:2]).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cache / name[:2] / name[2:], folder / LAYOUT / name[:2] / name[2:])


def objects(cache: Path, name: str) -> Iterator[str]:
    """The names of an output's objects in DVC's cache: its own, and of a folder those of its files."""
    yield name
    if name.endswith(".dir"):
        listed = (cache / name[:2] / name[2:]).read_text(encoding="utf-8")
        yield from (entry["md5"] for entry in json.loads(listed))


def of_others(stage: str, params: Params) -> bool:
    """Whether a stage, by DVC's name, such as `prepare@mnist`, writes the images of a data set that was fetched."""
    name, _, dataset = stage.partition("@")
    return name in ("fetch", "prepare") and dataset in params.datasets and not find_dataset(dataset).endless
