"""How Hypothesis makes its cases here: always the same ones, each for as long as it takes."""

import pytest
import torch
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "the same cases everywhere",
    derandomize=True,  # the seed is the test itself
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a case that fails is told as it is: to look for a smaller one takes long
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("the same cases everywhere")


@pytest.fixture(autouse=True, scope="module")
def arithmetic_as_before():
    """Stages that train change how this process computes; tests of other modules compute as they would alone."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)
