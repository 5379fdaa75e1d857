"""Reports of two models as `judge` writes them, with made-up numbers of five seeds, and changes of them."""

import json
from pathlib import Path

import pandas as pd

SEEDS = 5


def write_reports(here: Path) -> None:
    """Write the files that `commands.attest` compares."""
    here.mkdir()
    rows = [
        ("shapeset", model, 5, 0.1, seed, None, 9, error, error + seed / 10)
        for model, error in (("tanh", 60.0), ("tanh-n", 50.0))
        for seed in range(SEEDS)
    ]
    columns = ["dataset", "model", "hidden_layers", "learning_rate", "seed", "diverged_at", "kept_at"]
    columns += ["validation_error_percent", "test_error_percent"]
    pd.DataFrame(rows, columns=columns).to_csv(here / "seeds.csv", index=False)
    by_seed = {"the errors": {str(seed): 10.0 + seed / 10 for seed in range(SEEDS)}, "a part": {"0": "holds"}}
    (here / "claims.json").write_text(json.dumps({"a-claim": {"verdict": "holds", "by_seed": by_seed}}))
    (here / "table1.csv").write_text("model\n")
    (here / "layers.csv").write_text("model\n")


def change_errors(folder: Path, model: str, by: list[float]) -> None:
    """Add `by` to the errors of a model's seeds."""
    table = pd.read_csv(folder / "seeds.csv")
    table.loc[table["model"] == model, "test_error_percent"] += by
    table.to_csv(folder / "seeds.csv", index=False)


def change_verdict(folder: Path, verdict: str) -> None:
    """Give the claim another verdict."""
    claims = json.loads((folder / "claims.json").read_text())
    claims["a-claim"]["verdict"] = verdict
    (folder / "claims.json").write_text(json.dumps(claims))
