"""The shipped scales."""

from stages.params import load_params
from tests.conftest import REPOSITORY


def test_paper_scale_is_the_papers():
    scale = load_params(REPOSITORY / "params.yaml").scales["paper"]
    assert (scale.hidden_units, scale.hidden_layers) == (1000, [1, 2, 3, 4, 5])
    assert set(scale.updates.values()) == {5_000_000}
    assert (scale.batch_size, scale.monitored_examples) == (10, 300)
    assert scale.svm.examples["shapeset"] == 100_000
