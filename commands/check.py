"""params.yaml checked as a whole, before anything runs: `python -m commands.check`."""

import os

from stages.checking.models import check_models
from stages.checking.sources import check_sources
from stages.network.device import resolve_device
from stages.params import load_params
from stages.running.errors import report_input_errors
from stages.training.executors import VARIABLE


def main() -> None:
    """Say that params.yaml is in order, or what is not."""
    params = load_params()
    check_models(params)
    check_sources(params)
    if os.environ.get(VARIABLE, "local") == "local":  # a cluster has devices of its own
        resolve_device(params.device)
    print(f"params.yaml is in order: {len(params.models)} models on {', '.join(params.datasets)}, scale {params.scale}")


if __name__ == "__main__":
    report_input_errors(main)
