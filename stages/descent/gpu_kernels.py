"""The two Triton kernels of a layer of a stack of runs: the forward pass, and the backward pass with the update.

A mini-batch has only a few rows, so moving the weights takes most of an update's time. The forward pass reads them
once. The backward pass reads them once more, back-propagates the gradient through them, and writes the updated ones.

To keep the whole GPU busy, several programs share the sum of a product. Each stores its partial sum, and the last to
finish adds them all, always in the same order, so that the same inputs give the same bits. With PRECISION tf32x3, each
factor is split into a coarse and a fine TF32 number, and three of the four products are summed: all but fine × fine.

`tl.full` replaces `tl.zeros`, which Triton's interpreter cannot call if torch imported Triton first.
"""

import triton
import triton.language as tl
from triton.language.extra import libdevice


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
def times_slope(gradient, z, ACTIVATION: tl.constexpr):
    """Return gradient · f'(s), where z = f(s)."""
    if ACTIVATION == "tanh":
        found = gradient * (1 - z * z)
    elif ACTIVATION == "sigmoid":
        found = gradient * z * (1 - z)
    else:
        tl.static_assert(ACTIVATION == "softsign")
        found = gradient * (1 - tl.abs(z)) * (1 - tl.abs(z))
    return found


@triton.jit
def arrives_last(arrived, PARTS: tl.constexpr):
    """Return whether the other PARTS − 1 programs have stored their partial sums; the last resets the counter."""
    tl.debug_barrier()  # all threads of this program have stored their values
    last = tl.atomic_add(arrived, 1, sem="release") == PARTS - 1
    if last:
        tl.atomic_add(arrived, -PARTS, sem="acquire")
        tl.debug_barrier()  # makes the acquire hold for all threads
    return last


@triton.jit
def arrives_once(arrived):
    """Do almost nothing: a test of whether kernels compile and run."""
    arrives_last(arrived, 1)


@triton.jit
def up(
    below,  # (runs, BATCH, BELOW), contiguous rows
    weight,  # (runs, BELOW, UNITS)
    bias,  # (runs, 1, UNITS)
    above,  # (runs, BATCH, UNITS), contiguous rows: filled with f(below·weight + bias)
    parts,  # buffer (runs, blocks, parts, EXAMPLES, COLUMNS)
    arrived,  # (runs, blocks), all 0
    below_of_run,  # stride from one run to the next
    above_of_run,
    BATCH: tl.constexpr,
    BELOW: tl.constexpr,
    UNITS: tl.constexpr,
    ACTIVATION: tl.constexpr,
    PRECISION: tl.constexpr,
    EXAMPLES: tl.constexpr,  # rows of a matrix product, at least BATCH
    ROWS: tl.constexpr,  # units of the layer below in one step
    COLUMNS: tl.constexpr,  # units in a block
    STEPS: tl.constexpr,  # in one part
    STAGES: tl.constexpr,  # steps whose weights are loaded ahead (pipeline stages)
):
    """Run a layer's forward pass; one program for each (part of the units below, block of units, run)."""
    PARTS: tl.constexpr = (BELOW + ROWS * STEPS - 1) // (ROWS * STEPS)
    part, block, run = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    example, column = tl.arange(0, EXAMPLES), tl.arange(0, COLUMNS)
    unit = block * COLUMNS + column
    there = (example < BATCH)[:, None] & (unit < UNITS)[None, :]
    total = tl.full((EXAMPLES, COLUMNS), 0.0, tl.float32)
    for step in tl.range(0, STEPS, num_stages=STAGES):
        row = (part * STEPS + step) * ROWS + tl.arange(0, ROWS)
        z = tl.load(
            below + run * below_of_run + example[:, None] * BELOW + row[None, :],
            mask=(example < BATCH)[:, None] & (row < BELOW)[None, :],
            other=0.0,
        )
        w = tl.load(
            weight + run * BELOW * UNITS + row[:, None] * UNITS + unit[None, :],
            mask=(row < BELOW)[:, None] & (unit < UNITS)[None, :],
            other=0.0,
        )
        total = tl.dot(z, w, total, input_precision=PRECISION)
    blocks = run * tl.num_programs(1) + block
    parts += blocks * PARTS * EXAMPLES * COLUMNS + example[:, None] * COLUMNS + column[None, :]
    tl.store(parts + part * EXAMPLES * COLUMNS, total, mask=there)
    if arrives_last(arrived + blocks, PARTS):
        total = tl.full((EXAMPLES, COLUMNS), 0.0, tl.float32)
        for other in tl.static_range(PARTS):
            total += tl.load(parts + other * EXAMPLES * COLUMNS, mask=there, other=0.0, cache_modifier=".cg")
        s = total + tl.load(bias + run * UNITS + unit, mask=unit < UNITS, other=0.0)[None, :]
        place = above + run * above_of_run + example[:, None] * UNITS + unit[None, :]
        tl.store(place, activate(s, ACTIVATION), mask=there)


@triton.jit
def down(
    below,  # (runs, BATCH, BELOW), contiguous rows
    weight,  # (runs, BELOW, UNITS): becomes weight − belowᵀ·gradient
    bias,  # (runs, 1, UNITS): becomes bias − Σ gradient
    gradient,  # (runs, BATCH, UNITS), contiguous
    gradient_below,  # (runs, BATCH, BELOW), contiguous: filled with gradient·weightᵀ · f'(s of the layer below)
    parts,  # buffer (runs, blocks, parts, EXAMPLES, ROWS)
    arrived,  # (runs, blocks), all 0
    below_of_run,  # stride from one run to the next
    BATCH: tl.constexpr,
    BELOW: tl.constexpr,
    UNITS: tl.constexpr,
    ACTIVATION: tl.constexpr,  # of the layer below
    PRECISION: tl.constexpr,
    IS_FIRST: tl.constexpr,  # whether the layer below is the input, which needs no gradient
    EXAMPLES: tl.constexpr,  # rows of a matrix product, at least BATCH
    ROWS: tl.constexpr,  # units of the layer below in a block
    COLUMNS: tl.constexpr,  # units in one step
    STEPS: tl.constexpr,  # in one part
):
    """Run a layer's backward pass and update; one program for each (part of the units, block of units below, run)."""
    PARTS: tl.constexpr = (UNITS + COLUMNS * STEPS - 1) // (COLUMNS * STEPS)
    part, block, run = tl.program_id(0), tl.program_id(1), tl.program_id(2).to(tl.int64)
    example, row = tl.arange(0, EXAMPLES), block * ROWS + tl.arange(0, ROWS)
    first = part * STEPS * COLUMNS
    end = tl.minimum(first + STEPS * COLUMNS, UNITS)
    unit = first + tl.arange(0, COLUMNS)
    below += run * below_of_run
    gradient += run * BATCH * UNITS
    bias += run * UNITS
    places = weight + run * BELOW * UNITS + row[:, None] * UNITS + unit[None, :]
    total = tl.full((EXAMPLES, ROWS), 0.0, tl.float32)
    w = tl.load(places, mask=(row < BELOW)[:, None] & (unit < end)[None, :], other=0.0)
    for step in tl.range(0, STEPS, num_stages=1):
        now, after = unit + step * COLUMNS, unit + (step + 1) * COLUMNS
        # loaded one step ahead
        next_w = tl.load(places + (step + 1) * COLUMNS, mask=(row < BELOW)[:, None] & (after < end)[None, :], other=0.0)
        if not IS_FIRST:
            g = tl.load(
                gradient + example[:, None] * UNITS + now[None, :],
                mask=(example < BATCH)[:, None] & (now < end)[None, :],
                other=0.0,
            )
            total = tl.dot(g, tl.trans(w), total, input_precision=PRECISION)
        correction = tl.full((ROWS, COLUMNS), 0.0, tl.float32)
        for one in tl.static_range(BATCH):
            z = tl.load(below + one * BELOW + row, mask=row < BELOW, other=0.0)
            g = tl.load(gradient + one * UNITS + now, mask=now < end, other=0.0)
            correction += z[:, None] * g[None, :]
        tl.store(places + step * COLUMNS, w - correction, mask=(row < BELOW)[:, None] & (now < end)[None, :])
        w = next_w
    if block == 0:
        for step in tl.range(0, STEPS):
            now = unit + step * COLUMNS
            correction = tl.full((COLUMNS,), 0.0, tl.float32)
            for one in tl.static_range(BATCH):
                correction += tl.load(gradient + one * UNITS + now, mask=now < end, other=0.0)
            tl.store(bias + now, tl.load(bias + now, mask=now < end) - correction, mask=now < end)
    if not IS_FIRST:
        there = (example < BATCH)[:, None] & (row < BELOW)[None, :]
        blocks = run * tl.num_programs(1) + block
        parts += blocks * PARTS * EXAMPLES * ROWS + example[:, None] * ROWS + tl.arange(0, ROWS)[None, :]
        tl.store(parts + part * EXAMPLES * ROWS, total, mask=there)
        if arrives_last(arrived + blocks, PARTS):
            total = tl.full((EXAMPLES, ROWS), 0.0, tl.float32)
            for other in tl.static_range(PARTS):
                total += tl.load(parts + other * EXAMPLES * ROWS, mask=there, other=0.0, cache_modifier=".cg")
            z = tl.load(below + example[:, None] * BELOW + row[None, :], mask=there, other=0.0)
            place = gradient_below + run * BATCH * BELOW + example[:, None] * BELOW + row[None, :]
            tl.store(place, times_slope(total, z, ACTIVATION), mask=there)
