"""Train several runs of one model side by side, and observe them on a schedule."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from stages.descent.batch_normalization import BatchNormalizedDescent
from stages.descent.cpu_compiler import kernels_for
from stages.descent.cuda_graph import CapturedUpdates
from stages.descent.pretraining import GreedyPretraining
from stages.descent.update_rules import UPDATE_RULES
from stages.network.inputs import to_inputs
from stages.network.perceptron import Perceptron, initialize, member, parameters, stack
from stages.network.sizes import layer_sizes
from stages.params import InputRange, Model
from stages.running.interrupts import Interrupted
from stages.training.checkpoints import Checkpoints
from stages.training.resources import checkpoint_bytes, needed_bytes
from stages.training.state import State, pack, unpack

BLOCK_UPDATES = 48  # converted to floats together: a few megabytes, which stay in the cache
DRAWN_UPDATES = 42 * BLOCK_UPDATES  # drawn together as bytes: the generator is fastest on many images
INITIALIZATION_EXAMPLES = 300  # for initializers that look at data; as many as are monitored
NEVER = torch.iinfo(torch.int64).max

Draw = Callable[[int, int, int], tuple[Tensor, Tensor]]
"""draw(seed, start, count): examples start … start+count−1 of the stream of a run's seed, as images uint8 (count, …)
and labels int64 (count,) on the device of training"""
Observe = Callable[[int, Perceptron], dict[str, Any]]
"""observe(update, network): the statistics of a network after so many updates, at the first with a validation_error"""
Progress = Callable[[int, int], object]
"""progress(done, restored): the run-updates trained, and those restored from checkpoints, since the last call"""


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
    """the updates at which `observe` is called; training ends at the last one"""
    device: torch.device
    draw: Draw
    observe: Observe
    input_range: InputRange = "signed"
    """of the inputs that the images become"""
    pretraining_updates: int = 0
    """of each hidden layer, where the recipe has pre-training"""
    precision: str = "float32"
    """of products on a GPU: float32 or tf32"""

    def sizes(self, hidden_layers: int) -> list[int]:
        """Return the units of the inputs, the hidden layers and the output."""
        return layer_sizes(self.recipe, self.inputs, self.hidden_units, hidden_layers, self.classes)

    def needed_bytes(self, hidden_layers: int) -> int:
        """Estimate the bytes of memory that one run takes."""
        return needed_bytes(self.sizes(hidden_layers), self.batch_size, BLOCK_UPDATES, self._kept_copies)

    def checkpoint_bytes(self, hidden_layers: int) -> int:
        """Estimate the bytes of disk that the checkpoint of one run takes."""
        return checkpoint_bytes(self.sizes(hidden_layers), self._kept_copies)

    @property
    def _kept_copies(self) -> int:
        """Copies of the parameters that training keeps in addition to the network's own."""
        normalized = int(self.recipe.batch_normalization)  # W in addition to the weights in use
        return normalized + UPDATE_RULES[self.recipe.update_rule].parameter_copies


@dataclass(frozen=True)
class Outcome:
    """The result of a run."""

    run: Run
    initial: dict[str, np.ndarray]
    """the parameters before supervised training, named as by `stages.network.perceptron.parameters`"""
    kept: dict[str, np.ndarray]
    """the parameters at the update of `best`"""
    final: dict[str, np.ndarray]
    """the parameters after the last update"""
    diverged_at: int | None
    """the first update whose cost is not finite"""
    observations: list[dict[str, Any]]
    """what `observe` returned, until the run diverged"""

    @property
    def best(self) -> dict[str, Any]:
        """The observation with the lowest validation error, the last of equals."""
        return best_of(self.observations)


def best_of(observations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the observation with the lowest validation error, the last of equals; some have no error rates."""
    with_errors = [one for one in reversed(observations) if "validation_error" in one]
    return min(with_errors, key=lambda one: one["validation_error"])


def train(
    runs: Sequence[Run], setting: Setting, progress: Progress, checkpoints: Checkpoints | None = None
) -> list[Outcome]:
    """Train `runs` and return their outcomes in the same order.

    On a GPU, runs of one depth form one stack. On a CPU, every run is a stack of its own, so that its bits do not
    depend on the other runs. With `checkpoints`, training resumes from them; when `progress` raises Interrupted,
    training writes a last checkpoint and ends.
    """
    stacks = [_Stack(alike, setting) for alike in _alike(runs, setting.device)]

    def keep() -> None:
        if checkpoints:
            checkpoints.keep(stacks)

    def tell(run_updates: int) -> None:
        progress(run_updates, 0)
        if checkpoints and checkpoints.due():
            keep()

    try:
        if checkpoints:
            progress(0, checkpoints.resume(stacks))
        for stacked in stacks:
            while stacked.pretraining:
                tell(stacked.pretrain())
        for first, examples in _blocks(min(stacked.updates for stacked in stacks), runs, setting):
            for stacked in stacks:
                if stacked.updates == first:
                    tell(stacked.update(examples))
    except Interrupted:
        keep()
        raise
    keep()  # other runs of the stage may follow
    outcomes = {outcome.run: outcome for stacked in stacks for outcome in stacked.outcomes()}
    return [outcomes[run] for run in runs]


def _alike(runs: Sequence[Run], device: torch.device) -> list[list[Run]]:
    """Return the groups of runs that are trained as one stack."""
    if device.type == "cpu":
        return [[run] for run in runs]
    depths = sorted({run.hidden_layers for run in runs})
    return [[run for run in runs if run.hidden_layers == depth] for depth in depths]


def _blocks(done: int, runs: Sequence[Run], setting: Setting) -> Iterator[tuple[int, dict[int, tuple[Tensor, Tensor]]]]:
    """Yield the blocks of updates after the first `done`: a block's first update, and the examples of each seed.

    The examples are inputs float (updates·batch, inputs) and one-hot targets float (updates·batch, classes). Blocks end
    at the schedule's updates and at multiples of BLOCK_UPDATES, so that they are the same wherever training resumes.
    """
    batch, seeds = setting.batch_size, sorted({run.seed for run in runs})
    for drawn, drawn_end in _draws(done, setting.schedule):
        examples = {seed: setting.draw(seed, drawn * batch, (drawn_end - drawn) * batch) for seed in seeds}
        for first, last in _parts(drawn, drawn_end, BLOCK_UPDATES):
            part = slice((first - drawn) * batch, (last - drawn) * batch)
            inputs_and_targets = {
                seed: (to_inputs(images[part], setting.input_range), one_hot(labels[part], setting.classes).float())
                for seed, (images, labels) in examples.items()
            }
            yield first, inputs_and_targets


def _draws(done: int, schedule: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last update of each range whose images are drawn together."""
    for start, end in pairwise(schedule):
        if end > done:
            yield from _parts(max(start, done), end, DRAWN_UPDATES)


def _parts(start: int, end: int, unit: int) -> Iterator[tuple[int, int]]:
    """Return the parts of the range from `start` to `end` that the multiples of `unit` separate."""
    return pairwise([start, *range((start // unit + 1) * unit, end, unit), end])


def _first_inputs(run: Run, setting: Setting) -> Tensor:
    """Return the first inputs of the run's training stream, for initializers that look at data."""
    return to_inputs(setting.draw(run.seed, 0, INITIALIZATION_EXAMPLES)[0], setting.input_range)


class _Stack:
    """Runs of one depth, which the same operations update together."""

    def __init__(self, runs: Sequence[Run], setting: Setting) -> None:
        recipe = setting.recipe
        self._runs, self._setting = runs, setting
        self._first_inputs = [_first_inputs(run, setting) for run in runs]
        sizes, seen = setting.sizes(runs[0].hidden_layers), zip(runs, self._first_inputs, strict=True)
        self._stacked = stack([initialize(sizes, recipe, run.seed, inputs) for run, inputs in seen], setting.device)
        self._networks = [member(self._stacked, index) for index in range(len(runs))]
        self._kernels = kernels_for(self._stacked, setting.batch_size, recipe.cost)
        self._captured: CapturedUpdates | None = None
        self.updates = 0
        """the supervised updates done"""
        self.pretraining: GreedyPretraining | None = None
        """None once it is finished, and for models without it"""
        if recipe.pretraining:
            described = self._stacked, recipe.pretraining, setting.pretraining_updates, [run.seed for run in runs]
            read = setting.batch_size, setting.draw, setting.input_range
            self.pretraining = GreedyPretraining(*described, *read, self._kernels)
        self._pretraining_updates = self.pretraining.all if self.pretraining else 0
        if not self.pretraining:
            self._begin()

    @property
    def name(self) -> str:
        """A name that no other runs have."""
        return hashlib.sha256(repr(self._runs).encode()).hexdigest()[:16]

    def pretrain(self) -> int:
        """Do a part of pre-training, then start supervised training if it was the last; return the run-updates done."""
        done = self.pretraining.advance()
        if self.pretraining.finished:
            self._begin()
        return done

    def update(self, examples: dict[int, tuple[Tensor, Tensor]]) -> int:
        """Train on the next block of mini-batches, observe at scheduled updates, and return the run-updates done."""
        of_runs = [examples[run.seed] for run in self._runs]
        inputs, targets = (torch.stack(parts) for parts in zip(*of_runs, strict=True))
        outputs = self._outputs(inputs, targets)
        finite = outputs.unflatten(1, (-1, self._setting.batch_size)).isfinite().flatten(2).all(-1)
        updates = finite.shape[1]
        numbers = torch.arange(self.updates + 1, self.updates + 1 + updates, device=outputs.device)
        self._diverged_at = torch.minimum(self._diverged_at, torch.where(finite, NEVER, numbers).amin(1))
        self.updates += updates
        if self.updates in self._setting.schedule:
            self._observe()
        return updates * len(self._runs)

    def outcomes(self) -> list[Outcome]:
        """Return the results of the runs."""
        final = [parameters(network) for network in self._networks]
        diverged_at = [None if update == NEVER else update for update in self._diverged_at.tolist()]
        parts = (self._runs, self._initial, self._kept, final, diverged_at, self._observations)
        return [Outcome(*part) for part in zip(*parts, strict=True)]

    def pack(self) -> bytes:
        """Return all that another stack of the same runs and setting needs to resume from here."""
        runs, before = len(self._runs), self._pretraining_updates
        if self.pretraining:
            done, changed, generators = self.pretraining.done, self.pretraining.changed, self.pretraining.generators
            return pack(State(done, 0, runs * done, changed, generators, initial=[], kept=[], observations=[]))
        changed = [*self._rule.changed, self._diverged_at]
        done = runs * (before + self.updates)
        return pack(State(None, self.updates, done, changed, [], self._initial, self._kept, self._observations))

    def resume(self, packed: bytes) -> int:
        """Resume where another stack of the same runs and setting was packed; return its run-updates."""
        state = unpack(packed)
        if state.pretrained is not None:
            self.pretraining.go_to(state.pretrained)
            self.pretraining.generators = state.generators
            changed = self.pretraining.changed
        else:
            if self.pretraining:
                self._begin()
            changed = [*self._rule.changed, self._diverged_at]
            self._initial, self._kept = state.initial, state.kept
            self._observations, self.updates = state.observations, state.updates
        for tensor, value in zip(changed, state.changed, strict=True):
            tensor.copy_(value)
        return state.run_updates

    def _begin(self) -> None:
        """Start supervised training from the networks' present parameters."""
        setting, self.pretraining = self._setting, None
        rates = [run.learning_rate for run in self._runs]
        described = (self._stacked, rates, setting.batch_size, setting.recipe.cost)
        if setting.recipe.batch_normalization:
            self._rule = BatchNormalizedDescent(*described, torch.stack(self._first_inputs), self._kernels)
        else:
            self._rule = UPDATE_RULES[setting.recipe.update_rule].descent(*described)
        self._initial = [parameters(network) for network in self._networks]
        self._kept = list(self._initial)
        self._observations = [[] for _ in self._runs]
        self._diverged_at = torch.full((len(self._runs),), NEVER, device=setting.device)
        self._observe()

    def _outputs(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Do the updates; return the output layer's pre-activations at each, in the shape of `targets`."""
        if inputs.is_cuda and inputs.shape[1] == BLOCK_UPDATES * self._setting.batch_size:
            if self._captured is None:
                self._captured = CapturedUpdates(self._rule.update, self._rule.changed, inputs, targets)
            return self._captured(inputs, targets)
        outputs = torch.empty_like(targets)
        self._rule.update(inputs, targets, outputs)
        return outputs

    def _observe(self) -> None:
        """Observe every run that has not diverged, and keep its network if it is the best so far."""
        for index, network in enumerate(self._networks):
            # where the sum of squares overflows, the next pass does too, or will soon
            finite = all(weight.norm().isfinite() for weight in network.weights)
            if not finite and self._diverged_at[index] == NEVER:
                self._diverged_at[index] = self.updates  # its next cost would not be finite
            if self._diverged_at[index] == NEVER:
                seen = self._setting.observe(self.updates, network)
                self._observations[index].append(seen)
                if best_of(self._observations[index]) is seen:
                    self._kept[index] = parameters(network)
