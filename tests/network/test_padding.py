"""Padded matrices against the memory behind them."""

import pytest
import torch

from stages.network.padding import ROW, padded


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (16, 32), (17, 9), (1000, 31)])
def test_a_padded_matrix_is_a_copy_in_rows_that_go_on_with_zeros(rows, columns):
    matrices = torch.randn(2, rows, columns, generator=torch.Generator().manual_seed(1))
    found = padded(matrices)
    assert torch.equal(found, matrices)
    memory = found.as_strided((found.untyped_storage().nbytes() // 4,), (1,)).view(2, -1, found.stride(-2))
    assert memory.shape[1] % ROW == memory.shape[2] % ROW == 0
    assert memory.data_ptr() % (4 * ROW) == 0
    assert (memory != 0).sum() == (matrices != 0).sum()
    found.zero_()
    assert matrices.any()
