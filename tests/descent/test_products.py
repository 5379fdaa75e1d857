"""The compiled products against torch in double precision, and training with and without them."""

import os
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from stages.descent.products import CACHED_BYTES, MOST_EXAMPLES, compiled, products_with
from stages.descent.sgd import GradientDescent
from stages.network.perceptron import initialize, stack
from stages.params import Model
from tests.conftest import REPOSITORY

HAS_AVX512 = torch.backends.cpu.get_cpu_capability() == "AVX512"
NEEDS_KERNELS = pytest.mark.usefixtures("kernels")
ROUNDING = 2e-6  # of sums of up to about a thousand products, relative to the sum of absolute values
WIDE = 520  # units; the weights between two such layers exceed CACHED_BYTES


@pytest.fixture(scope="module")
def kernels() -> None:
    if not compiled(10):
        pytest.skip("needs AVX-512 and a C compiler")


def guarded(shape: tuple[int, int], guard: float) -> tuple[Tensor, Tensor]:
    """Return random numbers of `shape`, and the memory around them, which holds `guard`."""
    memory = torch.full((200 + shape[0] * shape[1],), guard)
    return memory[100:-100].view(shape).normal_(generator=torch.Generator().manual_seed(sum(shape))), memory


@NEEDS_KERNELS
@pytest.mark.parametrize("batch", [1, 2, 7, 10, MOST_EXAMPLES])
@pytest.mark.parametrize(("below", "units"), [(1, 1), (3, 16), (31, 17), (32, 32), (66, 95), (65, 1000), (1000, 33)])
def test_products_equal_double_precision_and_write_nothing_else(below, units, batch):
    # using a value read beyond an input gives NaN
    shapes = (batch, below), (below, units), (1, units), (batch, units)
    z, weight, bias, gradient = (guarded(shape, torch.nan)[0] for shape in shapes)
    (s, around_s), (down, around_down) = guarded((batch, units), 7.0), guarded((batch, below), 7.0)
    kernels = compiled(batch)
    kernels.up(below, units, z.data_ptr(), weight.data_ptr(), bias.data_ptr(), 0, s.data_ptr())
    kernels.down(below, units, gradient.data_ptr(), weight.data_ptr(), 3, -1, down.data_ptr())

    z, weight, bias, gradient = (tensor.double() for tensor in (z, weight, bias, gradient))
    assert ((s - (z @ weight + bias)).abs() <= ROUNDING * (z.abs() @ weight.abs() + bias.abs())).all()
    assert ((down - (3 - gradient @ weight.mT)).abs() <= ROUNDING * (3 + gradient.abs() @ weight.mT.abs())).all()
    for memory in (around_s, around_down):
        assert (memory[:100] == 7).all()
        assert (memory[-100:] == 7).all()


@NEEDS_KERNELS
@pytest.mark.parametrize("plus", [0, 1])
@pytest.mark.parametrize("earlier", [1, 24, 36])
@pytest.mark.parametrize("batch", [1, 7, MOST_EXAMPLES])
def test_a_correction_equals_double_precision(batch, earlier, plus):
    generator = torch.Generator().manual_seed(earlier)
    shapes = (WIDE, WIDE), (1, WIDE), (batch, WIDE), (earlier, WIDE), (earlier, 33), (batch, 33)
    weight, bias, rows, before, carried, out = (torch.randn(shape, generator=generator) for shape in shapes)
    correct = products_with(weight, bias, batch).correct
    assert "_thin_products" in correct.__qualname__
    expected = out.double() - (rows.double() @ before.double().mT + plus) @ carried.double()
    correct(plus, rows, before.mT, carried, torch.empty(batch, earlier), out)
    torch.testing.assert_close(out.double(), expected, rtol=0, atol=ROUNDING * earlier * WIDE)


def wide_descent(networks, outputs: Tensor) -> None:
    """Train a stack in place for 24 updates, and fill `outputs` (runs, 240, 9)."""
    generator = torch.Generator().manual_seed(3)
    inputs = torch.rand(1, 240, 40, generator=generator).to(outputs) * 2 - 1
    targets = torch.nn.functional.one_hot(torch.randint(9, (1, 240), generator=generator), 9).to(outputs.dtype)
    descent = GradientDescent(networks, [0.1] * len(outputs), 10, "cross_entropy")
    descent.update(inputs.expand(len(outputs), -1, -1), targets.expand(len(outputs), -1, -1), outputs)


@NEEDS_KERNELS
def test_training_a_wide_network_equals_double_precision():
    network = initialize([40, WIDE, WIDE, WIDE, 9], Model("tanh", "normalized"), seed=1)
    assert network.weights[1].nbytes > CACHED_BYTES
    kernels = products_with(network.weights[1], network.biases[1], 10)
    assert "_thin_products" in kernels.up.__qualname__
    single, double = stack([network], torch.device("cpu")), stack([network], torch.device("cpu"))
    for tensors in (double.weights, double.biases):
        tensors[:] = [tensor.double() for tensor in tensors]
    found, exact = torch.empty(1, 240, 9), torch.empty(1, 240, 9, dtype=torch.float64)
    wide_descent(single, found)
    wide_descent(double, exact)
    assert (exact[:, 200:] - exact[:, :40]).abs().max() > 0.1  # there was something to learn
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=1e-5)
    for weight, expected, before in zip(single.weights, double.weights, network.weights, strict=True):
        torch.testing.assert_close(weight.double(), expected, rtol=0, atol=2e-6)
        assert (expected[0] - before).abs().max() > 1e-3


def run_python(code: str, **variables: str) -> str:
    """Return what a separate process with these environment variables prints."""
    environment, command = os.environ | variables, [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def output_of_products(**variables: str) -> str:
    """Return what a separate process prints about its products with wide weights, and their results."""
    code = (
        "import torch; from stages.descent.products import products_with; "
        f"weight, bias, z = torch.ones({WIDE}, {WIDE}), torch.ones(1, {WIDE}), torch.ones(10, {WIDE}); "
        "s, products = torch.empty_like(z), products_with(weight, bias, 10); products.up(z, s); "
        "print(products.up.__qualname__, s.unique().tolist(), products.down(z).unique().tolist())"
    )
    return run_python(code, **variables)


@pytest.mark.skipif(not HAS_AVX512, reason="needs AVX-512")
@pytest.mark.parametrize(
    ("compiler", "why"),
    [
        ("not-a-compiler", "No such file or directory: 'not-a-compiler'"),
        ("false", "false exits with status 1"),
        ("true", "cannot open shared object file"),
        ('cc "', "No closing quotation"),
    ],
)
def test_without_a_compiler_a_note_is_printed_and_the_library_multiplies(compiler, why):
    output = output_of_products(CC=compiler)
    assert "the products of wide layers could not be compiled" in output
    assert why in output
    assert f"_library_products.<locals>.<lambda> [{WIDE + 1}.0] [{WIDE}.0]" in output


@NEEDS_KERNELS
@pytest.mark.parametrize("compiler", ["", "env cc"])
def test_the_compiler_is_the_command_line_in_cc_or_cc_itself(compiler):
    assert output_of_products(CC=compiler) == f"_thin_products.<locals>.up [{WIDE + 1}.0] [{WIDE}.0]\n"


@pytest.mark.skipif(not HAS_AVX512, reason="needs AVX-512")
def test_without_avx_512_the_library_multiplies():
    output = output_of_products(ATEN_CPU_CAPABILITY="avx2")
    assert output == f"_library_products.<locals>.<lambda> [{WIDE + 1}.0] [{WIDE}.0]\n"


@pytest.mark.skipif(not HAS_AVX512, reason="needs AVX-512")
def test_all_workers_together_compile_once():
    code = (
        "import torch; from tests.benchmarks.bench import STAGE, setting_of, train_on_all_cores; "
        f"train_on_all_cores(STAGE, setting_of({WIDE}, 1, torch.device('cpu')), lambda done, restored: None)"
    )
    assert run_python(code, CC="not-a-compiler").count("the products of wide layers could not be compiled") == 1


@NEEDS_KERNELS
@pytest.mark.parametrize(
    ("shape", "dtype", "batch"),
    [
        ((256, 256), torch.float32, 10),
        ((WIDE, WIDE), torch.float64, 10),
        ((WIDE, WIDE), torch.float32, MOST_EXAMPLES + 1),
        ((2, WIDE, WIDE), torch.float32, 10),
    ],
)
def test_small_weights_other_dtypes_large_batches_and_stacks_use_the_library(shape, dtype, batch):
    weight = torch.rand(shape, dtype=dtype)
    bias, z = torch.rand(*shape[:-2], 1, shape[-1], dtype=dtype), torch.rand(*shape[:-2], batch, shape[-2], dtype=dtype)
    products, s = products_with(weight, bias, batch), torch.empty_like(z)
    assert "_library_products" in products.up.__qualname__
    products.up(z, s)
    torch.testing.assert_close(s, z @ weight + bias)
    torch.testing.assert_close(products.down(z), z @ weight.mT)


@NEEDS_KERNELS
def test_weights_that_are_not_row_major_use_the_library():
    weight, bias, z = torch.rand(WIDE, WIDE).mT, torch.rand(1, WIDE), torch.rand(10, WIDE)
    products, s = products_with(weight, bias, 10), torch.empty(10, WIDE)
    products.up(z, s)
    exact = [tensor.double() for tensor in (z, weight, bias)]
    torch.testing.assert_close(s, (exact[0] @ exact[1] + exact[2]).float())
    torch.testing.assert_close(products.down(z), (exact[0] @ exact[1].mT).float())
