"""A layer's work at one update of a stack of runs on a GPU, as two Triton kernels that read the weights once each.

A mini-batch is thin, a few rows, so that the time of an update is that of moving the weights. On the way up a block
takes some units of a layer and goes through all units below; on the way down it takes some of the units below and goes
through all of the layer's, sends the gradient down by the weights as they were, and writes the corrected ones back.
So an update reads all weights twice and writes them once. Each thread keeps sums for every row of the mini-batch in
registers and has the weights of the next steps under way, and all arithmetic is that of float32.

Where kernels may overlap (`OVERLAP`, of compute capability 9.0 on), a kernel begins while the one before it is ending,
and asks for its first weights before it waits for it.
"""

# ruff: noqa: RUF005 -- Triton's Python has no stars in tuples

import triton
import triton.language as tl
from triton.language.extra import libdevice
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait


@triton.jit
def activate(s, ACTIVATION: tl.constexpr):
    """Return f(s)."""
    if ACTIVATION == "tanh":
        z = libdevice.tanh(s)
    elif ACTIVATION == "sigmoid":
        z = 1 / (1 + tl.exp(-s))
    elif ACTIVATION == "softsign":
        z = s / (1 + tl.abs(s))
    else:
        tl.static_assert(ACTIVATION == "identity")
        z = s
    return z


@triton.jit
def slope(z, ACTIVATION: tl.constexpr):
    """Return f'(s) from z = f(s)."""
    if ACTIVATION == "tanh":
        found = 1 - z * z
    elif ACTIVATION == "sigmoid":
        found = z * (1 - z)
    elif ACTIVATION == "softsign":
        found = (1 - tl.abs(z)) * (1 - tl.abs(z))
    else:
        tl.static_assert(ACTIVATION == "identity")
        found = z * 0 + 1
    return found


@triton.jit
def up(
    below,  # (runs, BATCH, BELOW), rows without gaps
    weight,  # (runs, BELOW, UNITS)
    bias,  # (runs, 1, UNITS)
    above,  # (runs, BATCH, UNITS), rows without gaps: filled with f(below·weight + bias)
    below_of_run,  # numbers from one run to the next
    above_of_run,
    BATCH: tl.constexpr,
    BELOW: tl.constexpr,
    UNITS: tl.constexpr,
    ACTIVATION: tl.constexpr,
    ROWS: tl.constexpr,  # units below of one step
    COLUMNS: tl.constexpr,  # units of a block
    STEPS: tl.constexpr,  # whose weights are under way together
    OVERLAP: tl.constexpr,
    FIRST: tl.constexpr,  # whether the kernel before this one wrote these weights
):
    """Go up through a layer; a program for every (block of units, run)."""
    run = tl.program_id(1).to(tl.int64)
    unit = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    row = tl.arange(0, ROWS)
    below += run * below_of_run
    places = weight + run * BELOW * UNITS + row[:, None] * UNITS + unit[None, :]
    if OVERLAP and FIRST:
        gdc_wait()
    weights = ()
    for step in tl.static_range(STEPS):
        there = (step * ROWS + row < BELOW)[:, None] & (unit < UNITS)[None, :]
        weights = weights + (tl.load(places + step * ROWS * UNITS, mask=there, other=0.0),)
    if OVERLAP:
        if not FIRST:
            gdc_wait()
        gdc_launch_dependents()
    z = ()
    for example in tl.static_range(BATCH):
        z = z + (tl.load(below + example * BELOW + row, mask=row < BELOW, other=0.0),)
    sums = (tl.zeros((ROWS, COLUMNS), tl.float32),) * BATCH
    for start in tl.range(0, BELOW, ROWS * STEPS):
        next_weights = ()
        for step in tl.static_range(STEPS):
            now = start + step * ROWS
            there = (now + STEPS * ROWS + row < BELOW)[:, None] & (unit < UNITS)[None, :]
            next_weights = next_weights + (tl.load(places + (now + STEPS * ROWS) * UNITS, mask=there, other=0.0),)
            next_z = ()
            for example in tl.static_range(BATCH):
                place = below + example * BELOW + now + ROWS + row
                next_z = next_z + (tl.load(place, mask=now + ROWS + row < BELOW, other=0.0),)
            next_sums = ()
            for example in tl.static_range(BATCH):
                next_sums = next_sums + (sums[example] + z[example][:, None] * weights[step],)
            z, sums = next_z, next_sums
        weights = next_weights
    shift = tl.load(bias + run * UNITS + unit, mask=unit < UNITS)
    for example in tl.static_range(BATCH):
        s = tl.sum(sums[example], 0) + shift
        place = above + run * above_of_run + example * UNITS + unit
        tl.store(place, activate(s, ACTIVATION), mask=unit < UNITS)


@triton.jit
def down(
    below,  # (runs, BATCH, BELOW), rows without gaps
    weight,  # (runs, BELOW, UNITS): becomes weight − belowᵀ·gradient
    bias,  # (runs, 1, UNITS): becomes bias − Σ gradient
    gradient,  # (runs, BATCH, UNITS), without gaps
    gradient_below,  # (runs, BATCH, BELOW), without gaps: filled with gradient·weightᵀ · f'
    below_of_run,  # numbers from one run to the next
    BATCH: tl.constexpr,
    BELOW: tl.constexpr,
    UNITS: tl.constexpr,
    ACTIVATION: tl.constexpr,  # of the layer below
    ROWS: tl.constexpr,  # units below of a block
    COLUMNS: tl.constexpr,  # units of one step
    STEPS: tl.constexpr,  # whose weights are under way together
    OVERLAP: tl.constexpr,
    LAST: tl.constexpr,  # whether what is below are the inputs, which need no gradient
):
    """Go down through a layer and correct it; a program for every (block of units below, run)."""
    run = tl.program_id(1).to(tl.int64)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.arange(0, COLUMNS)
    below += run * below_of_run
    bias += run * UNITS
    gradient += run * BATCH * UNITS
    places = weight + run * BELOW * UNITS + row[:, None] * UNITS + column[None, :]
    weights = ()
    for step in tl.static_range(STEPS):
        there = (row < BELOW)[:, None] & (step * COLUMNS + column < UNITS)[None, :]
        weights = weights + (tl.load(places + step * COLUMNS, mask=there, other=0.0),)
    if OVERLAP:
        gdc_wait()
        gdc_launch_dependents()
    z = ()
    for example in tl.static_range(BATCH):
        z = z + (tl.load(below + example * BELOW + row, mask=row < BELOW, other=0.0),)
    sums = (tl.zeros((ROWS, COLUMNS), tl.float32),) * BATCH
    for start in tl.range(0, UNITS, COLUMNS * STEPS):
        next_weights = ()
        for step in tl.static_range(STEPS):
            now = start + step * COLUMNS
            there = (row < BELOW)[:, None] & (now + STEPS * COLUMNS + column < UNITS)[None, :]
            next_weights = next_weights + (tl.load(places + now + STEPS * COLUMNS, mask=there, other=0.0),)
            correction = tl.zeros((ROWS, COLUMNS), tl.float32)
            next_sums = ()
            for example in tl.static_range(BATCH):
                place = gradient + example * UNITS + now + column
                g = tl.load(place, mask=now + column < UNITS, other=0.0)
                correction += z[example][:, None] * g[None, :]
                if not LAST:
                    next_sums = next_sums + (sums[example] + weights[step] * g[None, :],)
            if not LAST:
                sums = next_sums
            there = (row < BELOW)[:, None] & (now + column < UNITS)[None, :]
            tl.store(places + now, weights[step] - correction, mask=there)
        weights = next_weights
    if not LAST:
        for example in tl.static_range(BATCH):
            g = tl.sum(sums[example], 1) * slope(z[example], ACTIVATION)
            tl.store(gradient_below + (run * BATCH + example) * BELOW + row, g, mask=row < BELOW)
    if tl.program_id(0) == 0:
        for now in tl.range(0, UNITS, COLUMNS):
            unit = now + column
            total = tl.zeros((COLUMNS,), tl.float32)
            for example in tl.static_range(BATCH):
                total += tl.load(gradient + example * UNITS + unit, mask=unit < UNITS, other=0.0)
            tl.store(bias + unit, tl.load(bias + unit, mask=unit < UNITS) - total, mask=unit < UNITS)
