"""What the paper says of networks before training, at its own width: 1,000 tanh units in each of five layers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.network.activations import ACTIVATIONS
from stages.network.inputs import to_inputs
from stages.network.perceptron import back_propagate, initialize
from stages.params import Model
from stages.shapeset.stream import draw_images
from stages.statistics import theory
from stages.statistics.jacobians import average, singular_values

DECOMPOSED = 1  # example of the 300: the average hardly differs between them, and each decomposition takes a while


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the stage `measure` computes; put back what it was."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=["standard", "normalized"])
def initialized(request):
    """The name of an initialization, a network initialized with it, in float64, and its passes."""
    images, labels = draw_images(2010, "test", 0, theory.COMPARED_EXAMPLES, "cpu")
    network = initialize([1024, *[1000] * 5, 9], Model("tanh", request.param), seed=0)
    layers = {name: [one.double() for one in getattr(network, name)] for name in ("weights", "biases")}
    network = replace(network, **layers)
    return (
        request.param,
        network,
        back_propagate(network, to_inputs(images, "signed").double(), labels, "cross_entropy"),
    )


def test_average_singular_value_is_about_the_papers(initialized):
    """About 0.5 standard and 0.8 normalized; of linear layers it would be 8/3π·√(n·Var[W]): 0.49 and 0.85."""
    initialization, network, passes = initialized
    pairs = zip(network.weights[1:-1], passes.pre_activations[1:-1], strict=True)
    found = [
        average(singular_values(ACTIVATIONS["tanh"], weight.float(), s[:DECOMPOSED].float())) for weight, s in pairs
    ]
    expected, tolerance = {"standard": (0.5, 0.05), "normalized": (0.8, 0.1)}[initialization]
    assert np.mean(found) == pytest.approx(expected, rel=tolerance)
    assert all(np.diff(found) > 0)  # the higher the layer, the smaller its activations, and the closer to linear


def test_variances_fall_or_stay_level_as_in_the_paper_and_as_predicted(initialized):
    """Standard: to about a third each layer, up and down. Normalized: to 0.65 and more. Weight gradients: level."""
    initialization, network, passes = initialized
    rows = theory.variances(network, passes)
    of = {
        quantity: np.array([row["measured"] for row in rows if row["quantity"] == quantity and row["layer"] <= 5])
        for quantity in ("activation", "back_propagated_gradient", "weight_gradient")
    }
    up, down = of["activation"][1:] / of["activation"][:-1], np.divide(*of["back_propagated_gradient"][[0, 4]]) ** 0.25
    level = {"standard": (0.28, 0.35), "normalized": (0.65, 1.0)}[initialization]
    assert all((level[0] < up) & (up < level[1]))
    assert level[0] < down < level[1]
    assert of["weight_gradient"].max() < 1.3 * of["weight_gradient"].min()
    for row in rows:
        assert row["mean_field"] == pytest.approx(row["measured"], rel=0.2)
