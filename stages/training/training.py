"""Training of several runs of one model side by side, observed on a schedule."""

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
from stages.descent.cuda_graph import CapturedUpdates
from stages.descent.pretraining import Pretraining
from stages.descent.update_rules import UPDATE_RULES
from stages.network.inputs import to_inputs
from stages.network.perceptron import Perceptron, initialize, member, parameters, stack
from stages.network.sizes import layer_sizes
from stages.params import Model
from stages.running.interrupts import Interrupted
from stages.training.checkpoints import Checkpoints
from stages.training.resources import checkpoint_bytes, needed_bytes
from stages.training.state import State, pack, unpack

BLOCK_UPDATES = 48  # made into floats together: a few megabytes, so that they stay in the cache
DRAWN_UPDATES = 42 * BLOCK_UPDATES  # drawn together as bytes: the generator is fastest on many images
INITIALIZATION_EXAMPLES = 300  # for what looks at data before training; as many as are monitored
NEVER = torch.iinfo(torch.int64).max

Draw = Callable[[int, int, int], tuple[Tensor, Tensor]]
"""draw(seed, start, count): examples start … start+count−1 of the stream of a run's seed, as images uint8 (count, …)
and labels int64 (count,) on the device of training"""
Observe = Callable[[int, Perceptron], dict[str, Any]]
"""observe(update, network): what is to be kept of a network after so many updates"""
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
    """the update numbers at which `observe` is called; the last one ends training"""
    device: torch.device
    draw: Draw
    observe: Observe
    precision: str = "float32"
    """of products on a GPU: float32 or tf32"""

    def sizes(self, hidden_layers: int) -> list[int]:
        """Return the units of the inputs, the hidden layers and the output."""
        return layer_sizes(self.recipe, self.inputs, self.hidden_units, hidden_layers, self.classes)

    def needed_bytes(self, hidden_layers: int) -> int:
        """Return about how many bytes of memory one run takes."""
        return needed_bytes(self.sizes(hidden_layers), self.batch_size, BLOCK_UPDATES, self._kept_copies)

    def checkpoint_bytes(self, hidden_layers: int) -> int:
        """Return about how many bytes of disk the checkpoint of one run takes."""
        return checkpoint_bytes(self.sizes(hidden_layers), self._kept_copies)

    @property
    def _kept_copies(self) -> int:
        """Copies of the parameters that are kept in training beside the network's own."""
        normalized = int(self.recipe.batch_normalization)  # W beside the weights as they are used
        return normalized + UPDATE_RULES[self.recipe.update_rule].parameter_copies


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


def train(
    runs: Sequence[Run], setting: Setting, progress: Progress, checkpoints: Checkpoints | None = None
) -> list[Outcome]:
    """Train `runs`, in the order given.

    On a GPU the runs of one depth are one stack, on a CPU every run goes by itself, so that a run's bits do not
    depend on its neighbours. With `checkpoints`, training goes on from where it was left; where `progress` raises
    Interrupted, its state is kept there before it ends.
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
    keep()  # since other runs of the stage may follow
    outcomes = {outcome.run: outcome for stacked in stacks for outcome in stacked.outcomes()}
    return [outcomes[run] for run in runs]


def _alike(runs: Sequence[Run], device: torch.device) -> list[list[Run]]:
    """Return the groups of runs that go through the same operations as one."""
    if device.type == "cpu":
        return [[run] for run in runs]
    depths = sorted({run.hidden_layers for run in runs})
    return [[run for run in runs if run.hidden_layers == depth] for depth in depths]


def _blocks(done: int, runs: Sequence[Run], setting: Setting) -> Iterator[tuple[int, dict[int, tuple[Tensor, Tensor]]]]:
    """Yield, for the updates that follow the first `done`, the first update of a block and each seed's examples for it.

    These are inputs float (updates·batch, inputs) and one-hot targets float (updates·batch, classes). Blocks are cut
    at the schedule's updates and at multiples of BLOCK_UPDATES, wherever `done` is one of these cuts: what an update
    rule does at every so many updates has the same places in all of them.
    """
    batch, seeds = setting.batch_size, sorted({run.seed for run in runs})
    for drawn, drawn_end in _draws(done, setting.schedule):
        examples = {seed: setting.draw(seed, drawn * batch, (drawn_end - drawn) * batch) for seed in seeds}
        for first, last in _parts(drawn, drawn_end, BLOCK_UPDATES):
            part = slice((first - drawn) * batch, (last - drawn) * batch)
            inputs_and_targets = {
                seed: (to_inputs(images[part]), one_hot(labels[part], setting.classes).float())
                for seed, (images, labels) in examples.items()
            }
            yield first, inputs_and_targets


def _draws(done: int, schedule: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield from which update to which images are drawn together."""
    for start, end in pairwise(schedule):
        if end > done:
            yield from _parts(max(start, done), end, DRAWN_UPDATES)


def _parts(start: int, end: int, unit: int) -> Iterator[tuple[int, int]]:
    """Return where the parts begin and end into which the multiples of `unit` cut the numbers from `start` to `end`."""
    return pairwise([start, *range((start // unit + 1) * unit, end, unit), end])


def _first_inputs(run: Run, setting: Setting) -> Tensor:
    """Return the first inputs of the run's training stream, for what looks at data before training."""
    return to_inputs(setting.draw(run.seed, 0, INITIALIZATION_EXAMPLES)[0])


class _Stack:
    """Runs of one depth that are updated by the same operations."""

    def __init__(self, runs: Sequence[Run], setting: Setting) -> None:
        recipe = setting.recipe
        self._runs, self._setting = runs, setting
        self._first_inputs = [_first_inputs(run, setting) for run in runs]
        sizes, seen = setting.sizes(runs[0].hidden_layers), zip(runs, self._first_inputs, strict=True)
        self._stacked = stack([initialize(sizes, recipe, run.seed, inputs) for run, inputs in seen], setting.device)
        self._networks = [member(self._stacked, index) for index in range(len(runs))]
        self._captured: CapturedUpdates | None = None
        self.updates = 0
        """of supervised training that are done"""
        self.pretraining: Pretraining | None = None
        """which comes before"""
        if recipe.pretraining:
            updates = recipe.pretraining.updates(setting.schedule[-1])
            seeds = [run.seed for run in runs]
            described = (self._stacked, recipe.pretraining, updates, seeds, setting.batch_size, setting.draw)
            self.pretraining = Pretraining(*described)
        self._pretraining_updates = self.pretraining.all if self.pretraining else 0
        if not self.pretraining:
            self._begin()

    @property
    def name(self) -> str:
        """A name that other runs do not have."""
        return hashlib.sha256(repr(self._runs).encode()).hexdigest()[:16]

    def pretrain(self) -> int:
        """Do a part of pre-training, and go over to supervised training at its end; return the run-updates done."""
        done = self.pretraining.advance()
        if self.pretraining.finished:
            self._begin()
        return done

    def update(self, examples: dict[int, tuple[Tensor, Tensor]]) -> int:
        """Train on the next block of mini-batches, and observe when it is time; return the run-updates done."""
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
        """Return what the runs leave behind."""
        final = [parameters(network) for network in self._networks]
        diverged_at = [None if update == NEVER else update for update in self._diverged_at.tolist()]
        parts = (self._runs, self._initial, final, diverged_at, self._observations)
        return [Outcome(*part) for part in zip(*parts, strict=True)]

    def pack(self) -> bytes:
        """Return all that another stack of the same runs and setting needs to resume from here."""
        runs, before = len(self._runs), self._pretraining_updates
        if self.pretraining:
            done, changed, generators = self.pretraining.done, self.pretraining.changed, self.pretraining.generators
            return pack(State(done, 0, runs * done, changed, generators, initial=[], observations=[]))
        changed = [*self._rule.changed, self._diverged_at]
        done = runs * (before + self.updates)
        return pack(State(None, self.updates, done, changed, [], self._initial, self._observations))

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
            self._initial, self._observations, self.updates = state.initial, state.observations, state.updates
        for tensor, value in zip(changed, state.changed, strict=True):
            tensor.copy_(value)
        return state.run_updates

    def _begin(self) -> None:
        """Begin supervised training with the networks as they are."""
        setting, self.pretraining = self._setting, None
        rates = [run.learning_rate for run in self._runs]
        described = (self._stacked, rates, setting.batch_size, setting.recipe.cost)
        if setting.recipe.batch_normalization:
            self._rule = BatchNormalizedDescent(*described, torch.stack(self._first_inputs))
        else:
            self._rule = UPDATE_RULES[setting.recipe.update_rule].descent(*described)
        self._initial = [parameters(network) for network in self._networks]
        self._observations = [[] for _ in self._runs]
        self._diverged_at = torch.full((len(self._runs),), NEVER, device=setting.device)
        self._observe()

    def _outputs(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Do the updates; return the output layer's pre-activations at each, of the shape of `targets`."""
        if inputs.is_cuda and inputs.shape[1] == BLOCK_UPDATES * self._setting.batch_size:
            if self._captured is None:
                self._captured = CapturedUpdates(self._rule.update, self._rule.changed, inputs, targets)
            return self._captured(inputs, targets)
        outputs = torch.empty_like(targets)
        self._rule.update(inputs, targets, outputs)
        return outputs

    def _observe(self) -> None:
        """Observe every run that has not diverged."""
        for index, network in enumerate(self._networks):
            # where squares are not finite, the next pass is not either, or soon will not be
            finite = all(weight.norm().isfinite() for weight in network.weights)
            if not finite and self._diverged_at[index] == NEVER:
                self._diverged_at[index] = self.updates  # the next cost would be the first that is not finite
            if self._diverged_at[index] == NEVER:
                self._observations[index].append(self._setting.observe(self.updates, network))
