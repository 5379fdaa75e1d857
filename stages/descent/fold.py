"""The buffers of a fold: a few updates whose weight changes are accumulated and applied together at its end.

A weight change is stored as its two factors, activations and gradients, with one row per example and the updates of the
fold stacked in order. Each update works on views of these rows, which are created once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class LayerRows:
    """One layer's rows at one update, (…, batch, units), and at all earlier updates of the fold."""

    pre_activation: Tensor
    activation: Tensor
    gradient: Tensor
    earlier_activation: Tensor
    earlier_activation_transposed: Tensor
    earlier_gradient: Tensor
    earlier_gradient_transposed: Tensor


@dataclass(frozen=True, slots=True)
class Update:
    """One update's rows, and buffers for products of its examples with earlier ones, (…, batch, earlier)."""

    layers: list[LayerRows]
    is_first: bool
    between: Tensor
    between_inputs: Tensor
    """products of inputs: a view of `Fold.between_inputs`"""


@dataclass(frozen=True, slots=True)
class Fold:
    """All rows of a fold."""

    updates: list[Update]
    between_inputs: Tensor
    """products between the inputs of all rows (…, rows, rows)"""
    first_pre_activation: Tensor
    outputs: Tensor
    activations_transposed: list[Tensor]
    """of the hidden layers (…, units, rows)"""
    gradients: list[Tensor]
    """of all layers (…, rows, units)"""


class FoldBuffers:
    """Buffers for folds of up to `rows` examples in mini-batches of `batch_size`, allocated once."""

    def __init__(self, widths: Sequence[int], rows: int, batch_size: int, empty: Callable[[int, int], Tensor]) -> None:
        """`widths`: units of each layer; `empty(rows, columns)` returns a new buffer (…, rows, columns)."""
        self._batch_size = batch_size
        self._pre_activations, self._activations, self._gradients = (
            [empty(rows, width) for width in widths] for _ in range(3)
        )
        self._between, self._between_inputs = empty(rows, rows), empty(rows, rows)
        self._folds: dict[int, Fold] = {}

    def fold(self, rows: int) -> Fold:
        """Return the fold that consists of the first `rows` rows."""
        if rows not in self._folds:
            self._folds[rows] = Fold(
                updates=[self._update(first) for first in range(0, rows, self._batch_size)],
                between_inputs=self._between_inputs[..., :rows, :rows],
                first_pre_activation=self._pre_activations[0][..., :rows, :],
                outputs=self._pre_activations[-1][..., :rows, :],
                activations_transposed=[z[..., :rows, :].mT for z in self._activations[:-1]],
                gradients=[gradient[..., :rows, :] for gradient in self._gradients],
            )
        return self._folds[rows]

    def _update(self, first: int) -> Update:
        """Return the update whose examples start at row `first`."""
        batch = self._batch_size
        now, earlier = slice(first, first + batch), slice(0, first)
        buffers = zip(self._pre_activations, self._activations, self._gradients, strict=True)
        return Update(
            layers=[
                LayerRows(
                    pre_activation=s[..., now, :],
                    activation=z[..., now, :],
                    gradient=gradient[..., now, :],
                    earlier_activation=z[..., earlier, :],
                    earlier_activation_transposed=z[..., earlier, :].mT,
                    earlier_gradient=gradient[..., earlier, :],
                    earlier_gradient_transposed=gradient[..., earlier, :].mT,
                )
                for s, z, gradient in buffers
            ],
            is_first=first == 0,
            # contiguous, since products into a strided view are slower
            between=self._between.flatten(-2)[..., : batch * first].unflatten(-1, (batch, first)),
            between_inputs=self._between_inputs[..., now, earlier],
        )
