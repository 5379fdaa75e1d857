"""Compilation of cpu_kernels.c for this machine, with a check of what was compiled before its first use."""

import ctypes
import hashlib
import multiprocessing
import os
import platform
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from stages.descent.batch_normalization import EPSILON, NEWEST
from stages.descent.cpu_check import check
from stages.descent.cpu_descent import load
from stages.network.activations import ACTIVATIONS
from stages.network.costs import COSTS
from stages.network.perceptron import Perceptron
from stages.running.errors import say
from stages.running.interrupts import become_worker

FOLDER = Path(".cache/kernels")
SOURCE = Path(__file__).with_name("cpu_kernels.c")
OPTIONS = ("-O2", "-ffp-contract=fast", "-fno-math-errno", "-shared", "-fPIC")
# by torch's names of processors; compilers use the vector units of the others without being asked
FEATURES = {
    "AVX512": ("-mavx2", "-mfma", "-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq"),
    "AVX2": ("-mavx2", "-mfma"),
}
MOST_EXAMPLES = 16  # of a mini-batch
LONGEST_SECONDS = 60  # for the compiler, and for the check
SLOWER = "so training takes about 1.7 times as long; a C compiler helps, for example `apt-get install gcc`"


def features() -> str:
    """Return the name of this processor's vector instructions: AVX512, AVX2 or another."""
    return torch.backends.cpu.get_cpu_capability()


def kernels_for(networks: Perceptron, batch_size: int, cost: str) -> ctypes.CDLL | None:
    """Return the kernels that train `networks`, a stack, in mini-batches of `batch_size`; None if torch has to."""
    weight = networks.weights[0]
    suited = weight.device.type == "cpu" and weight.dtype == torch.float32
    return compiled(networks.activation, cost, batch_size) if suited else None


@cache
def compiled(activation: str, cost: str, batch_size: int) -> ctypes.CDLL | None:
    """Return the kernels for an activation, a cost and mini-batches of `batch_size`, compiled if they have not been.

    Return None for large mini-batches, for an activation without C expressions, and, with a note, where compiling fails
    or the kernels compute something else than torch.
    """
    if batch_size > MOST_EXAMPLES or ACTIVATIONS[activation].compiled is None:
        return None
    try:
        command = command_line(activation, cost, batch_size)
        return _kept(command) or _compile(command, (activation, cost, batch_size))
    except (OSError, ValueError) as error:  # ValueError if CC is not a command line
        why = " ".join(str(error).split())[:200]
        say(f"the kernels of cpu_kernels.c could not be compiled ({why}), {SLOWER}")
        return None


def command_line(activation: str, cost: str, batch_size: int) -> list[str]:
    """Return the compiler's command line, without files; raises ValueError if CC is not a command line."""
    z, slope = ACTIVATIONS[activation].compiled
    defined = {
        "BATCH": batch_size,
        "ACTIVATION(s)": f"({z})",
        "SLOPE(s,z)": f"({slope})",
        "COST_GRADIENT(p,y,along)": f"({COSTS[cost].compiled})",
        "EPSILON": f"{EPSILON}f",
        "NEWEST": f"{NEWEST}f",
    }
    compiler, flags = shlex.split(os.environ.get("CC") or "cc"), FEATURES.get(features(), ())
    return [*compiler, *OPTIONS, *flags, *(f"-D{name}={value}" for name, value in defined.items())]


def _key(command: list[str]) -> str:
    """Return the beginning of the names of the kernels that `command` makes on this kind of machine."""
    return _digest(SOURCE.read_bytes() + "\0".join([platform.machine(), *command]).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _kept(command: list[str]) -> ctypes.CDLL | None:
    """Return the kernels that `command` made before, if they are kept undamaged."""
    for library in FOLDER.glob(f"{_key(command)}-*.so"):
        with suppress(OSError):  # perhaps it is another user's, or was linked with another C library
            if library.stem.endswith(_digest(library.read_bytes())):
                return load(str(library.resolve()))
    return None


def _compile(command: list[str], described: tuple[str, str, int]) -> ctypes.CDLL:
    """Return the kernels that `command` makes, and keep them; raises OSError if it fails or they are wrong."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "kernels.so"
        _run_apart([*command, str(SOURCE), "-o", str(made), "-lm"])
        kernels = load(str(made))
        _check_apart(made, described)
        content = made.read_bytes()
    library = FOLDER / f"{_key(command)}-{_digest(content)}.so"
    unfinished = library.with_name(f".{library.name}.{os.getpid()}")  # another process may write the same library
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(library)
    except OSError as error:
        say(f"{library} cannot be written ({error}), so the kernels are compiled again next time")
        with suppress(OSError):
            unfinished.unlink()
    return kernels


def _run_apart(command: list[str]) -> None:
    """Run a compiler in a session of its own: a terminal's Ctrl-C is for this process, which decides what ends.

    Raises OSError if it fails or takes too long.
    """
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, errors="replace", start_new_session=True
    ) as process:
        try:
            _, said = process.communicate(timeout=LONGEST_SECONDS)
        except BaseException as error:
            with suppress(ProcessLookupError):  # it may just have ended
                os.killpg(process.pid, signal.SIGKILL)  # what the compiler has started too
            if isinstance(error, subprocess.TimeoutExpired):
                raise OSError(f"{command[0]} takes longer than {LONGEST_SECONDS} s") from error
            raise
    if process.returncode:
        raise OSError(said or f"{command[0]} exits with status {process.returncode}")


def _check_apart(library: Path, described: tuple[str, str, int]) -> None:
    """Raise OSError unless the kernels compute what torch does, in a process of its own that they may crash."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    process = context.Process(target=_check_quietly, args=(str(library), *described))
    process.start()
    try:
        process.join()
    finally:
        process.kill()
        process.join()
    if process.exitcode == -signal.SIGALRM:
        raise OSError(f"their check takes longer than {LONGEST_SECONDS} s")
    if process.exitcode:
        raise OSError("they do not compute what torch does")


def _check_quietly(library: str, *described: object) -> None:
    """Check in this process; exit with a status, and print nothing, if the kernels are wrong."""
    become_worker()
    signal.setitimer(signal.ITIMER_REAL, LONGEST_SECONDS)  # ends this process, in the kernels as well
    torch.set_num_threads(1)  # a fork has none of its parent's threads, but would wait for them
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - what fails here is told in one line
    check(load(library), *described)
