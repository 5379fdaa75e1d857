"""Matrices whose memory is padded with zeros to whole vector registers of a CPU."""

from torch import Tensor

ROW = 16  # numbers: a cache line of float32, and the widest vector register


def padded(matrices: Tensor) -> Tensor:
    """Return a copy of `matrices` (…, rows, columns): a view of zero-padded memory with multiples of ROW in both."""
    *stacked, rows, columns = matrices.shape
    room = matrices.new_zeros(*stacked, -(-rows // ROW) * ROW, -(-columns // ROW) * ROW)[..., :rows, :columns]
    return room.copy_(matrices)
