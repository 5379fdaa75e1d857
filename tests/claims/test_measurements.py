"""Which model and run a claim gets, what is said where there is none, and reading the files of a folder."""

from dataclasses import replace

import pandas as pd
import pytest

from stages.claims.measurements import SIGMOID, TANH, TANH_N, errors_over_seeds, measurements_in
from stages.claims.verdict import Undecided
from stages.params import Model, Pretraining, load_params
from stages.running.errors import InputError
from tests.claims.made_up import measurements, monitored, predictions, runs
from tests.conftest import REPOSITORY

PRETRAINING = Pretraining("masking", 0.25, 0.01, 0.1)


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


def test_the_best_run_has_the_lowest_validation_error_then_the_highest_rate():
    table = runs((4, 0.1, 0, 0.3), (5, 0.1, 0, 0.2), (5, 0.2, 0, 0.2), (5, 0.4, 0, 0.1), (5, 0.05, 1, 0.2))
    table.loc[table["learning_rate"] == 0.4, "diverged_at"] = 17
    found = measurements({"tanh": TANH}, {"runs/shapeset/tanh/runs": table})
    assert found.best_run("tanh")["learning_rate"] == 0.2
    assert found.best_run("tanh", 4)["test_error"] == 0.3
    with pytest.raises(Undecided, match="diverged"):
        found.best_run("tanh", 3)


def test_courses_are_the_best_runs_hidden_layers():
    tables = monitored("tanh", [0, 10], hidden_layers=2, activation_p98={1: [0.1, 0.2], 2: [0.3, 0.4]})
    table = tables["runs/shapeset/tanh/monitored"]
    output = table[table["layer"] == 2].assign(layer=3, activation_p98=None)
    other_run = table.assign(seed=1, activation_p98=9.0)
    tables["runs/shapeset/tanh/monitored"] = pd.concat([other_run, table, output], ignore_index=True).astype(
        {"activation_p98": float}
    )
    course = measurements({"tanh": TANH}, tables).course("tanh", "activation_p98")
    assert course.to_numpy().tolist() == [[0.1, 0.3], [0.2, 0.4]]
    assert list(course.index) == [0, 10]
    assert list(course.columns) == [1, 2]


@pytest.mark.parametrize(("deep_diverged", "course"), [(False, 0.5), (True, 0.4)])
def test_courses_are_of_five_layers_where_a_run_with_them_did_not_diverge(deep_diverged, course):
    tables = {}
    for depth, error in ((4, 0.1), (5, 0.2)):  # the shallower one is chosen
        of_depth = monitored("tanh", [0, 10], depth, error, activation_p98={1: [depth / 10] * 2})
        tables = {name: pd.concat([tables.get(name), table]) for name, table in of_depth.items()}
    table = tables["runs/shapeset/tanh/runs"].reset_index(drop=True)
    table.loc[(table["hidden_layers"] == 5) & deep_diverged, "diverged_at"] = 7
    tables["runs/shapeset/tanh/runs"] = table
    found = measurements({"tanh": TANH}, tables, hidden_layers=(4, 5))
    assert found.best_run("tanh")["hidden_layers"] == 4
    assert found.course("tanh", "activation_p98").to_numpy().max() == course
    assert found.course("tanh", "activation_p98", 4).to_numpy().max() == 0.4


def test_depths_are_compared_by_the_first_seed():
    table = runs((4, 0.1, 0, 0.3), (4, 0.2, 0, 0.25), (5, 0.1, 0, 0.28), (5, 0.1, 1, 0.1), (5, 0.1, 2, 0.1))
    found = measurements({"tanh": TANH}, {"runs/shapeset/tanh/runs": table})
    assert found.best_of_first_seed("tanh", 4)["test_error"] == 0.25
    assert found.best_of_first_seed("tanh", 5)["test_error"] == 0.28
    with pytest.raises(Undecided, match="diverged"):
        found.best_of_first_seed("tanh", 3)


def test_errors_over_seeds_are_of_the_chosen_depth_and_rate():
    table = runs((4, 0.1, 0, 0.3), (5, 0.2, 0, 0.25), (5, 0.1, 0, 0.28), (5, 0.1, 1, 0.1), (5, 0.1, 2, 0.2))
    table.loc[4, "diverged_at"] = 7
    assert list(errors_over_seeds(table, table.loc[3])) == [0.28, 0.1]


def test_what_is_not_there_says_what_is_missing():
    found = measurements({"tanh": TANH}, {})
    for ask in (
        lambda: found.predictions("tanh"),
        lambda: found.initial("tanh", "activation_std"),
        lambda: found.theory("tanh"),
    ):
        with pytest.raises(Undecided, match="tanh has not been trained"):
            ask()
    with pytest.raises(Undecided, match="mnist is not among the data sets"):
        found.predictions("tanh", "mnist")


@pytest.mark.parametrize(("error", "learned"), [(0.8, False), (0.76, False), (0.74, True)])
def test_a_network_near_chance_has_not_learned(error, learned):
    # 5/6 of Shapeset's images are not of its commonest classes; nine tenths of that are 0.75
    found = measurements({"tanh": TANH}, {"runs/shapeset/tanh/runs": runs((5, 0.1, 0, error))})
    if learned:
        found.require_learned("tanh")
    else:
        with pytest.raises(Undecided, match="not been trained for long enough"):
            found.require_learned("tanh")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "runs" / "shapeset" / "tanh"
    place.mkdir(parents=True)
    predictions(3).to_parquet(place / "predictions.parquet")
    return tmp_path


def test_files_are_read_when_they_are_asked_for(folder):
    found = measurements_in(folder, load_params(REPOSITORY / "params.yaml"))
    assert found.predictions("tanh")["prediction"].sum() == 3
    with pytest.raises(Undecided, match="tanh has not been trained"):
        found.runs("tanh")
    with pytest.raises(Undecided, match="no such table"):
        found.table("surfaces/plateaus", "no such table")


def test_damaged_files_are_one_line(folder):
    found = measurements_in(folder, load_params(REPOSITORY / "params.yaml"))
    place = folder / "runs" / "shapeset" / "tanh"
    predictions(3).drop(columns="label").to_parquet(place / "predictions.parquet")
    with pytest.raises(InputError, match=r"predictions\.parquet: lacks the columns label"):
        found.predictions("tanh")
    (place / "predictions.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match="missing or damaged"):
        found.predictions("tanh")
