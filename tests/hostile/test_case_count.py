"""How many cases there are in all, where `make test-all` runs all of them."""

import importlib
from pathlib import Path

import pytest

LEAST = 2000


@pytest.mark.long
def test_there_are_two_thousand_cases():
    counts = {}
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.hostile.{file.stem}")
        counts |= {
            f"{file.stem}.{name}": test._hypothesis_internal_use_settings.max_examples
            for name, test in vars(module).items()
            if hasattr(test, "_hypothesis_internal_use_settings")
        }
    assert sum(counts.values()) >= LEAST, counts
