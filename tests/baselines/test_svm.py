"""The SVM's answers are those of libsvm and of its dual expansion."""

from math import dist, exp

import numpy as np
import pytest

from stages import svm
from stages.baselines.svm import Examples, Trial, answers, best_of, decision_weights, fit, gaussian_kernel, try_pairs


def clouds(classes: int, count: int = 40, spread: float = 1.5) -> Examples:
    """Examples of each class around a middle of its own, which overlap; the labels are 2, 4, 6, …"""
    random = np.random.default_rng(classes)
    labels = random.integers(0, classes, count)
    labels[:classes] = range(classes)
    return Examples(random.normal(size=(classes, 5))[labels] + spread * random.normal(size=(count, 5)), 2 + 2 * labels)


def test_the_kernel_is_the_gaussian_of_the_distance():
    left, right = clouds(3).inputs[:4], clouds(4).inputs[:6]
    expected = [[exp(-0.3 * dist(x, y) ** 2) for y in right] for x in left]
    assert gaussian_kernel(left, right, 0.3) == pytest.approx(np.array(expected), rel=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_answers_are_those_of_libsvm_itself(classes):
    """Also where the votes are equal, and for more images than are answered at once."""
    training, test = clouds(classes), clouds(classes, count=1_201, spread=3)
    machine = fit(training, 3, 0.2)
    found = answers(machine, test.inputs)
    assert np.array_equal(found, machine.predict(test.inputs))
    assert set(found) == set(training.labels)


def test_two_classes_are_told_apart_by_the_dual_expansion():
    """Vapnik's conditions at the optimum of the dual: 0 ≤ α ≤ C, Σ αy = 0, and y·f(x) ≥ 1 but where α = C."""
    training, penalty = clouds(2, count=80), 3.0
    machine = fit(training, penalty, 0.2)
    signs = np.where(training.labels == 2, 1, -1)  # the first class is that above 0
    alphas = np.zeros(80)
    alphas[machine.support_] = decision_weights(machine)[:, 0] * signs[machine.support_]
    assert alphas.min() >= 0
    assert alphas.max() == pytest.approx(penalty)
    assert alphas @ signs == pytest.approx(0, abs=1e-9)
    kernel = np.array([[exp(-0.2 * dist(x, y) ** 2) for y in training.inputs] for x in training.inputs])
    without_bias = kernel @ (alphas * signs)
    on_the_margin = (alphas > 1e-6) & (alphas < penalty - 1e-6)
    bias = np.mean(signs[on_the_margin] - without_bias[on_the_margin])
    margins = signs * (without_bias + bias)
    assert margins[on_the_margin] == pytest.approx(1, abs=5e-3)
    assert margins[alphas == 0].min() > 1 - 5e-3
    assert margins[alphas == penalty].max() < 1 + 5e-3
    assert np.array_equal(answers(machine, training.inputs), np.where(without_bias + bias > 0, 2, 4))


def test_examples_that_differ_are_fitted_exactly_by_a_narrow_kernel_and_a_large_penalty():
    training = clouds(4)
    assert np.array_equal(answers(fit(training, 1e6, 10), training.inputs), training.labels)


def test_every_pair_is_tried_on_the_validation_images():
    training, validation = clouds(3), clouds(3, count=60, spread=2)
    pairs = [(1.0, 0.1), (1.0, 100.0), (30.0, 0.1)]
    trials = sorted(try_pairs(training, validation, pairs), key=lambda trial: pairs.index((trial.C, trial.gamma)))
    assert [(trial.C, trial.gamma) for trial in trials] == pairs
    for trial in trials:
        machine = fit(training, trial.C, trial.gamma)
        assert trial.validation_error == (machine.predict(validation.inputs) != validation.labels).mean()
        assert trial.support_vectors == machine.n_support_.sum()
    assert trials[1].support_vectors == 40  # so narrow a kernel knows each example apart
    assert len({trial.validation_error for trial in trials}) > 1


def test_the_pair_with_the_lowest_validation_error_is_chosen_and_of_several_the_smoothest():
    trials = [
        Trial(C, gamma, error, 9)
        for C, gamma, error in [(9, 2, 0.3), (3, 4, 0.2), (9, 1, 0.2), (3, 2, 0.2), (1, 1, 0.4)]
    ]
    assert best_of(trials) == trials[3]
    assert list(svm.search_table(trials)["chosen"]) == [False, False, False, True, False]
