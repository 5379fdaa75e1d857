"""Compute the two cost surfaces of figure 5: `python -m stages.surfaces`.

The figure shows those of the first draw of examples; the shares of plateaus are measured on every draw.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from stages.params import Params, load_params
from stages.running.files import whole_folder
from stages.running.stage import run_stage
from stages.statistics.surfaces import PLATEAU_SIDES, SURFACE_COSTS, Surface, draw_examples, plateau, surface


def main(params: Params) -> None:
    """Write data/surfaces/."""
    settings = params.surfaces
    weights = np.linspace(-settings.range, settings.range, settings.points)
    grids, plateaus = [], []
    for draw, (name, cost) in product(range(settings.draws), SURFACE_COSTS.items()):
        one = surface(cost, *draw_examples(settings.seed + draw), weights)
        plateaus.append({"cost": name, "seed": draw, **plateau_shares(one)})
        if draw == 0:
            grids.append(grid_table(one).assign(cost=name))
    with whole_folder(Path("data/surfaces")) as folder:
        pd.concat(grids, ignore_index=True).to_parquet(folder / "surfaces.parquet", index=False)
        pd.DataFrame(plateaus).to_parquet(folder / "plateaus.parquet", index=False)


def grid_table(one: Surface) -> pd.DataFrame:
    """Return one row for each pair of weights, with the cost as `value`, and whether it is on a `plateau`."""
    weight_1, weight_2 = np.meshgrid(one.weights, one.weights, indexing="ij")
    columns = {"weight_1": weight_1, "weight_2": weight_2, "value": one.value, "plateau": plateau(one)}
    return pd.DataFrame({name: column.ravel() for name, column in columns.items()})


def plateau_shares(one: Surface) -> dict[str, float]:
    """Return the share of the surface that is a plateau, also by definitions half and twice as strict.

    plateau_sides: a descent of so many sides of the square does not lead from a plateau to the lowest cost.
    """
    strictness = {"plateau_share": 1, "plateau_share_half_as_strict": 0.5, "plateau_share_twice_as_strict": 2}
    shares = {name: float(plateau(one, PLATEAU_SIDES * times).mean()) for name, times in strictness.items()}
    return {"plateau_sides": PLATEAU_SIDES, **shares}


if __name__ == "__main__":
    run_stage(main, load_params)
