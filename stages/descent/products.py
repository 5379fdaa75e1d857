"""Matrix products of a mini-batch with a layer's weights, for the forward and the backward pass."""

import ctypes
import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from torch import Tensor

from stages.running.errors import say

CACHED_BYTES = 2**20  # weights up to this size stay in a core's cache
MOST_EXAMPLES = 12  # of a mini-batch; the sums of more do not fit the registers of the compiled products
SOURCE = Path(__file__).with_name("thin_products.c")
OPTIONS = ("-O2", "-mavx512f", "-shared", "-fPIC")


class Products(NamedTuple):
    """A layer's matrix products with mini-batches of one size."""

    up: Callable[[Tensor, Tensor], object]
    """up(z, s) fills s (…, batch, units) with zW + b, z (…, batch, units below)"""
    down: Callable[[Tensor], Tensor]
    """down(gradient) returns gradient·Wᵀ (…, batch, units below), always in the same buffer"""
    correct: Callable[[int, Tensor, Tensor, Tensor, Tensor, Tensor], object]
    """correct(plus, rows, earlier, carried, between, out) subtracts (rows·earlier + plus)·carried from `out`

    `rows` (…, batch, n), `earlier` (…, n, m) a transposed view of m such rows, `carried` (…, m, k), `out`
    (…, batch, k); `between` is a buffer (…, batch, m), and `plus` is 0 or 1.
    """


def products_with(weight: Tensor, bias: Tensor, batch_size: int) -> Products:
    """Return the fastest products with `weight` (…, units below, units) and `bias` (…, 1, units).

    Both may change in place between calls.
    """
    by_rows = weight.dim() == 2 and weight.is_contiguous() and bias.is_contiguous()
    wide = not _is_cached(*weight.shape[-2:], weight.dtype)
    if by_rows and wide and weight.device.type == "cpu" and weight.dtype == torch.float32:
        kernels = compiled(batch_size)
        if kernels:
            return _thin_products(kernels, weight, bias, batch_size)
    return _library_products(weight, bias, batch_size)


def prepare(sizes: Sequence[int], batch_size: int) -> None:
    """Compile the products that networks with layers of `sizes` need, for this process and its forks."""
    if not all(_is_cached(below, units, torch.float32) for below, units in pairwise(sizes[1:])):
        compiled(batch_size)


def _library_products(weight: Tensor, bias: Tensor, batch_size: int) -> Products:
    """Return the products of torch."""
    add_product = torch.addmm if weight.dim() == 2 else torch.baddbmm
    *runs, below, _ = weight.shape
    # for weights outside the cache, the transposed product is twice as fast into a column-major buffer
    by_rows = _is_cached(*weight.shape[-2:], weight.dtype)
    room = weight.new_empty(*runs, batch_size, below) if by_rows else weight.new_empty(*runs, below, batch_size).mT
    transposed, one = weight.mT, weight.new_ones(*runs, 1, 1)

    def correct(plus: int, rows: Tensor, earlier: Tensor, carried: Tensor, between: Tensor, out: Tensor) -> None:
        if plus:
            add_product(one, rows, earlier, out=between)
        else:
            torch.matmul(rows, earlier, out=between)
        add_product(out, between, carried, alpha=-1, out=out)

    return Products(
        up=lambda z, s: add_product(bias, z, weight, out=s),
        down=lambda gradient: torch.matmul(gradient, transposed, out=room),
        correct=correct,
    )


def _thin_products(kernels: ctypes.CDLL, weight: Tensor, bias: Tensor, batch_size: int) -> Products:
    """Return the products of thin_products.c; all tensors are contiguous and row-major."""
    below, units = weight.shape
    room = weight.new_empty(batch_size, below)
    go_up, go_down = kernels.up, kernels.down

    def up(z: Tensor, s: Tensor) -> None:
        go_up(below, units, z.data_ptr(), weight.data_ptr(), bias.data_ptr(), 0, s.data_ptr())

    def down(gradient: Tensor) -> Tensor:
        go_down(below, units, gradient.data_ptr(), weight.data_ptr(), 0, 1, room.data_ptr())
        return room

    def correct(plus: int, rows: Tensor, earlier: Tensor, carried: Tensor, between: Tensor, out: Tensor) -> None:
        (n, m), k = earlier.shape, out.shape[1]
        # the transpose of `earlier` is row-major, as the kernel expects
        go_down(m, n, rows.data_ptr(), earlier.data_ptr(), -plus, -1, between.data_ptr())
        at = out.data_ptr()
        go_up(m, k, between.data_ptr(), carried.data_ptr(), at, k, at)

    return Products(up, down, correct)


@cache
def compiled(batch_size: int) -> ctypes.CDLL | None:
    """Return the products of thin_products.c for mini-batches of `batch_size`, or None if they cannot be used.

    They cannot if the mini-batches are too large, the CPU has no AVX-512, or compiling fails, which prints a note.
    """
    if batch_size > MOST_EXAMPLES or torch.backends.cpu.get_cpu_capability() != "AVX512":
        return None
    try:
        with TemporaryDirectory() as folder:
            library, compiler = f"{folder}/thin_products.so", shlex.split(os.environ.get("CC") or "cc")
            command = [*compiler, *OPTIONS, f"-DBATCH={batch_size}", str(SOURCE), "-o", library]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise OSError(done.stderr or f"{compiler[0]} exits with status {done.returncode}")
            kernels = ctypes.CDLL(library)
    except (OSError, ValueError) as error:  # ValueError if CC is not a command line
        why = " ".join(str(error).split())[:200]
        say(f"the products of wide layers could not be compiled ({why}), so training is slower")
        return None
    size, pointer, number = ctypes.c_long, ctypes.c_void_p, ctypes.c_float
    kernels.up.argtypes = [size, size, pointer, pointer, pointer, size, pointer]
    kernels.down.argtypes = [size, size, pointer, pointer, number, number, pointer]
    kernels.up.restype = kernels.down.restype = None
    return kernels


def _is_cached(below: int, units: int, dtype: torch.dtype) -> bool:
    return below * units * dtype.itemsize <= CACHED_BYTES
