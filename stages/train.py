"""Train one model on one data set: `python -m stages.train shapeset tanh`.

The first seed trains every depth and learning rate. The other seeds train the pair with the lowest validation error.
The chosen run is the one with the lowest validation error of all.
"""

import json
from collections.abc import Sequence
from functools import partial
from itertools import product
from pathlib import Path

import pandas as pd
import torch
from safetensors.numpy import save
from torch import Tensor

from stages.checking.models import check_models
from stages.handover.prepared import SPLITS, About, Split, files_of, read_about, read_valid_split
from stages.monitoring.errors import predictions
from stages.monitoring.monitor import Monitor
from stages.network.device import compute_alike
from stages.network.inputs import on_device
from stages.network.perceptron import from_parameters
from stages.params import Model, Params, load_params
from stages.params.arguments import Arguments, read_arguments
from stages.running.errors import InputError
from stages.running.files import whole_folder, write_bytes, write_whole
from stages.running.progress import advance, progress_bar
from stages.running.stage import run_stage
from stages.shapeset.stream import draw_images
from stages.training.checkpoints import Checkpoints, checkpoints_of
from stages.training.epochs import draw_epochs
from stages.training.executors import Executor, open_executor
from stages.training.schedule import monitoring_schedule
from stages.training.search import chosen_of
from stages.training.training import Outcome, Run, Setting

ERRORS_EVERY = 4  # monitored updates: error rates need whole splits, the layers' statistics only a few examples


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
        write_runs(folder, outcomes, arguments.recipe, splits["test"], executor.here)
        write_whole(folder / "made.json", json.dumps(made, indent=2) + "\n")
    checkpoints.remove()


def training_setting(arguments: Arguments, about: About, splits: dict[str, Split], device: torch.device) -> Setting:
    """Return what all runs of the model share, with all images on the device that trains them."""
    params, dataset, scale = arguments.params, arguments.dataset, arguments.settings
    schedule = monitoring_schedule(scale.updates[dataset], scale.monitored_updates)
    monitor = Monitor(
        *on_device(splits["validation"], device),
        *on_device(splits["test"], device),
        arguments.recipe.cost,
        scale.monitored_examples,
        frozenset([*schedule[::ERRORS_EVERY], schedule[-1]]),
    )
    seed = getattr(params, dataset).seed
    if about.endless:
        draw = partial(draw_online, seed, device)
    else:
        draw = partial(draw_epochs, *on_device(splits["train"], device), seed)
    return Setting(
        recipe=arguments.recipe,
        inputs=splits["test"].images[0].size,
        hidden_units=scale.hidden_units,
        classes=len(about.class_names),
        batch_size=scale.batch_size,
        schedule=schedule,
        device=device,
        draw=draw,
        observe=monitor,
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
        best = chosen_of(found).run
        seeds = [Run(best.hidden_layers, best.learning_rate, seed) for seed in range(1, scale.seeds)]
        bar.total += sum(updates_of(run, arguments) for run in seeds)
        return found + executor.train(seeds, progress, checkpoints)


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
    return updates + (pretraining.updates(updates) * run.hidden_layers if pretraining else 0)


def write_runs(folder: Path, outcomes: Sequence[Outcome], recipe: Model, test: Split, device: torch.device) -> None:
    """Write the tables of all runs, and the chosen run's histograms, parameters and test predictions."""
    chosen = chosen_of(outcomes)
    runs, curves, monitored = [], [], []
    for outcome in outcomes:
        run = vars(outcome.run)
        finite = outcome.diverged_at is None
        errors = {key: outcome.observations[-1][key] if finite else None for key in ("validation_error", "test_error")}
        runs.append({**run, "chosen": outcome is chosen, "diverged_at": outcome.diverged_at, **errors})
        for observation in outcome.observations:
            at = {**run, "update": observation["update"]}
            monitored += [{**at, **layer} for layer in observation["layers"]]
            if "test_error" in observation:
                curves.append({**at, **{key: observation[key] for key in errors}})
    runs = pd.DataFrame(runs).astype({"diverged_at": "Int64", "validation_error": float, "test_error": float})
    runs.to_parquet(folder / "runs.parquet", index=False)
    pd.DataFrame(curves).to_parquet(folder / "curves.parquet", index=False)
    pd.DataFrame(monitored).to_parquet(folder / "monitored.parquet", index=False)
    histograms = [seen["histograms"].assign(update=seen["update"]) for seen in chosen.observations]
    pd.concat(histograms).to_parquet(folder / "histograms.parquet", index=False)
    for moment, arrays in (("initial", chosen.initial), ("final", chosen.final)):
        # not by save_file, whose file only its owner may read
        write_bytes(folder / f"{moment}.safetensors", save(arrays))
    network = from_parameters(chosen.final, recipe.activation, device)
    answers = predictions(network, torch.from_numpy(test.images).to(device)).cpu().numpy()
    table = pd.DataFrame({"index": range(len(answers)), "label": test.labels, "prediction": answers})
    table.to_parquet(folder / "predictions.parquet", index=False)


if __name__ == "__main__":
    run_stage(main, load_params)
