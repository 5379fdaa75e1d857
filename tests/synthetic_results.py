"""Made-up results in the files that the stages before `render` write, shaped like real ones, for tests of figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from safetensors.numpy import save_file

from stages.datasets.catalogue import CATALOGUE
from tests.conftest import REPOSITORY

PAPER_PERCENT = {"sigmoid": 82.61, "tanh": 27.15, "tanh-n": 15.60, "softsign": 16.27, "softsign-n": 16.06}
RECIPES = {
    "sigmoid": ("sigmoid", "standard"),
    "tanh": ("tanh", "standard"),
    "tanh-n": ("tanh", "normalized"),
    "softsign": ("softsign", "standard"),
    "softsign-n": ("softsign", "normalized"),
}
HIDDEN_LAYERS = 5
LEARNING_RATES = (0.01, 0.03, 0.1, 0.3)
CHOSEN_RATE = 0.03
SEEDS = 2
UPDATES = np.unique(np.round(np.linspace(0, np.sqrt(60_000), 40) ** 2).astype(np.int64))
CLASSES = 9


def write_params(root: Path, models: dict[str, tuple[str, str]]) -> None:
    """Write a params.yaml with these models."""
    params = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8")) | {
        "scale": "made_up",
        "device": "cpu",
        "precision": "float32",
        "datasets": ["shapeset"],
        "models": {
            model: {"activation": activation, "initialization": initialization}
            for model, (activation, initialization) in models.items()
        },
        "scales": {
            "made_up": {
                "hidden_units": 64,
                "hidden_layers": [HIDDEN_LAYERS],
                "updates": dict.fromkeys(CATALOGUE, int(UPDATES[-1])),
                "batch_size": 10,
                "learning_rates": list(LEARNING_RATES),
                "seeds": SEEDS,
                "monitored_examples": 300,
                "monitored_updates": len(UPDATES),
            }
        },
        "shapeset": {"seed": 1, "train": 1000, "validation": 1000, "test": 1000},
    }
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def write_results(root: Path, dataset: str, models: dict[str, tuple[str, str]]) -> None:
    """Write prepared images, runs, measurements and Table 1 of `models` (name: activation, initialization)."""
    noise = np.random.default_rng(len(dataset))
    prepared = root / "data" / "prepared" / dataset
    prepared.mkdir(parents=True)
    labels = np.arange(30 * CLASSES, dtype=np.int64) % CLASSES
    save_file({"images": images(labels), "labels": labels}, prepared / "test.safetensors")
    for model, (activation, initialization) in models.items():
        folder = root / "data" / "runs" / dataset / model
        folder.mkdir(parents=True)
        runs = run_table(noise)
        runs.to_parquet(folder / "runs.parquet")
        curve_table(runs, noise).to_parquet(folder / "curves.parquet")
        monitored_table(runs, activation, initialization, noise).to_parquet(folder / "monitored.parquet")
        measured = root / "data" / "measured" / dataset / model
        measured.mkdir(parents=True)
        histogram_table(activation, initialization).to_parquet(measured / "histograms.parquet")
        jacobian_table(initialization, noise).to_parquet(measured / "jacobians.parquet")
    table1 = root / "reports" / "table1.csv"
    table1.parent.mkdir(exist_ok=True)
    earlier = [pd.read_csv(table1)] if table1.exists() else []
    pd.concat([*earlier, table1_rows(root, dataset, models)]).to_csv(table1, index=False)


def images(labels: np.ndarray) -> np.ndarray:
    """Grey 32×32 squares whose size and grey tell the label: uint8 (count, 32, 32)."""
    drawn = np.full((len(labels), 32, 32), 20, dtype=np.uint8)
    for image, label in zip(drawn, labels, strict=True):
        image[4 : 8 + 2 * label, 6 : 10 + 2 * label] = 100 + 15 * label
    return drawn


def run_table(noise: np.random.Generator) -> pd.DataFrame:
    """Every learning rate with every seed; the largest rate diverges, one seed of `CHOSEN_RATE` is chosen."""
    runs = pd.DataFrame(
        [(HIDDEN_LAYERS, rate, seed) for rate in LEARNING_RATES for seed in range(SEEDS)],
        columns=["hidden_layers", "learning_rate", "seed"],
    )
    diverged = runs.learning_rate == max(LEARNING_RATES)
    runs["chosen"] = (runs.learning_rate == CHOSEN_RATE) & (runs.seed == 1)
    runs["diverged_at"] = pd.array(np.where(diverged, 1500, 0), dtype="Int64")
    runs["diverged_at"] = runs["diverged_at"].mask(~diverged)
    runs["validation_error"] = np.where(diverged, np.nan, noise.uniform(0.3, 0.5, len(runs)))
    runs["test_error"] = runs.validation_error + 0.01
    return runs


def curve_table(runs: pd.DataFrame, noise: np.random.Generator) -> pd.DataFrame:
    """Errors that fall from chance to each run's last error."""
    parts = []
    for run in runs.itertuples():
        last = 0.8 if np.isnan(run.test_error) else run.test_error
        error = last + (5 / 6 - last) * np.exp(-UPDATES / 8000) + noise.normal(0, 0.005, len(UPDATES))
        parts.append(of_run(run, update=UPDATES, validation_error=error - 0.01, test_error=error))
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
                    back_propagated_gradient_std=np.float32(0.01 * shrink ** (HIDDEN_LAYERS - layer) * (1 + grown)),
                    weight_gradient_std=np.float32(
                        0.01 * (1 + layer * grown) * np.exp(noise.normal(0, 0.1, len(UPDATES)))
                    ),
                )
            )
    return pd.concat(parts, ignore_index=True)


def of_run(run, **columns) -> pd.DataFrame:
    """A table of `columns` with the three columns that identify a run in front."""
    identity = {"hidden_layers": run.hidden_layers, "learning_rate": run.learning_rate, "seed": run.seed}
    return pd.DataFrame(columns).assign(**identity)


def histogram_table(activation: str, initialization: str) -> pd.DataFrame:
    """Normalized bell curves whose width shrinks with the layer, at both moments, for the three quantities."""
    shrink = 0.58 if initialization == "standard" else 0.95
    parts = []
    for moment in ("initial", "final"):
        for layer in range(1, HIDDEN_LAYERS + 2):
            widths = {
                "activation": 0.4 * shrink**layer,
                "back_propagated_gradient": 0.02 * shrink ** (HIDDEN_LAYERS + 1 - layer),
                "weight_gradient": 0.01,
            }
            if layer > HIDDEN_LAYERS:
                del widths["activation"]
            for quantity, width in widths.items():
                low, high = (0, 1) if activation == "sigmoid" else (-1, 1)
                edges = np.linspace(low, high, 61) if quantity == "activation" else np.linspace(-4, 4, 61) * width
                middle = (edges[:-1] + edges[1:]) / 2
                density = np.exp(-(((middle - edges.mean()) / width) ** 2) / 2)
                density /= (density * np.diff(edges)).sum()
                parts.append(
                    pd.DataFrame({"left": edges[:-1], "right": edges[1:], "density": density}).assign(
                        moment=moment, quantity=quantity, layer=layer
                    )
                )
    return pd.concat(parts, ignore_index=True)


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


def table1_rows(root: Path, dataset: str, models: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Table 1's rows of one data set, from the runs written under `root`."""
    rows = []
    for model, (activation, initialization) in models.items():
        runs = pd.read_parquet(root / "data" / "runs" / dataset / model / "runs.parquet")
        chosen = runs[runs.chosen].iloc[0]
        at_rate = 100 * runs[runs.learning_rate == chosen.learning_rate].test_error
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
                "learning_rate": chosen.learning_rate,
                "hidden_layers": chosen.hidden_layers,
                "diverged_runs": int(runs.diverged_at.notna().sum()),
                "paper_percent": PAPER_PERCENT.get(model),
            }
        )
    return pd.DataFrame(rows)
