"""Made-up results in the files that the stages before `render` write, shaped like real ones, for tests of figures."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats
import yaml
from safetensors.numpy import save_file

from stages.datasets.dataset import find_dataset
from stages.handover.prepared import write_about
from stages.params import DATASETS, load_params
from stages.training.schedule import error_updates
from tests.conftest import REPOSITORY

PAPER_PERCENT = {
    "shapeset": {"sigmoid": 82.61, "tanh": 27.15, "tanh-n": 15.60, "softsign": 16.27, "softsign-n": 16.06},
    "mnist": {"sigmoid": 2.21, "tanh": 1.76, "tanh-n": 1.64, "softsign": 1.64, "softsign-n": 1.72},
    "cifar10": {"sigmoid": 57.28, "tanh": 55.9, "tanh-n": 52.92, "softsign": 55.78, "softsign-n": 53.8},
    "small_imagenet": {"sigmoid": 70.66, "tanh": 70.58, "tanh-n": 68.57, "softsign": 69.14, "softsign-n": 68.13},
}
RECIPES = {
    "softsign": ("softsign", "standard"),
    "softsign-n": ("softsign", "normalized"),
    "tanh": ("tanh", "standard"),
    "tanh-n": ("tanh", "normalized"),
    "sigmoid": ("sigmoid", "standard"),
}
HIDDEN_LAYERS = 5
LEARNING_RATES = (0.01, 0.03, 0.1, 0.3)
CHOSEN_RATE = 0.03
SEEDS = 2
UPDATES = np.unique(np.round(np.linspace(0, np.sqrt(60_000), 48) ** 2).astype(np.int64))
KEPT_AT = UPDATES[-3]


def write_params(root: Path, models: dict[str, tuple[str, str]], datasets: Sequence[str] = ("shapeset",)) -> None:
    """Write a params.yaml with these models (name: activation, initialization) and data sets."""
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8")) | {
        "scale": "made_up",
        "device": "cpu",
        "precision": "float32",
        "datasets": list(datasets),
        "models": {
            model: {"activation": activation, "initialization": initialization}
            for model, (activation, initialization) in models.items()
        },
        "scales": {
            "made_up": {
                "hidden_units": 64,
                "hidden_layers": [HIDDEN_LAYERS],
                "updates": dict.fromkeys(DATASETS, int(UPDATES[-1])),
                "batch_size": 10,
                "learning_rates": list(LEARNING_RATES),
                "seeds": SEEDS,
                "monitored_examples": 300,
                "monitored_updates": len(UPDATES),
                "svm": {"examples": dict.fromkeys(DATASETS, 1000), "updates": 1000},
            }
        },
        "shapeset": {"seed": 1, "input_range": "signed", "train": 1000, "validation": 1000, "test": 1000},
    }
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def write_results(root: Path, dataset: str, models: dict[str, tuple[str, str]]) -> None:
    """Write prepared images, runs, measurements and Table 1 of `models` (name: activation, initialization)."""
    noise = np.random.default_rng(len(dataset))
    prepared = root / "data" / "prepared" / dataset
    prepared.mkdir(parents=True)
    classes = len(find_dataset(dataset).class_names)
    labels = np.arange(30 * classes, dtype=np.int64) % classes
    images = draw_images(labels, find_dataset(dataset).image_shape)
    save_file({"images": images, "labels": labels}, prepared / "test.safetensors")
    write_about(prepared, find_dataset(dataset).about)
    for model, (activation, initialization) in models.items():
        folder = root / "data" / "runs" / dataset / model
        folder.mkdir(parents=True)
        runs = run_table(PAPER_PERCENT.get(dataset, {}).get(model, 50) / 100, noise)
        runs.to_parquet(folder / "runs.parquet")
        curve_table(runs, 1 - find_dataset(dataset).commonest_share, noise).to_parquet(folder / "curves.parquet")
        monitored_table(runs, activation, initialization, noise).to_parquet(folder / "monitored.parquet")
        measured = root / "data" / "measured" / dataset / model
        measured.mkdir(parents=True)
        histogram_table(activation, initialization).to_parquet(folder / "histograms.parquet")
        jacobian_table(initialization, noise).to_parquet(measured / "jacobians.parquet")
        initial_jacobian_table(initialization).to_parquet(measured / "initial_jacobians.parquet")
        spectrum_table(initialization).to_parquet(measured / "spectra.parquet")
        theory_table(initialization, noise).to_parquet(measured / "theory.parquet")
        write_made(root, dataset, model)
    table1 = root / "reports" / "table1.csv"
    table1.parent.mkdir(exist_ok=True)
    earlier = [pd.read_csv(table1)] if table1.exists() else []
    pd.concat([*earlier, table1_rows(root, dataset, models)]).to_csv(table1, index=False)


def write_made(root: Path, dataset: str, model: str) -> None:
    """Say of a model's results that they were made by the parameters that params.yaml has now, if it has the model."""
    params = load_params(root / "params.yaml")
    if model in params.models:
        made = {"device": "an abacus", "parameters": params.of_training(dataset, model)}
        (root / "data" / "runs" / dataset / model / "made.json").write_text(json.dumps(made), encoding="utf-8")


def draw_images(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Squares whose size and grey, or colour, tell the label: uint8 (count, *shape)."""
    drawn = np.full((len(labels), *shape), 20, dtype=np.uint8)
    for image, label in zip(drawn, labels, strict=True):
        image[4 : 8 + 2 * label, 6 : 10 + 2 * label] = (100 + 15 * label, 60, 250 - 20 * label)[: image[0, 0].size]
    return drawn


def run_table(error: float, noise: np.random.Generator) -> pd.DataFrame:
    """Every learning rate with every seed and test errors above `error`, after the last update a little higher.

    The largest rate diverges, one seed of `CHOSEN_RATE` is chosen.
    """
    runs = pd.DataFrame(
        [(HIDDEN_LAYERS, rate, seed) for rate in LEARNING_RATES for seed in range(SEEDS)],
        columns=["hidden_layers", "learning_rate", "seed"],
    )
    diverged = runs.learning_rate == max(LEARNING_RATES)
    runs["chosen"] = (runs.learning_rate == CHOSEN_RATE) & (runs.seed == 1)
    runs["diverged_at"] = pd.array(np.where(diverged, 1500, 0), dtype="Int64")
    runs["diverged_at"] = runs["diverged_at"].mask(~diverged)
    runs["kept_at"] = pd.array(np.full(len(runs), KEPT_AT), dtype="Int64")
    runs["kept_at"] = runs["kept_at"].mask(diverged)
    runs["test_error"] = np.where(diverged, np.nan, error * noise.uniform(1, 1.1, len(runs)))
    runs["validation_error"] = runs.test_error * 0.99
    for kind in ("validation_error", "test_error"):
        runs[f"last_{kind}"] = (1.02 * runs[kind]).clip(upper=1)
    return runs


def curve_table(runs: pd.DataFrame, chance: float, noise: np.random.Generator) -> pd.DataFrame:
    """Errors that fall from chance to each run's test error, at the updates with error rates."""
    updates = np.array(error_updates(UPDATES.tolist()))
    parts = []
    for run in runs.itertuples():
        last = 0.8 if np.isnan(run.test_error) else run.test_error
        error = (last + (chance - last) * np.exp(-updates / 8000)) * np.exp(noise.normal(0, 0.01, len(updates)))
        parts.append(of_run(run, update=updates, validation_error=error * 0.99, test_error=error))
    return pd.concat(parts, ignore_index=True)


def monitored_table(
    runs: pd.DataFrame, activation: str, initialization: str, noise: np.random.Generator
) -> pd.DataFrame:
    """Statistics of every run, update and layer; the output layer (number `HIDDEN_LAYERS` + 1) has gradients only."""
    shrink = 0.58 if initialization == "standard" else 0.95
    parts = []
    for run in runs.itertuples():
        for layer in range(1, HIDDEN_LAYERS + 2):
            grown = 1 - np.exp(-UPDATES / (3000 * layer))
            std = 0.5 * shrink**layer + (0.9 - 0.5 * shrink**layer) * grown
            mean = 0.5 - 0.1 * layer * grown if activation == "sigmoid" else 0.02 * grown
            spread = {"mean": mean, "std": std, "p98": np.minimum(1.9 * std, 0.99), "p2": -np.minimum(1.9 * std, 0.99)}
            hidden = layer <= HIDDEN_LAYERS
            parts.append(
                of_run(run, update=UPDATES, layer=layer).assign(
                    **{f"activation_{name}": np.float32(value) if hidden else np.nan for name, value in spread.items()},
                    **{name: value if hidden else np.nan for name, value in tenths(std).items()},
                    back_propagated_gradient_std=np.float32(0.01 * shrink ** (HIDDEN_LAYERS - layer) * (1 + grown)),
                    weight_gradient_mean=np.float32(0.001 * layer * grown),
                    weight_gradient_std=np.float32(
                        0.01 * (1 + layer * grown) * np.exp(noise.normal(0, 0.1, len(UPDATES)))
                    ),
                )
            )
    return pd.concat(parts, ignore_index=True)


def tenths(std: np.ndarray) -> dict[str, np.ndarray]:
    """The shares of |z| in each tenth, of normal values with these standard deviations."""
    below = scipy.stats.norm.cdf(np.arange(10) / 10 / std[:, None])
    shares = 2 * np.diff(below, axis=1, append=1)
    return {f"activation_tenth_{tenth}": share for tenth, share in enumerate(shares.T, start=1)}


def prediction_table(runs: pd.DataFrame, noise: np.random.Generator, count: int = 700) -> pd.DataFrame:
    """The answers of each run that did not diverge to `count` test images of nine classes, about a fifth wrong."""
    labels = np.arange(count) % 9
    parts = []
    for run in runs[runs.diverged_at.isna()].itertuples():
        wrong = noise.uniform(size=count) < 0.2
        parts.append(of_run(run, index=range(count), label=labels, prediction=(labels + wrong) % 9))
    return pd.concat(parts, ignore_index=True)


def of_run(run, **columns) -> pd.DataFrame:
    """A table of `columns` with the three columns that identify a run in front."""
    identity = {"hidden_layers": run.hidden_layers, "learning_rate": run.learning_rate, "seed": run.seed}
    return pd.DataFrame(columns).assign(**identity)


def histogram_table(activation: str, initialization: str) -> pd.DataFrame:
    """Normalized bell curves whose width shrinks with the layer and grows with training, of the three quantities."""
    shrink = 0.58 if initialization == "standard" else 0.95
    parts = []
    for update in UPDATES:
        grown = 1 + update / UPDATES[-1]
        for layer in range(1, HIDDEN_LAYERS + 2):
            widths = {
                "activation": 0.4 * shrink**layer * grown,
                "back_propagated_gradient": 0.02 * shrink ** (HIDDEN_LAYERS + 1 - layer) * grown**layer,
                "weight_gradient": 0.01,
            }
            if layer > HIDDEN_LAYERS:
                del widths["activation"]
            for quantity, width in widths.items():
                low, high = (0, 1) if activation == "sigmoid" else (-1, 1)
                edges = np.linspace(low, high, 101) if quantity == "activation" else np.linspace(-4, 4, 101) * width
                middle = (edges[:-1] + edges[1:]) / 2
                density = np.exp(-(((middle - edges.mean()) / width) ** 2) / 2)
                density /= (density * np.diff(edges)).sum()
                parts.append((edges[:-1], edges[1:], density, [update] * 100, [quantity] * 100, [layer] * 100))
    columns = ("left", "right", "density", "update", "quantity", "layer")
    return pd.DataFrame(
        {name: np.concatenate(column) for name, column in zip(columns, zip(*parts, strict=True), strict=True)}
    )


def jacobian_table(initialization: str, noise: np.random.Generator) -> pd.DataFrame:
    """Average singular values near 0.5 (standard) or 0.8 (normalized) at initialization."""
    level = 0.5 if initialization == "standard" else 0.8
    return pd.DataFrame(
        [
            (moment, layer, level * growth * noise.uniform(0.95, 1.05))
            for moment, growth in (("initial", 1.0), ("final", 1.4))
            for layer in range(1, HIDDEN_LAYERS)
        ],
        columns=["moment", "layer", "average_singular_value"],
    )


def initial_jacobian_table(initialization: str) -> pd.DataFrame:
    """The average singular values of every seed at initialization."""
    parts = []
    for seed in range(SEEDS):
        table = jacobian_table(initialization, np.random.default_rng(seed))
        parts.append(table[table.moment == "initial"].drop(columns="moment").assign(seed=seed))
    return pd.concat(parts, ignore_index=True)


def spectrum_table(initialization: str) -> pd.DataFrame:
    """Singular values that rise from 0 to twice their average."""
    averages = jacobian_table(initialization, np.random.default_rng(0)).to_dict("records")
    shares = np.linspace(0, 1, 21)
    return pd.concat(
        [
            pd.DataFrame({"share": shares, "singular_value": 2 * shares * row["average_singular_value"]}).assign(
                moment=row["moment"], layer=row["layer"]
            )
            for row in averages
        ],
        ignore_index=True,
    )


def theory_table(initialization: str, noise: np.random.Generator) -> pd.DataFrame:
    """Variances of each seed that shrink going up or down, about as predicted; the output has weight gradients only."""
    shrink = 0.33 if initialization == "standard" else 0.9
    rows = []
    for layer in range(1, HIDDEN_LAYERS + 2):
        variances = {"weight_gradient": 1e-6}
        if layer <= HIDDEN_LAYERS:
            variances |= {"activation": shrink**layer, "back_propagated_gradient": shrink ** (HIDDEN_LAYERS - layer)}
        for quantity, variance in variances.items():
            measured = variance * noise.uniform(0.9, 1.1)
            slope = 1 - 0.5 * shrink**layer if layer <= HIDDEN_LAYERS else np.nan
            for seed in range(SEEDS):
                rows.append((seed, layer, quantity, measured * (1 + seed / 50), 1.1 * variance, variance, slope))
    columns = ["seed", "layer", "quantity", "measured", "linear", "mean_field", "squared_slope"]
    return pd.DataFrame(rows, columns=columns)


def write_surfaces(root: Path) -> None:
    """Write a bowl and a step, with a plateau, as the two costs' surfaces."""
    weights = np.linspace(-5, 5, 21)
    weight_1, weight_2 = (one.ravel() for one in np.meshgrid(weights, weights, indexing="ij"))
    heights = {"cross_entropy": weight_1**2 + weight_2**2, "quadratic": np.tanh(weight_1)}
    folder = root / "data" / "surfaces"
    folder.mkdir(parents=True)
    pd.concat(
        [
            pd.DataFrame({"weight_1": weight_1, "weight_2": weight_2, "value": value}).assign(
                plateau=(cost == "quadratic") & (weight_1 > 2), cost=cost
            )
            for cost, value in heights.items()
        ]
    ).to_parquet(folder / "surfaces.parquet")


def table1_rows(root: Path, dataset: str, models: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Table 1's rows of one data set, from the runs written under `root`."""
    rows = []
    for model, (activation, initialization) in models.items():
        runs = pd.read_parquet(root / "data" / "runs" / dataset / model / "runs.parquet")
        chosen = runs[runs.chosen].iloc[0]
        of_rate = runs[runs.learning_rate == chosen.learning_rate]
        at_rate = 100 * of_rate.test_error
        rows.append(
            {
                "dataset": dataset,
                "model": model,
                "activation": activation,
                "initialization": initialization,
                "test_error_percent": 100 * chosen.test_error,
                "low_percent": 100 * chosen.test_error - 0.9,
                "high_percent": 100 * chosen.test_error + 0.9,
                "seeds": len(at_rate),
                "mean_percent": at_rate.mean(),
                "std_percent": at_rate.std(),
                "margin_percent": at_rate.sem() * scipy.stats.t.isf(0.025, len(at_rate) - 1),
                "last_percent": 100 * of_rate.last_test_error.mean(),
                "rate_at_edge": None,
                "at_chance": False,
                "learning_rate": chosen.learning_rate,
                "hidden_layers": chosen.hidden_layers,
                "diverged_runs": int(runs.diverged_at.notna().sum()),
                "paper_percent": PAPER_PERCENT.get(dataset, {}).get(model),
                "marked": model == "softsign-n",
            }
        )
    return pd.DataFrame(rows)
