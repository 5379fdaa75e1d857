"""params.yaml checked as a whole, before anything runs: `python -m commands.check`."""

from stages.checking.models import check_models
from stages.checking.sources import check_sources
from stages.params import load_params
from stages.running.errors import report_input_errors


def main() -> None:
    """Say that params.yaml is in order, or what is not."""
    params = load_params()
    check_models(params)
    check_sources(params)
    print(f"params.yaml is in order: {len(params.models)} models on {', '.join(params.datasets)}, scale {params.scale}")


if __name__ == "__main__":
    report_input_errors(main)
