"""Predictions of a network on a whole split, and their error rate."""

import torch
from torch import Tensor

from stages.network.inputs import to_inputs
from stages.network.perceptron import Perceptron, predict
from stages.params import InputRange

EXAMPLES_AT_ONCE = 1_000  # few enough for their activations to stay in the cache


def predictions(network: Perceptron, images: Tensor, input_range: InputRange) -> Tensor:
    """Return the most probable class of each of `images` uint8 (count, …): int64 (count,)."""
    return torch.cat([predict(network, to_inputs(some, input_range)) for some in images.split(EXAMPLES_AT_ONCE)])


def error_rate(network: Perceptron, images: Tensor, labels: Tensor, input_range: InputRange) -> float:
    """Return the share of `images` uint8 (count, …) whose most probable class is not its label (count,)."""
    return (predictions(network, images, input_range) != labels).float().mean().item()
