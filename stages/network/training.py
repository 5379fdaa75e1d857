"""Training of several runs of one model side by side, observed on a schedule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from stages.network.batch_normalization import BatchNormalizedDescent
from stages.network.cuda_graph import CapturedUpdates
from stages.network.inputs import to_inputs
from stages.network.memory import needed_bytes
from stages.network.per_parameter import PARAMETER_COPIES
from stages.network.perceptron import Perceptron, initialize, member, parameters, stack
from stages.network.pretraining import pretrain
from stages.network.recipe import layer_sizes
from stages.network.update_rules import UPDATE_RULES
from stages.params import Model

BLOCK_UPDATES = 48  # made into floats together: a few megabytes, so that they stay in the cache
DRAWN_UPDATES = 42 * BLOCK_UPDATES  # drawn together as bytes: the generator is fastest on many images
INITIALIZATION_EXAMPLES = 300  # for what looks at data before training; as many as are monitored
NEVER = torch.iinfo(torch.int64).max

Draw = Callable[[int, int, int], tuple[Tensor, Tensor]]
"""draw(seed, start, count): examples start … start+count−1 of the stream of a run's seed, as images uint8 (count, …)
and labels int64 (count,) on the device of training"""
Observe = Callable[[int, Perceptron], dict[str, Any]]
"""observe(update, network): what is to be kept of a network after so many updates"""


@dataclass(frozen=True)
class Run:
    """One training of a model."""

    hidden_layers: int
    learning_rate: float
    seed: int


@dataclass(frozen=True)
class Setting:
    """What all runs of a model share."""

    recipe: Model
    inputs: int
    hidden_units: int
    classes: int
    batch_size: int
    schedule: Sequence[int]
    """the update numbers at which `observe` is called; the last one ends training"""
    device: torch.device
    draw: Draw
    observe: Observe

    def sizes(self, hidden_layers: int) -> list[int]:
        """Return the units of the inputs, the hidden layers and the output."""
        return layer_sizes(self.recipe, self.inputs, self.hidden_units, hidden_layers, self.classes)

    def needed_bytes(self, hidden_layers: int) -> int:
        """Return about how many bytes of memory one run takes."""
        kept_copies = int(self.recipe.batch_normalization)  # W beside the weights as they are used
        if self.recipe.update_rule != "sgd":
            kept_copies += PARAMETER_COPIES
        return needed_bytes(self.sizes(hidden_layers), self.batch_size, BLOCK_UPDATES, kept_copies)


@dataclass(frozen=True)
class Outcome:
    """What a run leaves behind."""

    run: Run
    initial: dict[str, np.ndarray]
    """the parameters before supervised training, named as by `stages.network.perceptron.parameters`"""
    final: dict[str, np.ndarray]
    """the parameters after training"""
    diverged_at: int | None
    """the update whose cost was the first that is not finite"""
    observations: list[dict[str, Any]]
    """what `observe` returned, until the run diverged"""


def train(runs: Sequence[Run], setting: Setting, progress: Callable[[int], object]) -> list[Outcome]:
    """Train `runs`, in the order given; `progress` is told the run-updates done since it was last called.

    On a GPU the runs of one depth are one stack, on a CPU every run goes by itself, so that a run's bits do not
    depend on its neighbours.
    """
    stacks = [_Stack(alike, setting, progress) for alike in _alike(runs, setting.device)]
    for stacked in stacks:
        stacked.observe(0)
    for start, end in pairwise(setting.schedule):
        for first, examples in _blocks(start, end, sorted({run.seed for run in runs}), setting):
            for stacked in stacks:
                progress(stacked.update(first, examples))
        for stacked in stacks:
            stacked.observe(end)
    outcomes = {outcome.run: outcome for stacked in stacks for outcome in stacked.outcomes()}
    return [outcomes[run] for run in runs]


def _alike(runs: Sequence[Run], device: torch.device) -> list[list[Run]]:
    """Return the groups of runs that go through the same operations as one."""
    if device.type == "cpu":
        return [[run] for run in runs]
    depths = sorted({run.hidden_layers for run in runs})
    return [[run for run in runs if run.hidden_layers == depth] for depth in depths]


def _blocks(
    start: int, end: int, seeds: Sequence[int], setting: Setting
) -> Iterator[tuple[int, dict[int, tuple[Tensor, Tensor]]]]:
    """Yield, for the updates from `start` to `end`, the first update of a block and each seed's examples for it.

    These are inputs float (updates·batch, inputs) and one-hot targets float (updates·batch, classes). Wherever `start`
    is, a whole block begins at a multiple of BLOCK_UPDATES: what an update rule does at every so many updates has the
    same places in all of them.
    """
    batch = setting.batch_size
    for drawn, drawn_end in _parts(start, end, DRAWN_UPDATES):
        examples = {seed: setting.draw(seed, drawn * batch, (drawn_end - drawn) * batch) for seed in seeds}
        for first, last in _parts(drawn, drawn_end, BLOCK_UPDATES):
            part = slice((first - drawn) * batch, (last - drawn) * batch)
            inputs_and_targets = {
                seed: (to_inputs(images[part]), one_hot(labels[part], setting.classes).float())
                for seed, (images, labels) in examples.items()
            }
            yield first, inputs_and_targets


def _parts(start: int, end: int, unit: int) -> Iterator[tuple[int, int]]:
    """Return where the parts begin and end into which the multiples of `unit` cut the numbers from `start` to `end`."""
    return pairwise([start, *range((start // unit + 1) * unit, end, unit), end])


def _first_inputs(run: Run, setting: Setting) -> Tensor:
    """Return the first inputs of the run's training stream, for what looks at data before training."""
    return to_inputs(setting.draw(run.seed, 0, INITIALIZATION_EXAMPLES)[0])


class _Stack:
    """Runs of one depth that are updated by the same operations."""

    def __init__(self, runs: Sequence[Run], setting: Setting, progress: Callable[[int], object]) -> None:
        sizes, recipe = setting.sizes(runs[0].hidden_layers), setting.recipe
        first_inputs = [_first_inputs(run, setting) for run in runs]
        initial = [initialize(sizes, recipe, run.seed, seen) for run, seen in zip(runs, first_inputs, strict=True)]
        self._stacked = stack(initial, setting.device)
        self._runs = runs
        if recipe.pretraining:
            seeds = [run.seed for run in runs]
            updates = recipe.pretraining.updates(setting.schedule[-1])
            pretrain(self._stacked, recipe.pretraining, updates, seeds, setting.batch_size, setting.draw, progress)
        described = (self._stacked, [run.learning_rate for run in runs], setting.batch_size, recipe.cost)
        if recipe.batch_normalization:
            self._rule = BatchNormalizedDescent(*described, torch.stack(first_inputs))
        else:
            self._rule = UPDATE_RULES[recipe.update_rule](*described)
        self._captured: CapturedUpdates | None = None
        self._batch_size = setting.batch_size
        self._observe = setting.observe
        self._networks = [member(self._stacked, index) for index in range(len(runs))]
        self._initial = [parameters(network) for network in self._networks]
        self._observations = [[] for _ in runs]
        self._diverged_at = torch.full((len(runs),), NEVER, device=setting.device)

    def update(self, first: int, examples: dict[int, tuple[Tensor, Tensor]]) -> int:
        """Train on the block of mini-batches that follows update `first`; return the run-updates done."""
        of_runs = [examples[run.seed] for run in self._runs]
        inputs, targets = (torch.stack(parts) for parts in zip(*of_runs, strict=True))
        outputs = self._outputs(inputs, targets)
        finite = outputs.unflatten(1, (-1, self._batch_size)).isfinite().flatten(2).all(-1)
        updates = finite.shape[1]
        numbers = torch.arange(first + 1, first + 1 + updates, device=outputs.device)
        self._diverged_at = torch.minimum(self._diverged_at, torch.where(finite, NEVER, numbers).amin(1))
        return updates * len(self._runs)

    def _outputs(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Do the updates; return the output layer's pre-activations at each, of the shape of `targets`."""
        if inputs.is_cuda and inputs.shape[1] == BLOCK_UPDATES * self._batch_size:
            if self._captured is None:
                self._captured = CapturedUpdates(self._rule.update, self._rule.changed, inputs, targets)
            return self._captured(inputs, targets)
        outputs = torch.empty_like(targets)
        self._rule.update(inputs, targets, outputs)
        return outputs

    def observe(self, update: int) -> None:
        """Observe every run that has not diverged."""
        for index, network in enumerate(self._networks):
            # where squares are not finite, the next pass is not either, or soon will not be
            finite = all(weight.norm().isfinite() for weight in network.weights)
            if not finite and self._diverged_at[index] == NEVER:
                self._diverged_at[index] = update  # the next cost would be the first that is not finite
            if self._diverged_at[index] == NEVER:
                self._observations[index].append(self._observe(update, network))

    def outcomes(self) -> list[Outcome]:
        """Return what the runs leave behind."""
        final = [parameters(network) for network in self._networks]
        diverged_at = [None if update == NEVER else update for update in self._diverged_at.tolist()]
        parts = (self._runs, self._initial, final, diverged_at, self._observations)
        return [Outcome(*part) for part in zip(*parts, strict=True)]
