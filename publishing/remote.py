"""A read-only DVC remote beside the published page: `dvc pull` downloads the newest edition's results from it."""

from pathlib import Path

from publishing.branch import REMOTE
from stages.datasets.dataset import find_dataset
from stages.params import Params


def write_remote(folder: Path, params: Params) -> None:
    """Copy what the pipeline wrote from DVC's cache to `folder`, but no images that others made."""
    from dvc.repo import Repo  # half a second

    url = {"remote": {REMOTE: {"url": str(folder.resolve())}}}
    with Repo(config=url) as repository:
        stages = [stage.addressing for stage in repository.index.stages]
        repository.push(targets=[stage for stage in stages if not of_others(stage, params)], remote=REMOTE)


def of_others(stage: str, params: Params) -> bool:
    """Whether a stage, by DVC's name, such as `prepare@mnist`, writes the images of a data set that was fetched."""
    name, _, dataset = stage.partition("@")
    return name in ("fetch", "prepare") and dataset in params.datasets and not find_dataset(dataset).endless
