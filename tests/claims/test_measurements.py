"""Which model and runs a claim gets, what it is without them, and reading the files of a folder."""

from dataclasses import replace

import pandas as pd
import pytest

from stages.claims.measurements import SIGMOID, TANH, TANH_N, Measurements, measurements_in
from stages.claims.verdict import Undecided
from stages.params import Model, load_params
from stages.running.errors import InputError
from tests.claims.made_up import (
    BEST_RATE,
    DIVERGED,
    PRETRAINING,
    measurements,
    monitored,
    predictions,
    runs,
    seed_runs,
)
from tests.conftest import REPOSITORY

CHANCE = 5 / 6  # a sixth of Shapeset's images are of its commonest class
ERRORS = [0.20, 0.21, 0.22, 0.23, 0.24]


def of_tanh(*tables: pd.DataFrame, dataset: str = "shapeset") -> Measurements:
    """Measurements of a tanh model with these tables of runs, one below another."""
    made = {f"runs/{dataset}/tanh/runs": pd.concat(tables, ignore_index=True)}
    return measurements({"tanh": TANH}, made, datasets=["shapeset", "mnist"])


def test_models_are_found_by_what_they_are():
    models = {
        "quadratic": replace(TANH, cost="quadratic"),
        "wide": replace(TANH, width_profile=[1.0, 2.0]),
        "batch-normalized": replace(TANH, batch_normalization=True),
        "mine": replace(TANH, seeds=7, learning_rates=[0.5]),
        "tanh": TANH_N,
    }
    found = measurements(models, {})
    assert found.find(TANH) == "mine"
    assert found.find(TANH_N) == "tanh"
    assert found.find(replace(TANH, width_profile=[1.0, 2.0])) == "wide"
    with pytest.raises(Undecided, match="lacks this model: sigmoid units, standard initialization"):
        found.find(SIGMOID)
    assert found.find(replace(TANH, batch_normalization=True)) == "batch-normalized"
    with pytest.raises(Undecided, match=r"sigmoid units, standard initialization, batch normalization$"):
        found.find(replace(SIGMOID, batch_normalization=True))
    with pytest.raises(Undecided, match="tanh units, standard initialization, learning rates from the Hessian"):
        found.find(replace(TANH, update_rule="hessian"))


def test_of_several_depths_five_comes_first_unless_another_is_asked_for():
    models = {"four": replace(SIGMOID, hidden_layers=[4]), "five": SIGMOID}
    found = measurements(models, {})
    assert found.find(SIGMOID) == "five"
    assert found.find(SIGMOID, 4) == "four"
    with pytest.raises(Undecided, match="lacks this model with 3 hidden layers"):
        found.find(SIGMOID, 3)
    assert measurements({"all": SIGMOID}, {}, hidden_layers=(1, 4, 5)).find(SIGMOID, 4) == "all"
    assert measurements({"four": models["four"]}, {}).find(SIGMOID) == "four"
    several = models | {"all": replace(SIGMOID, hidden_layers=[3, 4, 5])}
    assert measurements(several, {}).find(SIGMOID, 3, 4) == "all"
    with pytest.raises(Undecided, match="lacks this model with 2, 3 hidden layers"):
        measurements(several, {}).find(SIGMOID, 2, 3)


def test_pretrained_models_are_found_from_any_initialization():
    models = {
        "tanh": TANH,
        "sigmoid-pre": replace(SIGMOID, pretraining=PRETRAINING),
        "tanh-pre": replace(TANH_N, pretraining=PRETRAINING),
    }
    found = measurements(models, {})
    assert found.find_pretrained(TANH) == "tanh-pre"
    assert found.find_pretrained(SIGMOID) == "sigmoid-pre"
    with pytest.raises(Undecided, match="softsign units and pre-training"):
        found.find_pretrained(Model("softsign", "standard"))


def test_the_judged_depth_is_five_or_else_the_chosen_one():
    better = [error / 2 for error in ERRORS]
    deep = of_tanh(seed_runs(better, hidden_layers=4), seed_runs(ERRORS))
    assert deep.errors("tanh").tolist() == ERRORS
    assert deep.errors("tanh", 4).tolist() == better
    one, chosen = seed_runs(ERRORS, 3).assign(chosen=False), seed_runs(ERRORS, 2)
    assert set(of_tanh(one, chosen).seeds("tanh")["hidden_layers"]) == {2}


def test_the_rate_has_the_first_seeds_lowest_validation_error():
    first = [(5, 0.01, 0, 0.3), (5, 0.03, 0, 0.2), (5, 0.1, 0, 0.4)]
    table = runs(*first, *((5, 0.03, seed, 0.9) for seed in range(1, 5)))
    table.loc[table["learning_rate"] == 0.1, "test_error"] = 0.01  # the test images do not choose
    found = of_tanh(table).seeds("tanh")
    assert set(found["learning_rate"]) == {0.03}
    assert found["seed"].tolist() == [0, 1, 2, 3, 4]


def test_of_rates_that_are_equally_good_the_highest_is_chosen():
    tried = [(5, rate, 0, error) for rate, error in ((0.01, 0.3), (0.03, 0.2), (0.1, 0.2), (0.3, 0.4))]
    others = [(5, rate, seed, 0.2) for rate in (0.03, 0.1) for seed in range(1, 5)]
    assert set(of_tanh(runs(*tried, *others)).seeds("tanh")["learning_rate"]) == {0.1}


@pytest.mark.parametrize(
    ("errors", "edge"),
    [
        ({0.03: 0.2, 0.1: 0.3}, "lowest"),
        ({0.03: 0.3, 0.1: 0.2}, "highest"),
        ({0.03: 0.2, 0.1: DIVERGED}, "lowest"),
        ({0.1: 0.2}, "only one"),
        ({0.03: 0.3, 0.1: 0.2, 0.3: 0.4}, None),
        ({0.03: 0.3, 0.1: 0.2, 0.3: DIVERGED}, None),  # higher rates diverge, so none is better
        ({0.03: 0.8, 0.1: 0.8}, None),  # they all end at chance
        ({0.1: 0.8}, None),
    ],
)
def test_the_best_rate_lies_inside_those_that_were_tried(errors, edge):
    best = max((rate for rate in errors if errors[rate] < 0.9), key=lambda rate: (-errors[rate], rate))
    tried = [(5, rate, 0, error) for rate, error in errors.items()]
    found = of_tanh(runs(*tried, *((5, best, seed, errors[best]) for seed in range(1, 5))))
    if edge:
        with pytest.raises(Undecided, match=f"the best learning rate of tanh on shapeset, {best}, is the {edge} of"):
            found.seeds("tanh")
    else:
        assert set(found.seeds("tanh")["learning_rate"]) == {best}


@pytest.mark.parametrize("seeds", [1, 4])
def test_fewer_than_five_seeds_do_not_decide(seeds):
    tables = monitored("tanh", [0], [{"activation_std": {1: [0.5]}}] * seeds)
    for measured, columns in (
        ("theory", {"quantity": "activation", "measured": 1.0}),
        ("initial_jacobians", {"average_singular_value": 1.0}),
    ):
        tables[f"measured/shapeset/tanh/{measured}"] = pd.DataFrame({"seed": range(seeds), "layer": 1, **columns})
    found = measurements({"tanh": TANH}, tables)
    for ask in (
        lambda: found.errors("tanh"),
        lambda: found.courses("tanh", "activation_std"),
        lambda: found.has_learned("tanh", 5),
        lambda: found.initial("tanh", "activation_std"),
        lambda: found.initial_jacobians("tanh"),
        lambda: found.theory("tanh"),
    ):
        with pytest.raises(Undecided, match=f"tanh has too few seeds on shapeset: {seeds}; needed: 5"):
            ask()


def test_five_seeds_may_lose_the_one_that_is_left_out_but_no_other():
    assert of_tanh(seed_runs(ERRORS)).without(2).errors("tanh").to_dict() == {0: 0.2, 1: 0.21, 3: 0.23, 4: 0.24}
    with pytest.raises(Undecided, match="too few seeds on shapeset: 3"):
        of_tanh(seed_runs(ERRORS[:4])).without(2).errors("tanh")


def test_leaving_out_the_first_seed_keeps_the_rate_that_it_chose():
    # the other seeds alone might choose another, since they have this one only
    found = of_tanh(seed_runs(ERRORS)).without(0).seeds("tanh")
    assert set(found["learning_rate"]) == {BEST_RATE}
    assert found["seed"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(("dataset", "chance"), [("shapeset", CHANCE), ("mnist", 1 - 0.1135)])
def test_a_seed_that_diverged_errs_as_often_as_by_chance(dataset, chance):
    found = of_tanh(seed_runs([*ERRORS[:4], DIVERGED]), dataset=dataset)
    assert found.errors("tanh", dataset=dataset).tolist() == pytest.approx([*ERRORS[:4], chance])


def test_there_are_no_courses_where_a_seed_diverged():
    tables = monitored("tanh", [0, 10], {"activation_p98": {1: [0.1, 0.2]}})
    tables["runs/shapeset/tanh/runs"] = seed_runs([*ERRORS[:3], DIVERGED, ERRORS[4]])
    found = measurements({"tanh": TANH}, tables)
    for ask in (lambda: found.courses("tanh", "activation_p98"), lambda: found.has_learned("tanh", 5)):
        with pytest.raises(Undecided, match="seed 3 of tanh diverged; a lower learning rate is needed"):
            ask()
    assert sorted(found.without(3).courses("tanh", "activation_p98")) == [0, 1, 2, 4]


def test_there_are_no_errors_where_all_runs_of_the_first_seed_diverged():
    with pytest.raises(Undecided, match="all runs of tanh on shapeset diverged"):
        of_tanh(seed_runs([DIVERGED] * 5, others=DIVERGED)).errors("tanh")


def test_courses_are_those_of_the_judged_runs_hidden_layers():
    of_seeds = [{"activation_p98": {1: [0.1, 0.2], 2: [0.3, 0.4 + seed]}} for seed in range(5)]
    tables = monitored("tanh", [0, 10], of_seeds, hidden_layers=2)
    courses = measurements({"tanh": TANH}, tables).courses("tanh", "activation_p98")
    assert list(courses) == [0, 1, 2, 3, 4]
    for seed, course in courses.items():
        assert course.to_numpy().tolist() == [[0.1, 0.3], [0.2, 0.4 + seed]]
        assert list(course.index) == [0, 10]
        assert list(course.columns) == [1, 2]


def test_courses_are_of_five_layers_unless_others_are_asked_for():
    tables = {}
    for depth in (4, 5):
        of_depth = monitored("tanh", [0, 10], {"activation_p98": {1: [depth / 10] * 2}}, depth, error=depth / 20)
        tables = {name: pd.concat([tables.get(name), table]) for name, table in of_depth.items()}
    found = measurements({"tanh": TANH}, tables, hidden_layers=(4, 5))
    assert found.courses("tanh", "activation_p98")[3].to_numpy().tolist() == [[0.5] * 5] * 2
    assert found.courses("tanh", "activation_p98", 4)[3].to_numpy().tolist() == [[0.4] * 4] * 2


def test_runs_that_were_not_monitored_are_named():
    tables = monitored("tanh", [0, 10], {"activation_p98": {1: [0.1, 0.2]}})
    tables["runs/shapeset/tanh/monitored"]["learning_rate"] = 0.3  # only the others
    with pytest.raises(Undecided, match="the runs of tanh have not been monitored"):
        measurements({"tanh": TANH}, tables).courses("tanh", "activation_p98")


def test_a_network_has_learned_where_it_errs_on_less_than_nine_tenths_of_chance():
    tables = monitored("tanh", [0, 10, 20], {"activation_p98": {1: [0.1] * 3}}, errors=[0.84, 0.751, 0.749])
    found = measurements({"tanh": TANH}, tables).has_learned("tanh", 5)
    assert list(found) == [0, 1, 2, 3, 4]
    assert found[2].to_dict() == {0: False, 10: False, 20: True}


@pytest.mark.parametrize(
    ("errors", "learned"),
    [
        ([0.8] * 5, False),
        ([0.76] * 5, False),
        ([0.74] * 5, True),  # nine tenths of chance are 0.75
        ([0.7, 0.72, 0.74, 0.78, 0.8], True),  # on average
        ([0.7, 0.72, 0.74, 0.83, DIVERGED], False),
    ],
)
def test_a_network_near_chance_has_not_learned(errors, learned):
    found = of_tanh(seed_runs(errors))
    if learned:
        found.require_learned("tanh")
    else:
        with pytest.raises(Undecided, match=r"tanh has not been trained for long enough .* errs on 83\.3 %"):
            found.require_learned("tanh")


def test_initial_values_have_a_row_a_seed_and_a_column_a_layer():
    of_seeds = [{"activation_std": {1: [0.5 + seed, 7.0], 2: [0.4, 7.0]}} for seed in range(5)]
    tables = monitored("tanh", [0, 10], of_seeds, hidden_layers=2)
    table = tables["runs/shapeset/tanh/monitored"]
    table.loc[table["layer"] == 3, "activation_std"] = None  # the output layer has none
    tables["runs/shapeset/tanh/runs"].loc[4, "diverged_at"] = 7  # which says nothing about its initial weights
    found = measurements({"tanh": TANH}, tables)
    initial = found.initial("tanh", "activation_std")
    assert initial.to_dict("list") == {1: [0.5, 1.5, 2.5, 3.5, 4.5], 2: [0.4] * 5}
    assert found.without(1).initial("tanh", "activation_std").index.tolist() == [0, 2, 3, 4]


def test_initial_values_need_no_best_rate():
    tables = monitored("tanh", [0], {"activation_std": {1: [0.5]}})
    tables["runs/shapeset/tanh/runs"] = seed_runs([DIVERGED] * 5, others=DIVERGED)
    assert len(measurements({"tanh": TANH}, tables).initial("tanh", "activation_std")) == 5


def test_initial_jacobians_have_a_row_a_seed():
    rows = [(seed, layer, seed + layer / 10) for seed in range(5) for layer in (1, 2)]
    table = pd.DataFrame(rows, columns=["seed", "layer", "average_singular_value"])
    found = measurements({"tanh": TANH}, {"measured/shapeset/tanh/initial_jacobians": table})
    assert found.initial_jacobians("tanh").loc[3].to_dict() == {1: 3.1, 2: 3.2}
    assert found.without(3).initial_jacobians("tanh").index.tolist() == [0, 1, 2, 4]


def test_theory_is_of_the_hidden_layers():
    rows = [
        (quantity, seed, layer, 1.0)
        for quantity, layers in (("activation", 2), ("weight_gradient", 3))
        for seed in range(5)
        for layer in range(1, layers + 1)
    ]
    table = pd.DataFrame(rows, columns=["quantity", "seed", "layer", "measured"])
    found = measurements({"tanh": TANH}, {"measured/shapeset/tanh/theory": table})
    assert len(found.theory("tanh")) == 2 * 5 * 2
    assert found.theory("tanh")["layer"].max() == 2
    assert len(found.without(1).theory("tanh")) == 2 * 4 * 2
    empty = measurements({"tanh": TANH}, {"measured/shapeset/tanh/theory": table[:0]})
    with pytest.raises(Undecided, match="no theory predicts the variances of tanh"):
        empty.theory("tanh")


def test_what_is_not_there_is_named():
    found = measurements({"tanh": TANH}, {})
    for ask in (
        lambda: found.predictions("tanh"),
        lambda: found.initial("tanh", "activation_std"),
        lambda: found.initial_jacobians("tanh"),
        lambda: found.theory("tanh"),
        lambda: found.errors("tanh"),
    ):
        with pytest.raises(Undecided, match="tanh has not been trained and measured on shapeset"):
            ask()
    with pytest.raises(Undecided, match="mnist is not among the data sets"):
        found.predictions("tanh", "mnist")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "runs" / "shapeset" / "tanh"
    place.mkdir(parents=True)
    predictions([0.003]).to_parquet(place / "predictions.parquet")
    return tmp_path


def test_files_are_read_when_they_are_asked_for(folder):
    found = measurements_in(folder, load_params(REPOSITORY / "params.yaml"))
    assert found.predictions("tanh")["prediction"].sum() == 3
    with pytest.raises(Undecided, match="tanh has not been trained"):
        found.errors("tanh")
    with pytest.raises(Undecided, match="no such table"):
        found.table("surfaces/plateaus", "no such table")


def test_damaged_files_are_one_line(folder):
    found = measurements_in(folder, load_params(REPOSITORY / "params.yaml"))
    place = folder / "runs" / "shapeset" / "tanh"
    predictions([0.003]).drop(columns="label").to_parquet(place / "predictions.parquet")
    with pytest.raises(InputError, match=r"predictions\.parquet: lacks the columns label"):
        found.predictions("tanh")
    (place / "predictions.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match="missing or damaged"):
        found.predictions("tanh")
