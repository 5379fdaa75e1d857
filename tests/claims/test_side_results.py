"""Claims told in the text of the paper, judged on made-up models that err on the first so many of 100 test images."""

from dataclasses import replace

import pandas as pd
import pytest

from stages.claims import side_results
from stages.claims.measurements import TANH, TANH_N
from stages.claims.verdict import FAILS, HOLDS, UNDECIDED, Undecided
from tests.claims.made_up import measurements, predictions, with_errors

HESSIAN = {
    "tanh": TANH,
    "tanh-n": TANH_N,
    "tanh-hessian": replace(TANH, update_rule="hessian"),
    "tanh-n-hessian": replace(TANH_N, update_rule="hessian"),
}
WIDEN, NARROW = [0.5, 1.0, 1.5], [1.5, 1.0, 0.5]
PROFILES = {
    "widens": replace(TANH, width_profile=WIDEN),
    "widens-n": replace(TANH_N, width_profile=WIDEN),
    "narrows": replace(TANH, width_profile=NARROW),
    "narrows-n": replace(TANH_N, width_profile=NARROW),
}


def plateaus(**shares: tuple[float, float, float]) -> dict[str, pd.DataFrame]:
    """Each cost's shares of plateaus by the definition, half as strict and twice as strict."""
    names = ["plateau_share", "plateau_share_half_as_strict", "plateau_share_twice_as_strict"]
    table = pd.DataFrame.from_dict(shares, orient="index", columns=names)
    return {"surfaces/plateaus": table.rename_axis("cost").reset_index()}


@pytest.mark.parametrize(
    ("quadratic", "cross_entropy", "verdict"),
    [
        ((0.4, 0.5, 0.1), (0.1, 0.2, 0.0), HOLDS),
        ((0.1, 0.2, 0.0), (0.4, 0.5, 0.1), FAILS),
        ((0.2, 0.3, 0.1), (0.2, 0.3, 0.1), FAILS),
        ((0.4, 0.5, 0.1), (0.1, 0.2, 0.1), UNDECIDED),  # not by the strictest definition
        ((0.4, 0.5, 0.1), (0.1, 0.6, 0.0), UNDECIDED),  # … nor by the least strict
        ((0.1, 0.5, 0.1), (0.4, 0.2, 0.0), UNDECIDED),
    ],
)
def test_cross_entropy_fewer_plateaus(quadratic, cross_entropy, verdict):
    tables = plateaus(cross_entropy=cross_entropy, quadratic=quadratic)
    found = side_results.cross_entropy_fewer_plateaus(measurements({}, tables))
    assert found.verdict == verdict
    assert (found.missing is not None) == (verdict == UNDECIDED)
    assert found.numbers == {
        f"{cost}_plateau_share{strictness}": share
        for cost, shares in (("quadratic", quadratic), ("cross_entropy", cross_entropy))
        for strictness, share in zip(("", "_half_as_strict", "_twice_as_strict"), shares, strict=True)
    }


def test_cross_entropy_fewer_plateaus_needs_both_surfaces():
    with pytest.raises(Undecided, match="not been measured"):
        side_results.cross_entropy_fewer_plateaus(measurements({}, {}))
    with pytest.raises(Undecided, match="no surface of the cost cross_entropy"):
        side_results.cross_entropy_fewer_plateaus(measurements({}, plateaus(quadratic=(0.1, 0.2, 0.0))))


@pytest.mark.parametrize(("network", "svm", "verdict"), [(50, 59, HOLDS), (50, 58, UNDECIDED), (59, 50, FAILS)])
def test_deep_beats_svm(network, svm, verdict):
    table = pd.concat([predictions(network).assign(model="network"), predictions(svm).assign(model="svm")])
    found = side_results.deep_beats_svm(measurements({}, {"svm/shapeset/answers": table}))
    assert found.verdict == verdict
    assert found.numbers == pytest.approx(
        {"difference_percent": svm - network, "network_percent": network, "svm_percent": svm, "training_images": 1000}
    )
    if verdict == UNDECIDED:
        assert found.missing.endswith("both were trained on 1,000 images, the paper's on 100,000")


def test_deep_beats_svm_needs_both():
    with pytest.raises(Undecided, match="has not been trained"):
        side_results.deep_beats_svm(measurements({}, {}))
    table = predictions(3).assign(model="network")
    with pytest.raises(Undecided, match="no answers of the svm"):
        side_results.deep_beats_svm(measurements({}, {"svm/shapeset/answers": table}))


def test_deep_beats_svm_reads_no_data_set_that_is_not_listed():
    table = pd.concat([predictions(50).assign(model="network"), predictions(59).assign(model="svm")])
    with pytest.raises(Undecided, match="shapeset is not among the data sets"):
        side_results.deep_beats_svm(measurements({}, {"svm/shapeset/answers": table}, datasets=["mnist"]))


@pytest.mark.parametrize(
    ("tanh", "tanh_hessian", "tanh_n", "tanh_n_hessian", "verdict"),
    [
        (70, 50, 30, 10, HOLDS),
        (70, 65, 30, 10, UNDECIDED),  # does it help tanh?
        (70, 33, 30, 10, UNDECIDED),  # does it help less than normalized initialization?
        (70, 50, 30, 28, UNDECIDED),  # does it help on top of it?
        (50, 70, 30, 10, FAILS),
        (70, 18, 30, 10, FAILS),  # it helps more than normalized initialization
        (70, 20, 30, 10, UNDECIDED),  # … with p = 2/2¹⁰, three times of which is not below 0.005
        (70, 50, 30, 42, FAILS),
    ],
)
def test_second_order_helps(tanh, tanh_hessian, tanh_n, tanh_n_hessian, verdict):
    wrong = dict(zip(HESSIAN, (tanh, tanh_n, tanh_hessian, tanh_n_hessian), strict=True))
    assert side_results.second_order_helps(measurements(HESSIAN, with_errors(wrong))).verdict == verdict


@pytest.mark.parametrize(("tanh_variance", "verdict"), [(50, HOLDS), (90, FAILS)])
def test_second_order_helps_judges_every_rule_there_is(tanh_variance, verdict):
    models = HESSIAN | {
        f"{name}-variance": replace(HESSIAN[name], update_rule="gradient_variance") for name in ("tanh", "tanh-n")
    }
    wrong = {"tanh": 70, "tanh-hessian": 50, "tanh-n": 30, "tanh-n-hessian": 10, "tanh-n-variance": 10}
    tables = with_errors(wrong | {"tanh-variance": tanh_variance})
    assert side_results.second_order_helps(measurements(models, tables)).verdict == verdict


def test_second_order_helps_needs_both_initializations():
    with pytest.raises(Undecided, match="no tanh models with update_rule"):
        side_results.second_order_helps(measurements({"tanh": TANH, "tanh-n": TANH_N}, {}))
    without = {name: model for name, model in HESSIAN.items() if name != "tanh-n-hessian"}
    with pytest.raises(Undecided, match="normalized initialization, learning rates from the Hessian"):
        side_results.second_order_helps(measurements(without, {}))


@pytest.mark.parametrize(
    ("widens", "widens_n", "narrows", "narrows_n", "verdict"),
    [(50, 20, 60, 30, HOLDS), (50, 20, 35, 30, UNDECIDED), (20, 50, 60, 30, FAILS)],
)
def test_width_profile_irrelevant(widens, widens_n, narrows, narrows_n, verdict):
    wrong = dict(zip(PROFILES, (widens, widens_n, narrows, narrows_n), strict=True))
    assert side_results.width_profile_irrelevant(measurements(PROFILES, with_errors(wrong))).verdict == verdict


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("widens", "layers that widen"),
        ("narrows", "layers that narrow"),
        ("narrows-n", "normalized initialization, widths × 1.5, 1, 0.5"),
    ],
)
def test_width_profile_irrelevant_needs_all_four(missing, sentence):
    models = {name: model for name, model in PROFILES.items() if name != missing}
    wrong = dict.fromkeys(models, 30)
    with pytest.raises(Undecided, match=sentence):
        side_results.width_profile_irrelevant(measurements(models, with_errors(wrong)))
