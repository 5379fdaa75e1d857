"""The support vector machine with a Gaussian kernel exp(−gamma·|x − y|²), the shallow model of section 5.

scikit-learn's SVC (libsvm) fits it, one class against another. This module computes the predictions of the fitted
machine as matrix products, many times faster than libsvm, which predicts image by image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sklearn.svm import SVC

CACHE_MEBIBYTES = 500  # of kernel values kept while fitting, in each process
IMAGES_AT_ONCE = 500  # in one matrix of kernel values, to limit memory


class Examples(NamedTuple):
    """Inputs float64 (count, pixels) and labels int64 (count,)."""

    inputs: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Trial:
    """Result of one pair of hyper-parameters."""

    C: float
    """the penalty of examples on the wrong side of the margin"""
    gamma: float
    """the kernel's factor of the squared distance"""
    validation_error: float
    """the share of misclassified validation images"""
    support_vectors: int


def try_pairs(training: Examples, validation: Examples, pairs: Sequence[tuple[float, float]]) -> Iterator[Trial]:
    """Yield the trial of each pair of C and gamma as soon as it is ready; the pairs run in parallel on all cores."""
    from joblib import Parallel, delayed

    yield from Parallel(n_jobs=-1, return_as="generator_unordered")(
        delayed(try_pair)(training, validation, penalty, gamma) for penalty, gamma in pairs
    )


def try_pair(training: Examples, validation: Examples, penalty: float, gamma: float) -> Trial:
    """Fit one machine; return its trial on the validation images."""
    machine = fit(training, penalty, gamma)
    error = float((answers(machine, validation.inputs) != validation.labels).mean())
    return Trial(penalty, gamma, error, len(machine.support_))


def best_of(trials: Sequence[Trial]) -> Trial:
    """Return the trial with the lowest validation error; ties go to the lowest C, then the lowest gamma."""
    return min(trials, key=lambda one: (one.validation_error, one.C, one.gamma))


def fit(training: Examples, penalty: float, gamma: float) -> SVC:
    """Return a machine fitted to examples of at least two classes."""
    from sklearn.svm import SVC

    return SVC(C=penalty, kernel="rbf", gamma=gamma, cache_size=CACHE_MEBIBYTES).fit(*training)


def answers(machine: SVC, inputs: np.ndarray) -> np.ndarray:
    """Return the class int64 (count,) that wins most pairwise decisions; ties go to the first class, as in libsvm."""
    firsts, seconds = np.triu_indices(len(machine.classes_), 1)
    weights = decision_weights(machine)
    found = []
    for start in range(0, len(inputs), IMAGES_AT_ONCE):
        kernel = gaussian_kernel(inputs[start : start + IMAGES_AT_ONCE], machine.support_vectors_, machine.gamma)
        decisions = kernel @ weights + decision_biases(machine)
        winners = np.where(decisions > 0, firsts, seconds)
        votes = (winners[:, :, None] == np.arange(len(machine.classes_))).sum(1)
        found.append(machine.classes_[votes.argmax(1)])
    return np.concatenate(found)


def decision_weights(machine: SVC) -> np.ndarray:
    """Return the weight of each support vector in each pairwise decision, (support vectors, decisions).

    The decisions are between classes 0 and 1, 0 and 2, …, 1 and 2, …; the first of the two wins above 0.
    """
    classes = np.repeat(np.arange(len(machine.classes_)), machine.n_support_)
    decisions = zip(*np.triu_indices(len(machine.classes_), 1), strict=True)
    weights = [
        np.where(classes == first, machine.dual_coef_[second - 1], 0)
        + np.where(classes == second, machine.dual_coef_[first], 0)
        for first, second in decisions
    ]
    return _sign(machine) * np.stack(weights, axis=1)


def decision_biases(machine: SVC) -> np.ndarray:
    """Return the bias of each pairwise decision, (decisions,)."""
    return _sign(machine) * machine.intercept_


def gaussian_kernel(left: np.ndarray, right: np.ndarray, gamma: float) -> np.ndarray:
    """Return exp(−gamma·|x − y|²) for each row x of `left` (rows, pixels) and y of `right`: (rows, rows)."""
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * left @ right.T
    return np.exp(-gamma * squares)


def _sign(machine: SVC) -> int:
    """Return −1 for two classes, because scikit-learn then lets the second win above 0, and 1 for more."""
    return -1 if len(machine.classes_) == 2 else 1
