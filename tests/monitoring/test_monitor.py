"""Observations of a network on fixed examples."""

import pandas as pd
import pytest
import torch

from stages.monitoring.errors import EXAMPLES_AT_ONCE, error_rate, predictions
from stages.monitoring.histograms import layer_histograms
from stages.monitoring.layers import layer_statistics
from stages.monitoring.monitor import Monitor
from stages.network.inputs import to_inputs
from stages.network.perceptron import back_propagate, initialize
from stages.params import Model
from tests.descent.plain import plain_network


@pytest.fixture
def network():
    return initialize([16, 8, 3], Model("tanh", "normalized"), seed=1)


@pytest.fixture
def examples():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (EXAMPLES_AT_ONCE + 7, 4, 4), dtype=torch.uint8, generator=generator)
    return images, torch.randint(0, 3, (len(images),), generator=generator)


@pytest.mark.parametrize(("input_range", "inputs"), [("signed", [-1, 1, -0.6, -0.2]), ("unit", [0, 1, 0.2, 0.4])])
def test_grey_levels_become_inputs_of_the_given_range(input_range, inputs):
    images = torch.tensor([[[0, 255], [51, 102]]], dtype=torch.uint8)
    torch.testing.assert_close(to_inputs(images, input_range), torch.tensor([inputs]).float(), rtol=0, atol=1e-7)
    assert to_inputs(images, input_range)[0, :2].tolist() == inputs[:2]  # exactly
    assert images.dtype == torch.uint8
    assert images.flatten().tolist() == [0, 255, 51, 102]  # they stay as they are


@pytest.mark.parametrize("input_range", ["signed", "unit"])
def test_predictions_and_error_rate_equal_those_of_the_plain_module(network, examples, input_range):
    images, labels = examples
    grey = images.flatten(1) / 255
    expected, others = (plain_network(network)(inputs).argmax(1) for inputs in (grey * 2 - 1, grey))
    assert not torch.equal(expected, others)
    if input_range == "unit":
        expected = others
    assert torch.equal(predictions(network, images, input_range), expected)
    rate = error_rate(network, images, labels, input_range)
    assert rate == pytest.approx((expected != labels).double().mean().item())


@pytest.mark.parametrize("input_range", ["signed", "unit"])
def test_monitor_observes_the_first_test_examples_and_the_errors_at_error_updates(network, examples, input_range):
    images, labels = examples
    splits = {"validation": (images[:100], labels[:100]), "test": examples, "train": (images[50:], labels[50:])}
    monitor = Monitor(splits, input_range, "quadratic", 30, frozenset([5]))
    assert monitor(4, network).keys() == {"update", "layers", "histograms"}
    seen = monitor(5, network)
    passes = back_propagate(network, to_inputs(images[:30], input_range), labels[:30], "quadratic")
    assert seen["layers"] == layer_statistics(passes)
    pd.testing.assert_frame_equal(seen["histograms"], layer_histograms(passes))
    assert seen["validation_error"] == error_rate(network, images[:100], labels[:100], input_range)
    assert seen["test_error"] == error_rate(network, images, labels, input_range)
    assert seen["train_error"] == error_rate(network, images[50:], labels[50:], input_range)
