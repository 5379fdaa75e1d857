"""What an outsider can do with a record alone: judge it again, and recompute verdicts with pandas and SciPy only."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from stages import judge
from stages.claims.editions import Edition
from stages.params import load_params
from tests.conftest import REPOSITORY

FAMILY = 22  # claims
RECORDS = sorted(folder.parent for folder in (REPOSITORY / "reports/recorded").glob("*/params.yaml"))
pytestmark = pytest.mark.parametrize("record", RECORDS, ids=lambda one: one.name)


def claims_of(record) -> dict[str, dict]:
    return json.loads((REPOSITORY / "reports/judged" / record.name / "claims.json").read_text(encoding="utf-8"))


def table(record, model: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(record / "runs/shapeset" / model / f"{name}.parquet")


def test_a_record_that_stands_alone_is_judged_the_same(record, tmp_path, monkeypatch):
    copy = shutil.copytree(record, tmp_path / "record")
    monkeypatch.chdir(tmp_path)
    edition = Edition(record.name, copy, tmp_path, load_params(copy / "params.yaml"))
    again, committed = json.loads(judge.judged(edition)["claims.json"]), claims_of(record)
    assert {name: claim["verdict"] for name, claim in again.items()} == {
        name: claim["verdict"] for name, claim in committed.items()
    }
    for name, claim in again.items():
        assert claim["numbers"] == pytest.approx(committed[name]["numbers"], rel=1e-3)


def test_every_p_value_follows_from_the_seeds_margins_and_none_rests_on_one_seed(record):
    tested = 0
    for name, claim in claims_of(record).items():
        if claim["verdict"] == "undecided" or claim["p"] is None or not claim["by_seed"]:
            continue
        parts = [np.array(list(margins.values())) for margins in claim["by_seed"].values()]
        assert claim["p"] == pytest.approx(max(ttest_1samp(part, 0).pvalue for part in parts), rel=0.02), name
        assert all(ttest_1samp(np.delete(part, seed), 0).pvalue < 0.005 for part in parts for seed in range(len(part)))
        tested += 1
    assert tested >= 3


def test_holms_correction_is_over_all_claims(record):
    claims = {name: claim for name, claim in claims_of(record).items() if claim["p"] is not None}
    ordered = sorted(claims, key=lambda name: claims[name]["p"])
    so_far = 0.0
    for rank, name in enumerate(ordered):
        so_far = max(so_far, min(1.0, (FAMILY - rank) * claims[name]["p"]))
        assert claims[name]["p_holm"] == pytest.approx(so_far, rel=1e-4)


def test_the_errors_of_the_claims_follow_from_the_predictions(record):
    claim = claims_of(record)["normalized-beats-standard-tanh"]
    errors = {}
    for model in ("tanh", "tanh-n"):
        answers = table(record, model, "predictions")
        errors[model] = (answers["label"] != answers["prediction"]).groupby(answers["seed"]).mean()
        assert claim["numbers"][f"{model}_percent"] == pytest.approx(100 * errors[model].mean(), abs=1e-3)
    (margins,) = claim["by_seed"].values()
    differences = errors["tanh"] - errors["tanh-n"]
    assert list(margins.values()) == pytest.approx(differences.tolist(), abs=1e-6)
    assert claim["p"] == pytest.approx(ttest_1samp(differences, 0).pvalue, rel=1e-3)


def test_what_is_measured_in_the_networks_follows_from_the_monitored_tables(record):
    claim = claims_of(record)["standard-weight-gradients-diverge"]
    logs = {}
    for model in ("tanh", "tanh-n"):
        monitored = table(record, model, "monitored")
        rate = monitored.groupby("learning_rate")["seed"].nunique().idxmax()  # the one that all seeds have
        judged = monitored[monitored["learning_rate"] == rate]
        hidden = judged[judged["layer"] <= judged["hidden_layers"]]
        std = hidden.pivot(index="update", columns=["seed", "layer"], values="weight_gradient_std")
        late = np.log(std[std.index >= std.index.max() / 2])
        by_seed = late.T.groupby(level="seed")
        logs[model] = (by_seed.max() - by_seed.min()).mean(axis=1)
    (margins,) = claim["by_seed"].values()
    assert list(margins.values()) == pytest.approx((logs["tanh"] - logs["tanh-n"]).tolist(), abs=1e-4)
