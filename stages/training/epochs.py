"""An endless stream from a finite training set: epoch after epoch, each in a new random order."""

import numpy as np
import torch
from torch import Tensor


def draw_epochs(
    images: Tensor, labels: Tensor, seed: int, run_seed: int, start: int, count: int
) -> tuple[Tensor, Tensor]:
    """Return examples start … start+count−1 of a run's stream, on the device of `images`.

    images: uint8 (examples, …); labels: int64 (examples,). A mini-batch may start in one epoch and end in the next.
    """
    examples = len(labels)
    first, last = start // examples, (start + count - 1) // examples
    orders = np.concatenate([epoch_order(seed, run_seed, epoch, examples) for epoch in range(first, last + 1)])
    place = start - first * examples
    drawn = torch.from_numpy(orders[place : place + count]).to(images.device)
    return images[drawn], labels[drawn]


def epoch_order(seed: int, run_seed: int, epoch: int, examples: int) -> np.ndarray:
    """Return the order of the examples in an epoch, int64 (examples,): a function of the seeds and the epoch alone."""
    return np.random.default_rng([seed, run_seed, epoch]).permutation(examples)
