"""The stage that looks closely at a model's chosen run: `python -m stages.measure shapeset tanh`.

It passes the monitored test examples up and down, with the parameters before and after training.
"""

from pathlib import Path

import pandas as pd
import torch

from stages.arguments import read_arguments
from stages.artifacts import read_tensors
from stages.datasets.prepared import read_split
from stages.errors import report_input_errors
from stages.files import whole_folder
from stages.network.activations import ACTIVATIONS
from stages.network.device import compute_alike
from stages.network.inputs import to_inputs
from stages.network.perceptron import Passes, Perceptron, back_propagate, from_parameters
from stages.statistics.histograms import histograms, symmetric_range, whole_range
from stages.statistics.jacobians import average_singular_value
from stages.statistics.layers import layer_statistics
from stages.statistics.saturation import saturated_share

MOMENTS = ("initial", "final")
NO_JACOBIANS = pd.DataFrame(  # of a network with one hidden layer
    {"moment": pd.Series(dtype=str), "layer": pd.Series(dtype=int), "average_singular_value": pd.Series(dtype=float)}
)


def main() -> None:
    """Measure and write data/measured/<dataset>/<model>/."""
    arguments = read_arguments(__doc__)
    compute_alike()
    test = read_split(Path("data/prepared") / arguments.dataset, "test")
    count = arguments.params.settings.monitored_examples
    inputs, labels = to_inputs(torch.from_numpy(test.images[:count])), torch.from_numpy(test.labels[:count])
    measured = {"histograms": [], "layers": [], "jacobians": []}
    for moment in MOMENTS:
        arrays = read_tensors(Path("data/runs") / arguments.dataset / arguments.model / f"{moment}.safetensors")
        network = from_parameters(arrays, arguments.recipe.activation, torch.device("cpu"))
        passes = back_propagate(network, inputs, labels)
        for table, rows in (
            ("histograms", histogram_rows(passes)),
            ("layers", layer_rows(network, passes)),
            ("jacobians", jacobian_rows(network, passes)),
        ):
            measured[table] += [{"moment": moment, **row} for row in rows]
    with whole_folder(Path("data/measured") / arguments.dataset / arguments.model) as folder:
        for table, rows in measured.items():
            found = pd.DataFrame(rows) if rows else NO_JACOBIANS
            found.to_parquet(folder / f"{table}.parquet", index=False)


def histogram_rows(passes: Passes) -> list[dict]:
    """Return one row a quantity, layer and bin."""
    activations = passes.activations[1:]
    rows = {"activation": histograms(activations, [whole_range(activations)] * len(activations))}
    for quantity, layers in (
        ("back_propagated_gradient", passes.back_propagated_gradients),
        ("weight_gradient", passes.weight_gradients),
    ):
        rows[quantity] = histograms(layers, [symmetric_range(values) for values in layers])
    return [{"quantity": quantity, **row} for quantity in rows for row in rows[quantity]]


def layer_rows(network: Perceptron, passes: Passes) -> list[dict]:
    """Return the rows of `layer_statistics`, those of hidden layers with their saturated share."""
    activation = ACTIVATIONS[network.activation]
    rows = layer_statistics(passes)
    for row, pre_activations in zip(rows[:-1], passes.pre_activations[:-1], strict=True):
        row["saturated_share"] = saturated_share(activation, pre_activations)
    return rows


def jacobian_rows(network: Perceptron, passes: Passes) -> list[dict]:
    """Return one row for each pair of neighbouring hidden layers, under the lower one's number."""
    activation = ACTIVATIONS[network.activation]
    between = zip(network.weights[1:-1], passes.pre_activations[1:-1], strict=True)
    return [
        {"layer": layer, "average_singular_value": average_singular_value(activation, weight, pre_activations)}
        for layer, (weight, pre_activations) in enumerate(between, start=1)
    ]


if __name__ == "__main__":
    report_input_errors(main)
