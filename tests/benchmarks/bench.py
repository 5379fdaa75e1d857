"""How fast training is, beside plain PyTorch, JAX and the machine's own limits: `make bench`.

Everything is measured in one run on this machine's own device. Competitors take turns, and ratios are taken turn by
turn, so that they hold when the machine's speed drifts. Prints a table and writes reports/bench/<device>.json. Where
JAX or DVC is not installed, it is left out with a line that says so.
"""

import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import torch

from stages.descent.cpu_compiler import compiled, features
from stages.network.device import device_name, resolve_device
from stages.params import Model
from stages.running.errors import say
from stages.running.files import write_whole
from stages.shapeset.stream import draw_images
from stages.train import draw_online
from stages.training.checkpoints import Checkpoints
from stages.training.training import BLOCK_UPDATES, DRAWN_UPDATES, Run, Setting
from stages.training.workers import train_on_all_cores
from tests.benchmarks.peers import BATCH, CLASSES, arrangements, jax_platform, jax_scan, jax_vmap, plain
from tests.tiny_project import make_tiny_project, run

TURNS, MOST_TURNS = 3, 9
DISTURBED = 1 / 3
DRAWS = 50
INPUTS, HIDDEN_LAYERS = 1024, 5
DEVICE = resolve_device("auto")
ON_GPU = DEVICE.type == "cuda"
LEARNING_RATES = tuple(n / 100 for n in range(1, 9)) if ON_GPU else (0.01, 0.02, 0.05, 0.1)
STAGE = [Run(HIDDEN_LAYERS, rate, 0) for rate in LEARNING_RATES]
PARTS_OF_STAGE = [STAGE[:1], STAGE[:3]] if ON_GPU else [STAGE[:1]]
FIGURE_11 = 5 * 3 * 5_000_000  # run-updates: models, three learning rates of each, updates at the paper's scale
# of each run, by the hidden units
UPDATES = {256: 3 * DRAWN_UPDATES, 1000: 3 * DRAWN_UPDATES if ON_GPU else DRAWN_UPDATES // 2}
MEMORY_UPDATES = (4_000, 16_000)
# environment variables that keep the engine from what this processor or machine has
FALLBACKS = {} if ON_GPU else {"torch": {"CC": "false"}}
if features() == "AVX512" and not ON_GPU:
    FALLBACKS["avx2"] = {"ATEN_CPU_CAPABILITY": "avx2"}
PLAIN = Model("tanh", "standard")
RECIPES = {
    "plain": PLAIN,
    "hessian": Model("tanh", "standard", update_rule="hessian"),
    "gradient_variance": Model("tanh", "standard", update_rule="gradient_variance"),
    "batch_normalization": Model("tanh", "standard", batch_normalization=True),
}
UPDATES_OF_PEERS = {256: DRAWN_UPDATES, 1000: DRAWN_UPDATES if ON_GPU else DRAWN_UPDATES // 8}
PEERS = {"plain": [plain], "jax": [jax_scan, jax_vmap]}
TITLES = {"plain": "plain PyTorch", "jax": "JAX"}


def main() -> None:
    """Measure, print and write."""
    rows = []
    with arrangements(ON_GPU) as processes:
        peers = PEERS if is_jax_there(processes) else {"plain": PEERS["plain"]}
        for units in UPDATES:
            rows += printed(training_rows(units, peers, processes))
    for rest in (generator_rows, machine_rows, figure_11_rows):
        rows += printed(rest(rows))
    for rest in (recipe_rows, memory_rows, cluster_rows, noop_rows):
        rows += printed(rest())
    named = ("torch", "triton", "jax", "numpy", "dvc")
    packages = {name: importlib.metadata.version(name) for name in named if find_spec(name)}
    device = device_name(DEVICE) + ("" if ON_GPU else f", {features()}")
    report = {
        "device": device,
        "kernels_compiled": ON_GPU or compiled(PLAIN.activation, PLAIN.cost, BATCH) is not None,
        "versions": {"python": platform.python_version(), **packages},
        "rows": rows,
    }
    name = re.sub("[^a-z0-9]+", "-", device.lower()).strip("-")
    write_whole(Path("reports/bench") / f"{name}.json", json.dumps(report, indent=2) + "\n")


def printed(rows: list[dict]) -> list[dict]:
    """Print the rows that were measured together, without waiting for the rest, and return them."""
    for one in rows:
        print(f"{one['id']:<36}{one['value']:>16,.3f}  {one['unit']}", flush=True)
    return rows


def row(name: str, value: float, unit: str) -> dict:
    """Return one measurement, with four significant digits: more are noise."""
    return {"id": name, "value": float(f"{value:.4g}"), "unit": unit}


def training_rows(units: int, peers: dict[str, list[Callable]], processes: dict[str, list[Executor]]) -> list[dict]:
    """Return the rates of the engine and its peers at one size, and the engine's ratio to them.

    Of the arrangements of a peer, the faster counts.
    """
    parts = {f"engine_{len(runs)}_run{'s' * (len(runs) > 1)}": runs for runs in PARTS_OF_STAGE}
    engine = {"engine_stage": STAGE} | parts
    ways = {name: partial(engine_rate, units, runs, UPDATES[units]) for name, runs in engine.items()}
    ways |= {f"engine_{name}": partial(rate_elsewhere, units, variables) for name, variables in FALLBACKS.items()}
    of_peers = {peer: arranged(forms, units, processes) for peer, forms in peers.items()}
    for of_peer in of_peers.values():
        ways |= of_peer
    turns, disturbed = undisturbed(ways)
    rates = {way: statistics.median(turn[way] for turn in turns) for way in ways}
    rows = [row(f"{way}_{units}", rate, "run-updates/s") for way, rate in rates.items()]
    for peer, of_peer in of_peers.items():
        best = max(of_peer, key=rates.get)
        ratio = statistics.median(turn["engine_stage"] / max(turn[way] for way in of_peer) for turn in turns)
        rows.append({**row(f"best_{peer}_{units}", rates[best], "run-updates/s"), "arrangement": best})
        rows.append(row(f"ratio_{peer}_{units}", ratio, f"× {TITLES[peer]}, in its faster arrangement"))
    if "engine_avx2" in ways:
        ratio = statistics.median(turn["engine_avx2"] / max(turn[way] for way in of_peers["plain"]) for turn in turns)
        rows.append(row(f"ratio_avx2_plain_{units}", ratio, f"× {TITLES['plain']}, which is not kept to AVX2"))
    rows.append(row(f"microseconds_{units}", 1e6 / rates["engine_stage"], "µs per run-update"))
    rows.append(row(f"disturbed_turns_{units}", disturbed, f"besides {len(turns)} that count"))
    return rows


def arranged(
    forms: Sequence[Callable], units: int, processes: dict[str, list[Executor]]
) -> dict[str, Callable[[], float]]:
    """Return, by their names, the ways in which a peer trains: each of its `forms` in each arrangement."""
    return {
        f"{form.__name__}_{arrangement}": partial(peer_rate, form, units, executors)
        for form in forms
        for arrangement, executors in processes.items()
    }


def undisturbed(ways: dict[str, Callable[[], float]]) -> tuple[list[dict[str, float]], int]:
    """Return TURNS turns in which every way is measured once, and how many others were left out.

    A turn is left out if a rate is off by more than DISTURBED of its median: something else was using the machine.
    Ends the benchmark where MOST_TURNS do not suffice.
    """
    for measure in ways.values():
        measure()  # compiles, and brings the libraries into memory
    turns = []
    while len(turns) < MOST_TURNS:
        turns.append({way: measure() for way, measure in ways.items()})
        medians = {way: statistics.median(turn[way] for turn in turns) for way in ways}
        good = [turn for turn in turns if all(abs(turn[way] / medians[way] - 1) <= DISTURBED for way in ways)]
        if len(good) >= TURNS:
            return good, len(turns) - len(good)
    sys.exit(f"the machine was disturbed in {len(turns) - len(good)} of {len(turns)} turns; try when nothing else runs")


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


def engine_rate(units: int, runs: list[Run], updates: int, recipe: Model = PLAIN) -> float:
    """Return run-updates a second of what a train stage does, its worker processes and drawing of images included.

    On a GPU from where the second images are drawn: compiling and copying weights take seconds, however long training
    is.
    """
    setting = setting_of(units, updates, DEVICE, recipe)
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


def rate_elsewhere(units: int, variables: dict[str, str]) -> float:
    """Return run-updates a second of a stage in a process with these environment variables."""
    return float(printed_by(f"print(engine_rate({units}, STAGE, {UPDATES[units]}))", variables))


def printed_by(code: str, variables: dict[str, str] | None = None) -> str:
    """Return what `code`, which may use this module's names, prints in a process with more environment variables."""
    command = [sys.executable, "-c", f"from tests.benchmarks.bench import *\n{code}"]
    environment = {**os.environ, "PYTHONPATH": ".", **(variables or {})}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def setting_of(units: int, updates: int, device: torch.device, recipe: Model = PLAIN) -> Setting:
    """Return what all runs of a stage share."""
    return Setting(
        recipe=recipe,
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
    variables = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    rates = {workers: printed_by(f"print(cluster_rate({workers}))", variables).split()[-1] for workers in (1, 2)}
    return [row(f"ray_{workers}_workers_256", float(found), "run-updates/s") for workers, found in rates.items()]


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
    """Observe nothing, at no cost: it is training that is timed."""
    return {"validation_error": 0}


def peer_rate(form: Callable, units: int, executors: Sequence[Executor]) -> float:
    """Return run-updates a second of a peer, whose processes share the runs of a stage."""
    updates = UPDATES_OF_PEERS[units]
    shares = [LEARNING_RATES[first :: len(executors)] for first in range(len(executors))]

    def train() -> None:
        jobs = [
            executor.submit(form, sizes(units), share, updates, DEVICE.type)
            for executor, share in zip(executors, shares, strict=True)
            if share
        ]
        for job in jobs:
            job.result()

    return rate(len(STAGE) * updates, train)


def is_jax_there(processes: dict[str, list[Executor]]) -> bool:
    """Return whether JAX is installed for this device, with a note where it is not."""
    executor = processes["all_cores"][0]
    there = bool(find_spec("jax")) and executor.submit(jax_platform).result() == ("gpu" if ON_GPU else "cpu")
    if not there:
        say("JAX is not installed, or not for this device, so there is no comparison with it")
    return there


def sizes(units: int) -> list[int]:
    """Return the units of every layer, inputs and output included."""
    return [INPUTS, *[units] * HIDDEN_LAYERS, CLASSES]


def recipe_rows() -> list[dict]:
    """Return the rates of a stage of 256 units by the other descents."""
    turns = [
        {name: engine_rate(256, STAGE, UPDATES[256], recipe) for name, recipe in RECIPES.items()} for _ in range(TURNS)
    ]
    rates = {name: statistics.median(turn[name] for turn in turns) for name in RECIPES}
    return [row(f"descent_{name}_256", found, "run-updates/s") for name, found in rates.items()]


def generator_rows(rows: list[dict]) -> list[dict]:
    """Return how fast images are drawn on one core (or the GPU), and the share of training that drawing takes.

    The share is the largest there is: of a single run, which shares its images with no other.
    """
    count = DRAWN_UPDATES * BATCH  # as training draws them
    threads = torch.get_num_threads()
    rates = {}
    for used in (threads, 1):
        torch.set_num_threads(used)
        drawn = [rate(count, lambda: draw_images(1, "train", 0, count, DEVICE)) for _ in range(DRAWS)]
        rates[used] = statistics.median(drawn)
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
        moved = 4 * 3 * sum(weights)  # bytes: read going up, read and written going down
        engine = value(rows, f"engine_stage_{units}")
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
        "import resource; engine_rate(256, STAGE, {}); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"  # its own it inherits from this process
    )
    kibibytes = {updates: int(printed_by(code.format(updates))) for updates in MEMORY_UPDATES}
    return [row(f"peak_memory_{updates}_updates", found / 1024, "MiB") for updates, found in kibibytes.items()]


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
