"""Figure 9 draws how far apart the layers' weight gradients are, over all seeds of the chosen learning rate."""

import numpy as np
import pandas as pd

from stages import render
from stages.figures import layers_apart
from stages.figures.style import PAPER_COLOURS
from tests.figures.drawing import assert_drawn_to_scale, marks

MODELS = ("tanh", "tanh-n")


def test_a_line_is_the_mean_over_the_seeds_and_its_band_their_range(root, results):
    (drawn,) = marks(layers_apart.draw(results.apart[results.apart["model"].isin(MODELS)])).values()
    pixels, values = [], []
    for model in MODELS:
        table = pd.read_parquet(root / f"data/runs/shapeset/{model}/monitored.parquet")
        hidden = table[(table.learning_rate == 0.03) & (table.layer <= 5)]
        stds = hidden.pivot(index="update", columns=["seed", "layer"], values="weight_gradient_std")
        assert stds.columns.get_level_values("seed").nunique() > 1
        of_seeds = {seed: stds[seed].max(axis=1) / stds[seed].min(axis=1) for seed in stds.columns.levels[0]}
        logs = np.log(pd.DataFrame(of_seeds))
        (line,) = [mark for mark in drawn if mark.kind == "line" and mark.colour == PAPER_COLOURS[model]]
        (band,) = [mark for mark in drawn if mark.kind == "area" and mark.colour == PAPER_COLOURS[model]]
        low, high = sorted((band.ys, band.y2s), key=np.sum, reverse=True)
        pixels += [line.ys, low, high]
        values += [logs.mean(axis=1), logs.min(axis=1), logs.max(axis=1)]
    assert_drawn_to_scale(np.concatenate(pixels), np.concatenate(values))


def test_updates_at_which_a_layer_has_no_gradient_at_all_are_left_out(root, tmp_path):
    folders = {name: root / "data" / folder / "shapeset/tanh" for name, folder in render.FOLDERS.items()}
    files = {name: folder / f"{name}.parquet" for name, folder in folders.items()}
    monitored = pd.read_parquet(files["monitored"])
    monitored.loc[(monitored["layer"] == 1) & (monitored["update"] > 10_000), "weight_gradient_std"] = 0.0
    files["monitored"] = tmp_path / "monitored.parquet"
    monitored.to_parquet(files["monitored"])
    apart = render.of_chosen_run(files)["apart"]
    assert set(apart["update"]) == set(monitored.loc[monitored["update"] <= 10_000, "update"])
