"""The files that the stage `surfaces` writes."""

import pandas as pd
import pytest
import yaml

from stages import surfaces
from stages.params import load_params
from stages.running.errors import InputError
from stages.statistics.surfaces import SURFACE_COSTS
from tests.synthetic_results import write_params

FILES = ("surfaces", "plateaus")


def written(root, monkeypatch, **settings) -> dict[str, pd.DataFrame]:
    """Run the stage with these settings; return its tables."""
    monkeypatch.chdir(root)
    write_params(root, {"tanh": ("tanh", "standard")})
    values = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    values["surfaces"] |= settings
    (root / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    surfaces.main(load_params())
    return {file: pd.read_parquet(root / "data/surfaces" / f"{file}.parquet") for file in FILES}


def test_both_costs_have_a_grid_and_the_share_of_it_that_is_plateau(tmp_path, monkeypatch):
    tables = written(tmp_path, monkeypatch, points=21, range=6, draws=1)
    grid, plateaus = tables["surfaces"], tables["plateaus"].set_index("cost")
    assert list(grid) == ["weight_1", "weight_2", "value", "plateau", "cost"]
    assert list(plateaus.index) == list(SURFACE_COSTS)
    for cost, points in grid.groupby("cost"):
        assert len(points.drop_duplicates(["weight_1", "weight_2"])) == 21**2
        assert (points["weight_1"].min(), points["weight_2"].max()) == (-6, 6)
        assert plateaus.loc[cost, "plateau_share"] == points["plateau"].mean()
    shares = plateaus[["plateau_share_half_as_strict", "plateau_share", "plateau_share_twice_as_strict"]]
    assert (shares.diff(axis=1).iloc[:, 1:] <= 0).all(axis=None)
    assert (shares.loc["quadratic"] > shares.loc["cross_entropy"]).all()
    middle = grid[(grid["weight_1"] == 0) & (grid["weight_2"] == 0)].set_index("cost")["value"]
    assert middle["cross_entropy"] == pytest.approx(0.693147, abs=1e-6)  # both classes have probability ½
    assert middle["quadratic"] == 0.25


def test_every_draw_is_that_of_the_next_seed_and_the_grid_is_of_the_first(tmp_path, monkeypatch):
    several = written(tmp_path, monkeypatch, seed=7, draws=3, points=21)
    assert several["plateaus"][["cost", "seed"]].to_numpy().tolist() == [
        [cost, draw] for draw in range(3) for cost in SURFACE_COSTS
    ]
    shares = several["plateaus"].set_index("seed").drop(columns="cost")
    for draw in range(3):
        alone = written(tmp_path, monkeypatch, seed=7 + draw, draws=1, points=21)
        expected = alone["plateaus"].drop(columns=["cost", "seed"])
        assert shares.loc[draw].to_numpy().tolist() == expected.to_numpy().tolist()
        assert several["surfaces"].equals(alone["surfaces"]) == (draw == 0)


def test_the_same_seed_gives_the_same_bytes(tmp_path, monkeypatch):
    contents = []
    for seed in (1, 1, 2):
        written(tmp_path, monkeypatch, seed=seed, draws=2, points=5)
        contents.append([(tmp_path / "data/surfaces" / f"{file}.parquet").read_bytes() for file in FILES])
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"points": 2}, "surfaces.points is 2; allowed: a whole number from 3 to 401"),
        ({"range": 0}, "surfaces.range is 0; allowed: a whole number from 1 to 1000"),
        ({"seed": -1}, "surfaces.seed is -1"),
        ({"draws": 0}, "surfaces.draws is 0; allowed: a whole number from 1 to 1000"),
    ],
)
def test_settings_that_cannot_be_are_named(tmp_path, monkeypatch, settings, line):
    with pytest.raises(InputError, match=line):
        written(tmp_path, monkeypatch, **settings)


def test_the_settings_of_this_repository_are_in_order():
    assert load_params().surfaces.points % 2  # so that the grid has the weights 0
    assert load_params().surfaces.draws >= 20  # enough for a t-test over the draws
