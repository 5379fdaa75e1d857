"""Whether the files of the data sets can be there, before any stage runs."""

import os
from pathlib import Path

from stages.params import Params
from stages.running.download import is_url
from stages.running.errors import InputError

RAW = Path("data/raw")  # where `fetch` leaves a data set; DVC brings it back without the source


def check_sources(params: Params) -> None:
    """Raise InputError for the first data set whose sources are all local, and none of them is there."""
    for dataset in params.datasets:
        source = getattr(params, dataset).source
        places = [] if source == "none" else source if isinstance(source, list) else [source]
        if places and not (RAW / dataset).exists() and not any(is_url(one) or os.path.exists(one) for one in places):
            raise InputError(
                f"params.yaml: {dataset}.source is {' and '.join(places)}, which is not there; allowed: a file or "
                "folder of this machine, or a URL where a data set has one (docs/data-sets.md)"
            )
