"""Train an SVM and a deep network on the same fixed set of images: `python -m stages.svm shapeset`.

Section 5 compares a Gaussian-kernel SVM with the normalized tanh network, both trained on the same 100,000 images. Here
the fixed set is the first images of the training split. The first images of the validation split choose C and gamma of
the SVM, the learning rate of the network by its first seed, and which network each run keeps.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from stages.baselines.svm import Examples, Trial, answers, best_of, fit, try_pairs
from stages.handover.prepared import SPLITS, Split, files_of, read_about, read_valid_split
from stages.monitoring.errors import error_rate, predictions
from stages.network.device import compute_alike
from stages.network.inputs import on_device, to_inputs
from stages.network.perceptron import Perceptron, from_parameters
from stages.params import InputRange, Model, Params, load_params
from stages.running.errors import InputError
from stages.running.files import whole_folder
from stages.running.progress import advance, progress_bar
from stages.running.stage import run_stage
from stages.training.checkpoints import Checkpoints, checkpoints_of
from stages.training.epochs import draw_epochs
from stages.training.executors import Executor, open_executor
from stages.training.schedule import error_updates, monitoring_schedule
from stages.training.search import chosen_of
from stages.training.training import Outcome, Run, Setting

NETWORK = Model("tanh", "normalized")
HIDDEN_LAYERS = 5


def main(params: Params) -> None:
    """Write data/svm/<dataset>/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    dataset = parser.parse_args().dataset
    if dataset not in params.datasets:
        raise InputError(f"params.yaml: datasets has no {dataset!r}; it has: {', '.join(params.datasets)}")
    splits = fixed_set(params, dataset, Path("data/prepared") / dataset)
    test = splits["test"]
    classes = len(read_about(Path("data/prepared") / dataset).class_names)
    executor = open_executor(partial(network_setting, params, dataset, splits, classes), params.device)
    block = getattr(params, dataset)
    read = {
        "examples": params.settings.svm.examples[dataset],
        "input_range": block.input_range,
        "scikit-learn": version("scikit-learn"),
    }
    of_pairs = checkpoints_of(f"svm-pairs-{dataset}", read, files_of(dataset), "cpu")
    trials, of_svm = svm_answers(params, dataset, splits, of_pairs)
    compute_alike(params.precision)
    fixed = {"network": asdict(NETWORK), "precision": params.precision, "seed": block.seed}
    parameters = {**fixed, "input_range": block.input_range, "scale": asdict(params.settings)}
    checkpoints = checkpoints_of(f"svm-{dataset}", parameters, files_of(dataset), executor.kind)
    outcomes = search(params, dataset, executor, checkpoints)
    answers_of = partial(network_answers, test, getattr(params, dataset).input_range, executor.here)
    with whole_folder(Path("data/svm") / dataset) as folder:
        search_table(trials).to_parquet(folder / "search.parquet", index=False)
        network_table(outcomes).to_parquet(folder / "network.parquet", index=False)
        answers_table(test, of_svm, outcomes, answers_of).to_parquet(folder / "answers.parquet", index=False)
    for finished in (of_pairs, checkpoints):
        finished.remove()


def fixed_set(params: Params, dataset: str, prepared: Path) -> dict[str, Split]:
    """Return the splits in `prepared`: the fixed set as `train`, at most as many validation images, all test images.

    Raises InputError where a split cannot be read or the fixed set has only one class.
    """
    examples = params.settings.svm.examples[dataset]
    splits = {name: read_valid_split(prepared, name) for name in SPLITS}
    for name in ("train", "validation"):
        splits[name] = Split(splits[name].images[:examples], splits[name].labels[:examples])
    if len(np.unique(splits["train"].labels)) < 2:
        raise InputError(
            f"params.yaml: scales.{params.scale}.svm.examples.{dataset} is {examples}, but the first {examples} "
            "training images are all of one class; allowed: enough for two classes"
        )
    return splits


class Tried:
    """The trials of the SVM's search, and the best machine's answers, as checkpoints keep them."""

    name = "pairs"

    def __init__(self) -> None:
        self.trials: dict[tuple[float, float], Trial] = {}
        self.answers: dict[str, np.ndarray] = {}
        """the answers to the test images, int64 (count,), of the pair that the key names"""

    def pack(self) -> bytes:
        """Return all of it, as JSON."""
        answers = {pair: given.tolist() for pair, given in self.answers.items()}
        return json.dumps({"trials": [asdict(trial) for trial in self.trials.values()], "answers": answers}).encode()

    def resume(self, packed: bytes) -> int:
        """Take over what was packed; return the number of trials."""
        kept = json.loads(packed)
        self.trials = {(trial["C"], trial["gamma"]): Trial(**trial) for trial in kept["trials"]}
        self.answers = {pair: np.array(given, np.int64) for pair, given in kept["answers"].items()}
        return len(self.trials)


def svm_answers(
    params: Params, dataset: str, splits: dict[str, Split], checkpoints: Checkpoints
) -> tuple[list[Trial], np.ndarray]:
    """Return the trials of all pairs of C and gamma, and the best machine's test answers, int64 (count,).

    Trials in the `checkpoints` are not repeated.
    """
    as_examples = partial(svm_examples, getattr(params, dataset).input_range)
    training, validation = as_examples(splits["train"]), as_examples(splits["validation"])
    pairs, tried = list(product(params.svm.C, params.svm.gamma)), Tried()
    with progress_bar(f"{dataset} svm", len(pairs), " pairs") as bar:
        advance(bar, 0, checkpoints.resume([tried]))
        left = [pair for pair in pairs if pair not in tried.trials]
        for trial in try_pairs(training, validation, left):
            tried.trials[trial.C, trial.gamma] = trial
            checkpoints.keep([tried])
            bar.update()
    trials = [tried.trials[pair] for pair in pairs]
    best = best_of(trials)
    key = f"{best.C} {best.gamma}"
    if key not in tried.answers:
        machine = fit(training, best.C, best.gamma)
        tried.answers = {key: answers(machine, as_examples(splits["test"]).inputs)}
        checkpoints.keep([tried])
    return trials, tried.answers[key]


def svm_examples(input_range: InputRange, split: Split) -> Examples:
    """Return a split with its images as the network's inputs."""
    return Examples(to_inputs(torch.from_numpy(split.images), input_range).double().numpy(), split.labels)


def network_setting(
    params: Params, dataset: str, splits: dict[str, Split], classes: int, device: torch.device
) -> Setting:
    """Return what all runs of the network share: epochs of the fixed set, and the validation error now and then."""
    scale, block = params.settings, getattr(params, dataset)
    return Setting(
        recipe=NETWORK,
        inputs=splits["train"].images[0].size,
        hidden_units=scale.hidden_units,
        classes=classes,
        batch_size=scale.batch_size,
        schedule=error_updates(monitoring_schedule(scale.svm.updates, scale.monitored_updates)),
        device=device,
        draw=partial(draw_epochs, *on_device(splits["train"], device), block.seed),
        observe=partial(validation_error, *on_device(splits["validation"], device), block.input_range),
        input_range=block.input_range,
        precision=params.precision,
    )


def validation_error(
    images: Tensor, labels: Tensor, input_range: InputRange, update: int, network: Perceptron
) -> dict[str, float]:
    """Return the observation of a network: its error on the validation images uint8 (count, …)."""
    return {"update": update, "validation_error": error_rate(network, images, labels, input_range)}


def search(params: Params, dataset: str, executor: Executor, checkpoints: Checkpoints) -> list[Outcome]:
    """Train the network with every learning rate of the scale, then with the best one and the other seeds.

    Raises InputError where all runs of the first seed diverge.
    """
    rates, seeds = params.settings.learning_rates, range(1, params.settings.seeds)
    runs = [Run(HIDDEN_LAYERS, rate, 0) for rate in rates]
    with progress_bar(f"{dataset} network", (len(runs) + len(seeds)) * params.settings.svm.updates) as bar:
        progress = partial(advance, bar)
        found = executor.train(runs, progress, checkpoints)
        if all(outcome.diverged_at is not None for outcome in found):
            checkpoints.remove()
            raise InputError(
                f"params.yaml: every run of the network beside the SVM on {dataset} diverged, the last at update "
                f"{max(outcome.diverged_at for outcome in found)}; scales.{params.scale}.learning_rates "
                f"({', '.join(f'{rate:g}' for rate in rates)}) need lower ones"
            )
        best = chosen_of(found).run
        return found + executor.train([replace(best, seed=seed) for seed in seeds], progress, checkpoints)


def network_answers(test: Split, input_range: InputRange, device: torch.device, outcome: Outcome) -> np.ndarray:
    """Return the answers of a run's kept network to the test images, int64 (count,)."""
    network = from_parameters(outcome.kept, NETWORK.activation, device)
    return predictions(network, torch.from_numpy(test.images).to(device), input_range).cpu().numpy()


def search_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return one row for each pair of C and gamma."""
    best = best_of(trials)
    return pd.DataFrame([{**asdict(trial), "chosen": trial is best} for trial in trials])


def network_table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Return one row for each run; one that diverged has no validation error."""
    chosen, rows = chosen_of(outcomes), []
    for outcome in outcomes:
        error = outcome.best["validation_error"] if outcome.diverged_at is None else None
        row = {"diverged_at": outcome.diverged_at, "validation_error": error, "chosen": outcome is chosen}
        rows.append({"learning_rate": outcome.run.learning_rate, "seed": outcome.run.seed, **row})
    return pd.DataFrame(rows).astype({"diverged_at": "Int64", "validation_error": float})


def answers_table(
    test: Split, of_svm: np.ndarray, outcomes: Sequence[Outcome], answers_of: Callable[[Outcome], np.ndarray]
) -> pd.DataFrame:
    """Return one row for each model, seed and test image: model, seed, index, label, prediction.

    The network's are those with the chosen rate that did not diverge; the SVM, which draws nothing, has the seed 0.
    """
    rate = chosen_of(outcomes).run.learning_rate
    alike = [one for one in outcomes if one.run.learning_rate == rate and one.diverged_at is None]
    given = [("svm", 0, of_svm), *(("network", outcome.run.seed, answers_of(outcome)) for outcome in alike)]
    tables = [
        pd.DataFrame({"model": model, "seed": seed, "index": range(len(answers)), "label": test.labels}).assign(
            prediction=answers
        )
        for model, seed, answers in given
    ]
    return pd.concat(tables, ignore_index=True)


if __name__ == "__main__":
    run_stage(main, load_params)
