"""Train one model on one data set: `python -m stages.train shapeset tanh`.

The first seed trains every depth and learning rate. The other seeds train each depth with the rate that had the lowest
validation error. A run keeps its network with the lowest validation error at a monitored update; the chosen run is the
one whose kept network has the lowest of all.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import save
from torch import Tensor

from stages.checking.models import check_models
from stages.handover.prepared import SPLITS, About, Split, files_of, read_about, read_valid_split
from stages.handover.schemas import SCHEMAS
from stages.handover.tables import shortened
from stages.monitoring.errors import predictions
from stages.monitoring.monitor import Monitor
from stages.network.device import compute_alike
from stages.network.inputs import on_device
from stages.network.perceptron import from_parameters
from stages.params import Params, load_params
from stages.params.arguments import Arguments, read_arguments
from stages.running.errors import InputError
from stages.running.files import whole_folder, write_bytes, write_whole
from stages.running.progress import advance, progress_bar
from stages.running.stage import run_stage
from stages.shapeset.stream import draw_images
from stages.training.checkpoints import Checkpoints, checkpoints_of
from stages.training.epochs import draw_epochs
from stages.training.executors import Executor, open_executor
from stages.training.schedule import error_updates, monitoring_schedule
from stages.training.search import chosen_of
from stages.training.training import Outcome, Run, Setting

ERRORS = ("validation_error", "test_error")
OF_RUNS = dict.fromkeys(["diverged_at", "kept_at"], "Int64")  # the updates that a run may lack


def main(params: Params) -> None:
    """Train and write data/runs/<dataset>/<model>/."""
    arguments = read_arguments(params, __doc__)
    check_models(arguments.params)
    compute_alike(arguments.params.precision)
    prepared = Path("data/prepared") / arguments.dataset
    about = read_about(prepared)
    read = [name for name in SPLITS if name != "train" or not about.endless]
    splits = {name: read_valid_split(prepared, name) for name in read}
    executor = open_executor(partial(training_setting, arguments, about, splits), arguments.params.device)
    parameters = arguments.params.of_training(arguments.dataset, arguments.model)
    name, data = f"train-{arguments.dataset}-{arguments.model}", files_of(arguments.dataset)
    checkpoints = checkpoints_of(name, parameters, data, executor.kind)
    outcomes = search(arguments, executor, checkpoints)
    made = {"device": executor.device, "parameters": parameters}
    with whole_folder(Path("data/runs") / arguments.dataset / arguments.model) as folder:
        write_runs(folder, outcomes)
        write_networks(folder, chosen_of(outcomes))
        answers = partial(answers_of, arguments, splits["test"], executor.here)
        write_answers(folder, outcomes, splits["test"], answers)
        write_whole(folder / "made.json", json.dumps(made, indent=2) + "\n")
    checkpoints.remove()


def training_setting(arguments: Arguments, about: About, splits: dict[str, Split], device: torch.device) -> Setting:
    """Return what all runs of the model share, with all images on the device that trains them."""
    params, dataset, scale, recipe = arguments.params, arguments.dataset, arguments.settings, arguments.recipe
    block = getattr(params, dataset)
    schedule = monitoring_schedule(scale.updates[dataset], scale.monitored_updates)
    there = {name: on_device(split, device) for name, split in splits.items()}
    monitored = {name: there[name] for name in ("validation", "test")}
    if not about.endless:  # as many of the training images as there are test images
        monitored["train"] = tuple(part[: len(there["test"][0])] for part in there["train"])
    monitor = Monitor(
        monitored,
        block.input_range,
        recipe.cost,
        scale.monitored_examples,
        frozenset(error_updates(schedule)),
    )
    if about.endless:
        draw = partial(draw_online, block.seed, device)
    else:
        draw = partial(draw_epochs, *there["train"], block.seed)
    return Setting(
        recipe=recipe,
        inputs=splits["test"].images[0].size,
        hidden_units=scale.hidden_units,
        classes=len(about.class_names),
        batch_size=scale.batch_size,
        schedule=schedule,
        device=device,
        draw=draw,
        observe=monitor,
        input_range=block.input_range,
        pretraining_updates=recipe.pretraining.updates[params.scale] if recipe.pretraining else 0,
        precision=params.precision,
    )


def draw_online(seed: int, device: torch.device, run_seed: int, start: int, count: int) -> tuple[Tensor, Tensor]:
    """Draw from Shapeset's endless training stream; every run seed has its own stream."""
    return draw_images(seed + run_seed, "train", start, count, device)


def search(arguments: Arguments, executor: Executor, checkpoints: Checkpoints) -> list[Outcome]:
    """Train all runs of the model; raises InputError where all runs of the first seed diverge."""
    scale = arguments.settings
    grid = [Run(depth, rate, 0) for depth, rate in product(scale.hidden_layers, scale.learning_rates)]
    updates = sum(updates_of(run, arguments) for run in grid)
    with progress_bar(f"{arguments.dataset} {arguments.model}", updates) as bar:
        progress = partial(advance, bar)
        found = executor.train(grid, progress, checkpoints)
        if all(outcome.diverged_at is not None for outcome in found):
            checkpoints.remove()
            last = max(outcome.diverged_at for outcome in found)
            raise InputError(
                f"params.yaml: models.{arguments.model}: every run on {arguments.dataset} diverged, the last at update "
                f"{last}; {too_high(arguments, last)}"
            )
        best = [chosen_of(of_depth).run for of_depth in by_depth(found)]
        seeds = [replace(run, seed=seed) for run in best for seed in range(1, scale.seeds)]
        bar.total += sum(updates_of(run, arguments) for run in seeds)
        return found + executor.train(seeds, progress, checkpoints)


def by_depth(outcomes: Sequence[Outcome]) -> list[list[Outcome]]:
    """Return the outcomes of each depth with a run that did not diverge."""
    depths = dict.fromkeys(outcome.run.hidden_layers for outcome in outcomes if outcome.diverged_at is None)
    return [[outcome for outcome in outcomes if outcome.run.hidden_layers == depth] for depth in depths]


def too_high(arguments: Arguments, diverged_at: int) -> str:
    """Return which learning rates have to be lower, given that the last run diverged at this update."""
    recipe, model = arguments.recipe, f"models.{arguments.model}"
    if recipe.pretraining and diverged_at == 0:
        return f"{model}.pretraining.learning_rate ({recipe.pretraining.learning_rate:g}) needs to be lower"
    block = model if recipe.learning_rates else f"scales.{arguments.params.scale}"
    rates = ", ".join(f"{rate:g}" for rate in arguments.settings.learning_rates)
    return f"{block}.learning_rates ({rates}) need lower ones"


def updates_of(run: Run, arguments: Arguments) -> int:
    """Return how many updates `run` takes, pre-training included."""
    updates, pretraining = arguments.settings.updates[arguments.dataset], arguments.recipe.pretraining
    return updates + (pretraining.updates[arguments.params.scale] * run.hidden_layers if pretraining else 0)


def write_runs(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the tables of all runs, and the chosen run's histograms."""
    chosen = chosen_of(outcomes)
    runs, curves, monitored = [], [], []
    for outcome in outcomes:
        runs.append({**vars(outcome.run), "chosen": outcome is chosen, **ending(outcome)})
        for observation in outcome.observations:
            at = {**vars(outcome.run), "update": observation["update"]}
            monitored += [{**at, **layer} for layer in observation["layers"]]
            if "test_error" in observation:
                curves.append({**at, **{key: value for key, value in observation.items() if key.endswith("_error")}})
    pd.DataFrame(runs).astype(OF_RUNS).to_parquet(folder / "runs.parquet", index=False)
    pd.DataFrame(curves).to_parquet(folder / "curves.parquet", index=False)
    statistics = pd.DataFrame(monitored)
    measured = [column for column in statistics if column not in SCHEMAS["monitored"].key]
    shortened(statistics, measured).to_parquet(folder / "monitored.parquet", index=False)
    histograms = pd.concat([seen["histograms"].assign(update=seen["update"]) for seen in chosen.observations])
    shortened(histograms, ["left", "right", "density"]).to_parquet(folder / "histograms.parquet", index=False)


def ending(outcome: Outcome) -> dict[str, float | None]:
    """Return how a run ended: the errors of its kept network and its update, and those of the last one, if finite."""
    if outcome.diverged_at is not None:
        return {"diverged_at": outcome.diverged_at, "kept_at": None}
    best, last = outcome.best, outcome.observations[-1]
    errors = {error: best[error] for error in ERRORS} | {f"last_{error}": last[error] for error in ERRORS}
    return {"diverged_at": None, "kept_at": best["update"], **errors}


def write_networks(folder: Path, chosen: Outcome) -> None:
    """Write the chosen run's parameters: before training, those kept, and those after its last update."""
    for moment in ("initial", "kept", "final"):
        # not by save_file, whose file only its owner may read
        write_bytes(folder / f"{moment}.safetensors", save(getattr(chosen, moment)))


def answers_of(arguments: Arguments, test: Split, device: torch.device, outcome: Outcome) -> np.ndarray:
    """Return the answers of a run's kept network to the test images: int64 (count,)."""
    network = from_parameters(outcome.kept, arguments.recipe.activation, device)
    input_range = getattr(arguments.params, arguments.dataset).input_range
    return predictions(network, torch.from_numpy(test.images).to(device), input_range).cpu().numpy()


def write_answers(
    folder: Path, outcomes: Sequence[Outcome], test: Split, answers: Callable[[Outcome], np.ndarray]
) -> None:
    """Write the `answers` of each run that did not diverge to all test images."""
    tables = [
        pd.DataFrame({**vars(outcome.run), "index": range(len(test.labels)), "label": test.labels}).assign(
            prediction=answers(outcome)
        )
        for outcome in outcomes
        if outcome.diverged_at is None
    ]
    pd.concat(tables).to_parquet(folder / "predictions.parquet", index=False)


if __name__ == "__main__":
    run_stage(main, load_params)
