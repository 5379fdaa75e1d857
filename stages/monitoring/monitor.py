"""Monitoring of a network during training, on fixed examples (section 2.3)."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from stages.monitoring.errors import error_rate
from stages.monitoring.histograms import layer_histograms
from stages.monitoring.layers import layer_statistics
from stages.network.inputs import to_inputs
from stages.network.perceptron import Perceptron, back_propagate
from stages.params import InputRange


@dataclass(frozen=True)
class Monitor:
    """Observes a network; images are uint8 (count, …), labels int64 (count,), on the training device."""

    validation_images: Tensor
    validation_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    input_range: InputRange
    cost: str
    """the cost whose gradients are monitored, a name in COSTS"""
    monitored_examples: int
    """how many of the first test examples give the layers' statistics; 300 in the paper"""
    error_updates: frozenset[int]
    """the updates at which the error rates, on whole splits, are evaluated too"""

    def __call__(self, update: int, network: Perceptron) -> dict[str, Any]:
        """Return an observation: `update`, `layers`, `histograms` and, at `error_updates`, both error rates.

        `layers` are the rows of `layer_statistics`, `histograms` the table of `layer_histograms`.
        """
        inputs = to_inputs(self.test_images[: self.monitored_examples], self.input_range)
        passes = back_propagate(network, inputs, self.test_labels[: self.monitored_examples], self.cost)
        observation = {"update": update, "layers": layer_statistics(passes), "histograms": layer_histograms(passes)}
        if update in self.error_updates:
            for split, *examples in (
                ("validation", self.validation_images, self.validation_labels),
                ("test", self.test_images, self.test_labels),
            ):
                observation[f"{split}_error"] = error_rate(network, *examples, self.input_range)
        return observation
