"""How fast training is, beside plain PyTorch, JAX and the machine's own limits: `make bench`.

Everything is measured in one run on this machine's own device. Competitors take turns, and ratios are taken turn by
turn, so that they hold when the machine's speed drifts. Prints a table and writes reports/bench.json. Where JAX or DVC
is not installed, it is left out with a line that says so.
"""

import importlib.metadata
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn

from stages.network.device import device_name, resolve_device
from stages.network.perceptron import initialize
from stages.params import Model
from stages.running.errors import say
from stages.running.files import write_whole
from stages.shapeset.stream import draw_images
from stages.train import draw_online
from stages.training.checkpoints import Checkpoints
from stages.training.training import BLOCK_UPDATES, DRAWN_UPDATES, Run, Setting
from stages.training.workers import train_on_all_cores
from tests.descent.plain import plain_network
from tests.tiny_project import make_tiny_project, run

TURNS = 4
BATCH, INPUTS, CLASSES, HIDDEN_LAYERS = 10, 1024, 9, 5
DEVICE = resolve_device("auto")
ON_GPU = DEVICE.type == "cuda"
LEARNING_RATES = tuple(n / 100 for n in range(1, 9)) if ON_GPU else (0.01, 0.02, 0.05, 0.1)
STAGE = [Run(HIDDEN_LAYERS, rate, 0) for rate in LEARNING_RATES]
PARTS_OF_STAGE = [STAGE[:1], STAGE[:3]] if ON_GPU else [STAGE[:1]]
FIGURE_11 = 5 * 3 * 5_000_000  # run-updates: models, three learning rates of each, updates at the paper's scale
# of each run; the slower peers do a fraction
UPDATES = dict.fromkeys((256, 1000), 3 * DRAWN_UPDATES) if ON_GPU else {256: 6_000, 1000: 3_072}
MEMORY_UPDATES = (2_000, 8_000)
PEERS = {"": "plain PyTorch", "jax_": "JAX"}


def main() -> None:
    """Measure, print and write."""
    rows = []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as jax:
        with_jax = is_jax_there(jax)
        for units in UPDATES:
            rows += printed(training_rows(units, jax, with_jax))
    for rest in (generator_rows, machine_rows, figure_11_rows):
        rows += printed(rest(rows))
    for rest in (memory_rows, cluster_rows, noop_rows):
        rows += printed(rest())
    named = ("torch", "triton", "jax", "numpy", "dvc")
    packages = {name: importlib.metadata.version(name) for name in named if find_spec(name)}
    report = {
        "device": device_name(DEVICE),
        "versions": {"python": platform.python_version(), **packages},
        "rows": rows,
    }
    write_whole(Path("reports/bench.json"), json.dumps(report, indent=2) + "\n")


def printed(rows: list[dict]) -> list[dict]:
    """Print the rows that were measured together, without waiting for the rest, and return them."""
    for one in rows:
        print(f"{one['id']:<36}{one['value']:>16,.3f}  {one['unit']}", flush=True)
    return rows


def row(name: str, value: float, unit: str) -> dict:
    """Return one measurement, with four significant digits: more are noise."""
    return {"id": name, "value": float(f"{value:.4g}"), "unit": unit}


def training_rows(units: int, jax: Executor, with_jax: bool) -> list[dict]:
    """Return the rates of the engine and its peers at one size, and the engine's ratio to them."""
    updates = UPDATES[units]
    engine = {len(runs): partial(engine_rate, units, runs, updates) for runs in (STAGE, *PARTS_OF_STAGE)}
    ways = {f"engine_{runs}_run{'s' * (runs > 1)}": measure for runs, measure in engine.items()}
    peers = {"": {"plain": partial(plain_rate, units, updates // 8)}}
    if with_jax:
        peers["jax_"] = {
            "jax_scan": partial(jax_rate, jax, units, LEARNING_RATES[:1], updates // 8),
            "jax_vmap": partial(jax_rate, jax, units, LEARNING_RATES, updates // 8),
        }
    for of_peer in peers.values():
        ways |= of_peer
    turns = [{way: measure() for way, measure in ways.items()} for _ in range(TURNS)]
    stage = f"engine_{len(STAGE)}_runs"
    rates = {way: statistics.median(turn[way] for turn in turns) for way in ways}
    ratios = {
        peer: statistics.median(turn[stage] / max(turn[way] for way in of_peer) for turn in turns)
        for peer, of_peer in peers.items()
    }
    return [
        *(row(f"{way}_{units}", rate, "run-updates/s") for way, rate in rates.items()),
        row(f"microseconds_{units}", 1e6 / rates[stage], "µs per run-update"),
        *(row(f"ratio_{peer}{units}", ratio, f"× {PEERS[peer]}") for peer, ratio in ratios.items()),
    ]


def rate(count: int, work: Callable[[], object]) -> float:
    """Return `count` over the seconds that `work` takes."""
    synchronize()
    start = time.perf_counter()
    work()
    synchronize()
    return count / (time.perf_counter() - start)


def synchronize() -> None:
    """Wait until the GPU, if there is one, has done what it was told."""
    if ON_GPU:
        torch.cuda.synchronize()


def engine_rate(units: int, runs: list[Run], updates: int) -> float:
    """Return run-updates a second of what a train stage does, its worker processes and drawing of images included.

    On a GPU from where the second images are drawn: compiling and copying weights take seconds, however long training
    is.
    """
    setting = setting_of(units, updates, DEVICE)
    if not ON_GPU:
        return rate(len(runs) * updates, lambda: train_on_all_cores(runs, setting, lambda done, restored: None))
    blocks, ends = [], []

    def progress(done: int, restored: int) -> None:
        blocks.append(done)
        ends.append(torch.cuda.Event(enable_timing=True))
        ends[-1].record()

    train_on_all_cores(runs, setting, progress)
    synchronize()
    first = DRAWN_UPDATES // BLOCK_UPDATES  # blocks
    return sum(blocks[first:]) / (ends[first - 1].elapsed_time(ends[-1]) / 1000)


def setting_of(units: int, updates: int, device: torch.device) -> Setting:
    """Return what all runs of a stage share."""
    return Setting(
        recipe=Model("tanh", "standard"),
        inputs=INPUTS,
        hidden_units=units,
        classes=CLASSES,
        batch_size=BATCH,
        schedule=[0, updates],
        device=device,
        draw=partial(draw_online, 2010, device),
        observe=nothing,
    )


def cluster_rows() -> list[dict]:
    """Return the rate of a stage of 256 units on Ray clusters of one and of two workers, each in a process of its own.

    Nothing where training is on a GPU: one GPU is one worker.
    """
    if ON_GPU:
        return []
    code = "import sys; from tests.benchmarks.bench import cluster_rate; print(cluster_rate(int(sys.argv[1])))"
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "PYTHONPATH": "."}
    rows = []
    for workers in (1, 2):
        command = [sys.executable, "-c", code, str(workers)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        rows.append(row(f"ray_{workers}_workers_256", float(done.stdout.split()[-1]), "run-updates/s"))
    return rows


def cluster_rate(workers: int) -> float:
    """Return run-updates a second of a stage of 256 units on a Ray cluster that is there already."""
    from ray.cluster_utils import Cluster as LocalCluster

    from stages.training.cluster import Cluster

    local = LocalCluster(initialize_head=True, head_node_args={"num_cpus": workers, "include_dashboard": False})
    os.environ["RAY_ADDRESS"] = local.address
    cluster = Cluster(partial(setting_of, 256, UPDATES[256]), "cpu")
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder))
        # once without the clock, so that every worker has imported all it needs
        cluster.train(STAGE[:workers], lambda done, restored: None, checkpoints)
        checkpoints.remove()
        return rate(len(STAGE) * UPDATES[256], lambda: cluster.train(STAGE, lambda done, restored: None, checkpoints))


def nothing(update: int, network: object) -> dict:
    """Observe nothing: it is training that is timed."""
    return {}


def plain_rate(units: int, updates: int) -> float:
    """Return updates a second of nn.Module, cross_entropy, backward and SGD.step on images that lie ready."""
    inputs, labels = mini_batches(updates)
    network = plain_network(initialize(sizes(units), Model("tanh", "standard"), 0)).to(DEVICE)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)

    def train() -> None:
        for mini_batch, classes in zip(inputs, labels, strict=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(mini_batch), classes).backward()
            optimizer.step()

    return rate(updates, train)


def jax_rate(jax: Executor, units: int, learning_rates: Sequence[float], updates: int) -> float:
    """Return run-updates a second of JAX, compiled beforehand, in the process `jax` of its own."""
    return len(learning_rates) * updates / jax.submit(jax_seconds, sizes(units), learning_rates, updates).result()


def is_jax_there(jax: Executor) -> bool:
    """Return whether JAX is installed for this device, with a note where it is not."""
    there = bool(find_spec("jax")) and jax.submit(jax_platform).result() == ("gpu" if ON_GPU else "cpu")
    if not there:
        say("JAX is not installed, or not for this device, so there is no comparison with it")
    return there


def jax_platform() -> str:
    """Return what kind of device JAX computes on."""
    import jax

    return jax.default_backend()


def jax_seconds(*arguments: object) -> float:
    """Import JAX only in its own process: its threads and forked workers do not go together."""
    from tests.benchmarks.jax_training import seconds

    return seconds(*arguments)


def mini_batches(updates: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random inputs (updates, batch, inputs) and labels (updates, batch) on the device."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(updates, BATCH, INPUTS, generator=generator) * 2 - 1
    return inputs.to(DEVICE), torch.randint(CLASSES, (updates, BATCH), generator=generator).to(DEVICE)


def sizes(units: int) -> list[int]:
    """Return the units of every layer, inputs and output included."""
    return [INPUTS, *[units] * HIDDEN_LAYERS, CLASSES]


def generator_rows(rows: list[dict]) -> list[dict]:
    """Return how fast images are drawn on one core (or the GPU), and the share of training that drawing takes.

    The share is the largest there is: of a single run, which shares its images with no other.
    """
    count = 100_000
    threads = torch.get_num_threads()
    rates = {}
    for used in (threads, 1):
        torch.set_num_threads(used)
        rates[used] = max(rate(count, lambda: draw_images(1, "train", 0, count, DEVICE)) for _ in range(TURNS))
    torch.set_num_threads(threads)
    consumed = {units: BATCH * value(rows, f"engine_1_run_{units}") for units in UPDATES}
    return [
        row("generator_images_per_second", rates[threads], "images/s"),
        row("generator_images_per_second_1_thread", rates[1], "images/s"),
        *(
            row(f"consumed_images_per_second_{units}", images, "images/s by one run")
            for units, images in consumed.items()
        ),
        row("generator_share", 100 * max(consumed.values()) / rates[1], "% of a single run's training time"),
    ]


def machine_rows(rows: list[dict]) -> list[dict]:
    """Return this machine's peaks of products and of memory, and the engine's share of both."""
    size = 8192 if ON_GPU else 2048
    left, right = torch.rand(size, size, device=DEVICE), torch.rand(size, size, device=DEVICE)
    source = torch.rand(2**26, device=DEVICE)
    target = torch.empty_like(source)
    peak = max(rate(2 * size**3, lambda: torch.mm(left, right)) for _ in range(TURNS))
    bandwidth = max(rate(2 * source.nbytes, lambda: target.copy_(source)) for _ in range(TURNS))
    found = [row("product_peak", peak / 1e9, "GFLOP/s"), row("memory_bandwidth", bandwidth / 1e9, "GB/s")]
    for units in UPDATES:
        weights = [below * above for below, above in pairwise(sizes(units))]
        operations = 2 * BATCH * (3 * sum(weights) - weights[0])  # nothing goes down into the inputs
        # read going up, read and written going down; on a CPU the update reads them once more, and nothing goes down
        # into the inputs
        moved = 4 * (3 * sum(weights) if ON_GPU else 4 * sum(weights) - weights[0])
        engine = value(rows, f"engine_{len(STAGE)}_runs_{units}")
        found.append(row(f"share_of_product_peak_{units}", 100 * engine * operations / peak, "%"))
        found.append(
            row(f"share_of_memory_bandwidth_{units}", 100 * engine * moved / bandwidth, "% (above 100: cached)")
        )
    return found


def value(rows: list[dict], name: str) -> float:
    """Return the value of the row `name`."""
    return next(one["value"] for one in rows if one["id"] == name)


def figure_11_rows(rows: list[dict]) -> list[dict]:
    """Return how long the supervised curves of figure 11 take at the paper's scale, all on one GPU."""
    if not ON_GPU:
        return []
    return [row("figure_11_minutes", FIGURE_11 / value(rows, "engine_3_runs_1000") / 60, "min")]


def memory_rows() -> list[dict]:
    """Return the peak memory of training at two lengths: of the GPU, or of a worker in a process of its own."""
    if ON_GPU:
        return [row(f"peak_memory_{updates}_updates", gpu_memory(updates), "MiB") for updates in MEMORY_UPDATES]
    code = (
        "import resource, sys; from tests.benchmarks.bench import STAGE, engine_rate; "
        "engine_rate(256, STAGE, int(sys.argv[1])); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"  # its own it inherits from this process
    )
    found = []
    for updates in MEMORY_UPDATES:
        done = subprocess.run([sys.executable, "-c", code, str(updates)], check=True, capture_output=True, text=True)
        found.append(row(f"peak_memory_{updates}_updates", int(done.stdout) / 1024, "MiB"))
    return found


def gpu_memory(updates: int) -> float:
    """Return the most MiB of the GPU that a stage of 256 units takes."""
    torch.cuda.reset_peak_memory_stats()
    train_on_all_cores(STAGE, setting_of(256, updates, DEVICE), lambda done, restored: None)
    return torch.cuda.max_memory_allocated() / 2**20


def noop_rows() -> list[dict]:
    """Return how long `dvc repro` takes with nothing to do, on a tiny copy of this project."""
    if not find_spec("dvc"):
        say("DVC is not installed, so `dvc repro` is not timed")
        return []
    with tempfile.TemporaryDirectory() as folder:
        project = make_tiny_project(Path(folder) / "difficulty")
        seconds = statistics.median(1 / rate(1, lambda: run(project, "dvc", "repro")) for _ in range(3))
    return [row("noop_seconds", seconds, "s")]


if __name__ == "__main__":
    main()
