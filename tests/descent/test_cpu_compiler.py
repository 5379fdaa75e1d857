"""The compiled kernels: what is compiled when, what is checked, and which memory they touch."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from stages.descent import cpu_compiler
from stages.descent.cpu_compiler import FOLDER, MOST_EXAMPLES, SOURCE, compiled
from stages.descent.cpu_descent import CpuDescent
from stages.descent.forms import gradient_descent
from stages.descent.sgd import GradientDescent
from stages.network.activations import ACTIVATIONS
from stages.network.perceptron import initialize, stack
from stages.params import Model
from tests.conftest import REPOSITORY
from tests.descent.forms import COMPILED, ORDER, kernels

CPU = torch.device("cpu")
# what a process that computes with several threads prints of the kernels for tanh, and the notes
SHOW = (
    "import torch; torch.rand(900, 900).mm(torch.rand(900, 900)); from stages.descent.cpu_compiler import compiled; "
    "print(compiled('tanh', 'cross_entropy', 10) is not None)"
)


WRONG, SLOW = "they do not compute what torch does", "their check takes longer than 5 s"


def run_python(code: str, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run `code` in a process of its own, in `folder`, with these environment variables."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)} | variables
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def script(folder: Path, text: str) -> str:
    """A compiler that is this shell script."""
    file = folder / "compiler"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


def is_running(process: int) -> bool:
    """Whether there is such a process, and it is not only waiting to be reaped."""
    file = Path(f"/proc/{process}/stat")
    return file.exists() and file.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def needs_compiler():
    kernels("DEFAULT", "tanh", "cross_entropy", 10)


@pytest.mark.parametrize(
    ("compiler", "why"),
    [
        ("not-a-compiler", "No such file or directory: 'not-a-compiler'"),
        ("false", "false exits with status 1"),
        ("true", "cannot open shared object file"),
        ('cc "', "No closing quotation"),
    ],
)
def test_without_a_compiler_one_line_says_what_it_costs_and_torch_trains(compiler, why, tmp_path):
    done = run_python(SHOW, tmp_path, CC=compiler)
    assert done.stdout == "False\n"
    assert done.stderr.count("\n") == 1
    assert why in done.stderr
    assert "1.7 times as long" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("s/rate \\* (COST_GRADIENT/1.01f * rate * (COST_GRADIENT/", WRONG),
        ("s/const struct layer \\*output = layers + depth;/const struct layer *output = 0;/", WRONG),  # a crash
        (
            "s/const struct layer \\*output = layers + depth;/& for (volatile int on = 1; on;);/",
            "takes longer than 5 s",
        ),
        ("s/old_scale - scale/old_scale - 1.1f * scale/", WRONG),  # in batch normalization only
        ("s/correct_biases(decoded)/correct_biases(layer)/", WRONG),  # in pre-training only
        ("s/default: return a - x/default: return 1.1f * (a - x)/", WRONG),  # with the linear decoder only
        ("s/case 2: return (a/case 2: return 1.1f * (a/", WRONG),  # with softsign's only
        ("s/load(rates + at) \\* sums/sums/", WRONG),  # with rates of parameters only
    ],
)
def test_kernels_that_compute_something_else_are_not_used(fault, why, tmp_path, needs_compiler):
    text = f"""
sed "{fault}" {SOURCE} > {tmp_path}/wrong.c
for argument; do
    [ "$argument" = {SOURCE} ] && argument={tmp_path}/wrong.c
    set -- "$@" "$argument"
    shift
done
exec cc "$@"
"""
    code = f"import stages.descent.cpu_compiler as c; c.LONGEST_SECONDS = 5; {SHOW}"
    done = run_python(code, tmp_path, CC=script(tmp_path, text))
    assert done.stdout == "False\n", done.stderr
    assert why in done.stderr
    assert not (tmp_path / FOLDER).exists()


def test_a_compiler_that_hangs_is_stopped(tmp_path):
    code = f"import stages.descent.cpu_compiler as c; c.LONGEST_SECONDS = 0.5; {SHOW}"
    begun = tmp_path / "begun"
    done = run_python(code, tmp_path, CC=script(tmp_path, f"sleep 100 & echo $! > {begun}; wait"))
    assert done.stdout == "False\n"
    assert "takes longer than 0.5 s" in done.stderr
    assert not is_running(int(begun.read_text()))  # nor what it has started


def test_ctrl_c_does_not_make_torch_train(tmp_path, needs_compiler):
    """A stage that has work to finish hears of it later; the compiler, in the same terminal, goes on."""
    code = f"""
import signal
from stages.running.interrupts import Interrupted, deferred
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
try:
    with deferred():
        {SHOW}
except Interrupted:
    print("interrupted")
"""
    os.mkfifo(tmp_path / "started")
    slow = script(tmp_path, f'echo > {tmp_path}/started; sleep 1; exec cc "$@"')
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "CC": slow}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        (tmp_path / "started").read_text()
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate()[0] == b"True\ninterrupted\n"


def test_the_locale_makes_no_difference(tmp_path, needs_compiler):
    done = run_python(SHOW, tmp_path, LC_ALL="C", PYTHONUTF8="0")
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_kernels_are_compiled_once_also_by_processes_that_begin_together(tmp_path, needs_compiler):
    counting = script(tmp_path, f'echo >> {tmp_path}/count; exec cc "$@"')
    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(lambda _: run_python(SHOW, tmp_path, CC=counting), range(3)))
    assert [(done.stdout, done.stderr) for done in together] == [("True\n", "")] * 3
    (library,) = (tmp_path / FOLDER).iterdir()
    before = (tmp_path / "count").read_text()
    assert run_python(SHOW, tmp_path, CC=counting).stdout == "True\n"
    assert (tmp_path / "count").read_text() == before
    key = library.name.partition("-")[0]
    useless = b"not a library"
    library.write_bytes(library.read_bytes()[:1000])  # damaged
    library.with_name(f"{key}-{sha256(useless).hexdigest()[:16]}.so").write_bytes(useless)  # of another machine
    done = run_python(SHOW, tmp_path, CC=counting)
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert (tmp_path / "count").read_text() == before + "\n"


def test_a_processor_with_other_features_gets_kernels_of_its_own(tmp_path, needs_compiler):
    for features in ("default", "avx2"):
        assert run_python(SHOW, tmp_path, ATEN_CPU_CAPABILITY=features).stdout == "True\n"
    has_avx2 = torch.backends.cpu.get_cpu_capability() in ORDER[1:]
    assert len(list((tmp_path / FOLDER).iterdir())) == 1 + has_avx2


def test_a_folder_that_cannot_be_written_costs_compiling_again(tmp_path, needs_compiler):
    (tmp_path / FOLDER.parts[0]).write_text("a file in its place")
    done = run_python(SHOW, tmp_path)
    assert done.stdout == "True\n"
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("batch", [1, 7, MOST_EXAMPLES])
@pytest.mark.parametrize("features", COMPILED)
def test_the_kernels_touch_no_other_memory(features, batch, tmp_path, needs_compiler):
    """AddressSanitizer watches updates of networks whose widths fill no register, and pre-training."""
    asan = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=False).stdout
    if not Path(asan.strip()).is_absolute():
        pytest.skip("needs GCC's AddressSanitizer")
    code = f"""
import torch
torch.set_num_threads(1)
from stages.descent import cpu_compiler
from stages.descent.cpu_compiler import compiled
cpu_compiler.LONGEST_SECONDS = 600  # a sanitizer makes compiling slow
from stages.descent.batch_normalization import BatchNormalizedDescent
from stages.descent.pretraining import DECODERS, AutoEncoder
from stages.descent.update_rules import UPDATE_RULES
from stages.network.perceptron import initialize, stack
from stages.params import Model
kernels = compiled("tanh", "cross_entropy", {batch})
assert kernels
for sizes in ([1, 1, 2], [33, 17, 40, 9], [64, 48, 31, 17]):
    for rule in ("sgd", "hessian", "normalized"):
        networks = stack([initialize(sizes, Model("tanh", "normalized"), 1)] * 2, torch.device("cpu"))
        inputs, outputs = torch.rand(2, 3 * {batch}, sizes[0]), torch.empty(2, 3 * {batch}, sizes[-1])
        described = networks, [0.1, 0.2], {batch}, "cross_entropy"
        if rule == "normalized":
            descent = BatchNormalizedDescent(*described, inputs, kernels)
        else:
            descent = UPDATE_RULES[rule].descent(*described)
        descent.update(inputs, torch.zeros_like(outputs), outputs)
    for decoder in DECODERS:
        AutoEncoder(networks, 0, decoder, 0.1, {batch}, kernels).update(inputs, inputs)
print("done")
"""
    done = run_python(
        code,
        tmp_path,
        CC="cc -g -fsanitize=address,undefined",
        LD_PRELOAD=asan.strip(),
        ASAN_OPTIONS="detect_leaks=0",
        ATEN_CPU_CAPABILITY=features.lower(),
    )
    assert done.stdout == "done\n", done.stderr[-3000:]
    assert "runtime error" not in done.stderr


def test_all_workers_together_print_one_note(tmp_path):
    code = (
        "import torch; from tests.benchmarks.bench import STAGE, setting_of, train_on_all_cores; "
        "train_on_all_cores(STAGE, setting_of(20, 1, torch.device('cpu')), lambda done, restored: None)"
    )
    assert run_python(code, tmp_path, CC="not-a-compiler").stderr.count("could not be compiled") == 1


@pytest.mark.parametrize(
    ("activation", "dtype", "batch", "form"),
    [
        ("tanh", torch.float32, MOST_EXAMPLES, CpuDescent),
        ("tanh", torch.float32, MOST_EXAMPLES + 1, GradientDescent),
        ("tanh", torch.float64, 10, GradientDescent),
        ("silu", torch.float32, 10, GradientDescent),
    ],
)
def test_what_has_no_kernels_is_trained_by_torch(activation, dtype, batch, form, monkeypatch, needs_compiler):
    monkeypatch.setitem(ACTIVATIONS, "silu", ACTIVATIONS["silu"].__class__(None, None))
    network = stack([initialize([4, 3, 2], Model("tanh", "standard"), 1)], CPU)
    described = type(network)([one.to(dtype) for one in network.weights], network.biases, activation)
    monkeypatch.setattr(cpu_compiler, "compiled", compiled.__wrapped__)
    assert type(gradient_descent(described, [0.1], batch, "cross_entropy")) is form
