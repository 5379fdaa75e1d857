"""Measure a model's chosen run before and after training: `python -m stages.measure shapeset tanh`.

The stage runs a forward and a backward pass on the monitored test examples with the initial and with the final
parameters. Before training it also measures the networks of the other seeds, and compares all variances with theory.
"""

import math
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from stages.handover.prepared import read_about, read_valid_split
from stages.handover.tables import read_runs, table_of
from stages.handover.tensors import read_parameters
from stages.monitoring.layers import layer_statistics
from stages.network.activations import ACTIVATIONS
from stages.network.device import compute_alike
from stages.network.initializers import INITIALIZERS
from stages.network.inputs import to_inputs
from stages.network.perceptron import Passes, Perceptron, back_propagate, from_parameters, initialize
from stages.params import Params, load_params
from stages.params.arguments import Arguments, read_arguments
from stages.running.errors import AGAIN, InputError
from stages.running.files import whole_folder
from stages.running.stage import run_stage
from stages.statistics import jacobians, theory
from stages.statistics.saturation import saturated_share

MOMENTS = ("initial", "final")


def main(params: Params) -> None:
    """Measure and write data/measured/<dataset>/<model>/."""
    arguments = read_arguments(params, __doc__)
    compute_alike("float32")
    test = read_valid_split(Path("data/prepared") / arguments.dataset, "test")
    count = arguments.params.settings.monitored_examples
    input_range = getattr(arguments.params, arguments.dataset).input_range
    images, labels = (torch.from_numpy(one[:count]) for one in (test.images, test.labels))
    inputs = to_inputs(images, input_range)
    measured = {"layers": [], "jacobians": [], "spectra": [], "initial_jacobians": [], "theory": []}
    for moment in MOMENTS:
        network = read_network(arguments, moment)
        passes = back_propagate(network, inputs, labels, arguments.recipe.cost)
        require_finite(passes, weights_file(arguments, moment))
        spectra = singular_values(network, passes)
        for table, rows in (
            ("layers", layer_rows(network, passes)),
            ("jacobians", jacobian_rows(spectra)),
            ("spectra", spectrum_rows(spectra)),
        ):
            measured[table] += [{"moment": moment, **row} for row in rows]
    for seed, network in random_networks(arguments).items():
        passes = back_propagate(network, inputs, labels, arguments.recipe.cost)
        for table, rows in (
            ("initial_jacobians", jacobian_rows(singular_values(network, passes))),
            ("theory", theory_rows(network, inputs, labels, arguments.recipe.cost)),
        ):
            measured[table] += [{"seed": seed, **row} for row in rows]
    with whole_folder(Path("data/measured") / arguments.dataset / arguments.model) as folder:
        for table, rows in measured.items():
            table_of(table, rows).to_parquet(folder / f"{table}.parquet", index=False)


def read_network(arguments: Arguments, moment: str) -> Perceptron:
    """Return the chosen run's network with its parameters at `moment`."""
    about = read_about(Path("data/prepared") / arguments.dataset)
    file = weights_file(arguments, moment)
    arrays = read_parameters(file, math.prod(about.image_shape), len(about.class_names))
    return from_parameters(arrays, arguments.recipe.activation, torch.device("cpu"))


def random_networks(arguments: Arguments) -> dict[int, Perceptron]:
    """Return the networks of all seeds before training, by seed, with the chosen run's sizes.

    Without random weights there are none, as after pre-training; with weights that depend on the data, there is only
    the chosen run's.
    """
    if arguments.recipe.pretraining:
        return {}
    chosen = read_network(arguments, "initial")
    if INITIALIZERS[arguments.recipe.initialization].fit or arguments.recipe.batch_normalization:
        runs = read_runs(Path("data/runs") / arguments.dataset / arguments.model / "runs.parquet")
        return {int(runs.loc[runs["chosen"], "seed"].iloc[0]): chosen}
    sizes = [len(chosen.weights[0]), *(weight.shape[1] for weight in chosen.weights)]
    return {seed: initialize(sizes, arguments.recipe, seed) for seed in range(arguments.settings.seeds)}


def weights_file(arguments: Arguments, moment: str) -> Path:
    """Return the path of the chosen run's parameters at `moment`."""
    return Path("data/runs") / arguments.dataset / arguments.model / f"{moment}.safetensors"


def require_finite(passes: Passes, file: Path) -> None:
    """Raise InputError if a pass overflows, as it does with damaged weights."""
    for tensors in (passes.pre_activations, passes.back_propagated_gradients, passes.weight_gradients):
        if not all(tensor.isfinite().all() for tensor in tensors):
            raise InputError(f"{file}: its weights are so large that numbers overflow; {AGAIN}")


def layer_rows(network: Perceptron, passes: Passes) -> list[dict]:
    """Return the rows of `layer_statistics`, with the saturated share of hidden layers."""
    activation = ACTIVATIONS[network.activation]
    rows = layer_statistics(passes)
    for row, pre_activations in zip(rows[:-1], passes.pre_activations[:-1], strict=True):
        row["saturated_share"] = saturated_share(activation, pre_activations)
    return rows


def singular_values(network: Perceptron, passes: Passes) -> dict[int, Tensor]:
    """Return the Jacobian's singular values for each pair of neighbouring hidden layers, by the lower one's number."""
    activation = ACTIVATIONS[network.activation]
    between = zip(network.weights[1:-1], passes.pre_activations[1:-1], strict=True)
    return {layer: jacobians.singular_values(activation, *pair) for layer, pair in enumerate(between, start=1)}


def jacobian_rows(spectra: dict[int, Tensor]) -> list[dict]:
    """Return one row for each pair of neighbouring hidden layers."""
    return [{"layer": layer, "average_singular_value": jacobians.average(found)} for layer, found in spectra.items()]


def spectrum_rows(spectra: dict[int, Tensor]) -> list[dict]:
    """Return one row for each quantile of each pair of neighbouring hidden layers."""
    return [{"layer": layer, **row} for layer, found in spectra.items() for row in jacobians.quantiles(found)]


def theory_rows(network: Perceptron, inputs: Tensor, labels: Tensor, cost: str) -> list[dict]:
    """Return the measured and predicted variances of `network`, from the first examples, in float64."""
    weights, biases = [[one.double() for one in layers] for layers in (network.weights, network.biases)]
    exact = replace(network, weights=weights, biases=biases)
    first = slice(theory.COMPARED_EXAMPLES)
    return theory.variances(exact, back_propagate(exact, inputs[first].double(), labels[first], cost))


if __name__ == "__main__":
    run_stage(main, load_params)
