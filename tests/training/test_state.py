"""A state comes back from its bytes as it was."""

import math

import numpy as np
import pandas as pd
import torch

from stages.training.state import State, pack, unpack

TABLE = pd.DataFrame({"layer": [1, 2], "density": [0.1, 1 / 3], "quantity": ["activation", "σ"]})
STATE = State(
    pretrained=None,
    updates=7,
    run_updates=14,
    changed=[torch.arange(6.0).reshape(2, 3) / 7, torch.tensor(3), torch.zeros(0, 2)],
    generators=[torch.Generator().manual_seed(3).get_state()],
    initial=[{"weight_2": np.float32([[1e-42, -0.0]]), "bias_1": np.float32([np.inf])}, {}],
    kept=[{"weight_2": np.float32([[2e-45, np.nan]]), "bias_1": np.float32([-0.0])}, {"bias_3": np.float32([1 / 3])}],
    observations=[
        [
            {"update": 0, "histograms": TABLE, "layers": [{"layer": 1, "std": 0.1 + 0.2}], "error": math.nan},
            {"update": 7, "histograms": TABLE * 2, "error": 1e-320},
        ],
        [],
    ],
)


def test_a_state_comes_back_with_the_same_bits():
    found = unpack(pack(STATE))
    assert (found.pretrained, found.updates, found.run_updates) == (None, 7, 14)
    for before, after in zip([*STATE.changed, *STATE.generators], [*found.changed, *found.generators], strict=True):
        assert before.dtype == after.dtype
        assert torch.equal(before, after)
    assert [list(arrays) for arrays in found.initial] == [["weight_2", "bias_1"], []]
    assert [list(arrays) for arrays in found.kept] == [["weight_2", "bias_1"], ["bias_3"]]
    for moment in ("initial", "kept"):
        for before, after in zip(getattr(STATE, moment), getattr(found, moment), strict=True):
            assert {name: array.tobytes() for name, array in before.items()} == {
                name: array.tobytes() for name, array in after.items()
            }
    assert [len(of_run) for of_run in found.observations] == [2, 0]
    for before, after in zip(STATE.observations[0], found.observations[0], strict=True):
        assert list(before) == list(after)
        pd.testing.assert_frame_equal(before["histograms"], after["histograms"], check_exact=True)
        assert repr({**before, "histograms": None}) == repr({**after, "histograms": None})
