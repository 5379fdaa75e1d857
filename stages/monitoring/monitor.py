"""Monitoring of a network during training, on fixed examples (section 2.3)."""

from collections.abc import Mapping
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
    """Observes a network on the training device."""

    splits: Mapping[str, tuple[Tensor, Tensor]]
    """name → images, uint8 (count, …), and labels, int64 (count,): test and the others whose error is recorded"""
    input_range: InputRange
    cost: str
    """the cost whose gradients are monitored, a name in COSTS"""
    monitored_examples: int
    """how many of the first test examples give the layers' statistics; 300 in the paper"""
    error_updates: frozenset[int]
    """the updates at which the error rates of all splits are evaluated too"""

    def __call__(self, update: int, network: Perceptron) -> dict[str, Any]:
        """Return an observation: `update`, `layers`, `histograms` and, at `error_updates`, each split's error rate.

        `layers` are the rows of `layer_statistics`, `histograms` the table of `layer_histograms`.
        """
        images, labels = (part[: self.monitored_examples] for part in self.splits["test"])
        passes = back_propagate(network, to_inputs(images, self.input_range), labels, self.cost)
        observation = {"update": update, "layers": layer_statistics(passes), "histograms": layer_histograms(passes)}
        if update in self.error_updates:
            for split, examples in self.splits.items():
                observation[f"{split}_error"] = error_rate(network, *examples, self.input_range)
        return observation
