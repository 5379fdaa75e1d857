"""Comparison of compiled kernels with torch: a few updates of small networks by every descent that uses them."""

import ctypes
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from stages.descent.batch_normalization import BatchNormalizedDescent
from stages.descent.cpu_descent import CpuDescent, layers_of
from stages.descent.pretraining import DECODERS, AutoEncoder
from stages.descent.sgd import GradientDescent
from stages.network.padding import ROW, padded
from stages.network.perceptron import Perceptron, stack

SIZES = 37, 2 * ROW + 1, ROW, 9  # of layers, with and without padding
RATES = 0.1, 0.3  # of two runs
UPDATES = 3
TOLERANCE = 3e-4  # ten times what rounding was found to do


def check(kernels: ctypes.CDLL, activation: str, cost: str, batch_size: int) -> None:
    """Raise AssertionError unless `kernels`, compiled for these, compute what torch does."""
    expected, found = (trained(one, activation, cost, batch_size) for one in (None, kernels))
    for right, value in zip(expected, found, strict=True):
        torch.testing.assert_close(value, right, rtol=TOLERANCE, atol=TOLERANCE)


def trained(kernels: ctypes.CDLL | None, activation: str, cost: str, batch_size: int) -> Iterator[Tensor]:
    """Train by every descent, with torch if `kernels` are None; yield all that each changes."""
    generator = torch.Generator().manual_seed(1)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator) * 2 - 1

    def networks() -> Perceptron:
        layers = list(pairwise(SIZES))
        weights = [draw(below, units) / below**0.5 for below, units in layers]
        alone = Perceptron(weights, [draw(1, units) for _, units in layers], activation)
        return stack([alone] * len(RATES), torch.device("cpu"))

    inputs = draw(len(RATES), UPDATES * batch_size, SIZES[0])
    targets = torch.eye(SIZES[-1])[torch.randint(SIZES[-1], inputs.shape[:2], generator=generator)]

    def updated(descent: CpuDescent | GradientDescent | BatchNormalizedDescent) -> Tensor:
        outputs = torch.empty_like(targets)
        descent.update(inputs, targets, outputs)
        return outputs

    for of_parameters in (False, True):
        stacked = networks()
        rates = [padded(draw(*one.shape)) for one in (*stacked.weights, *stacked.biases)] if of_parameters else None
        if kernels:
            yield updated(CpuDescent(kernels, layers_of(stacked, rates), RATES, batch_size))
        else:
            yield updated(GradientDescent(stacked, RATES, batch_size, cost, rates))
        yield from (*stacked.weights, *stacked.biases)
    if batch_size > 2:  # the variance of fewer magnifies rounding
        descent = BatchNormalizedDescent(networks(), RATES, batch_size, cost, inputs, kernels)
        yield from (updated(descent), *descent.changed)
    for decoder in DECODERS:
        auto_encoder = AutoEncoder(stacked := networks(), 0, decoder, RATES[0], batch_size, kernels)
        auto_encoder.update(inputs, inputs * 0.5)
        yield from (stacked.weights[0], stacked.biases[0], auto_encoder.decoder_bias)
