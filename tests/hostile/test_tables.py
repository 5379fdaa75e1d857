"""Damaged tables and texts of results: every reader, `judge` and `render` refuse them in a line or stay right."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import vl_convert
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stages import judge, render
from stages.claims.ledger import CLAIMS
from stages.claims.table1 import PAPER_MODELS
from stages.figures import claims, cost_surfaces
from stages.handover.schemas import SCHEMAS
from stages.handover.tables import chosen_run, read_runs, read_table
from tests import synthetic_results
from tests.hostile.cases import cases
from tests.hostile.damage import BYTES, PART, ROWS, damage_bytes, damage_table, ending, ends_well, refused, restored
from tests.synthetic_results import RECIPES, prediction_table, write_params, write_results, write_surfaces
from tests.test_judge import layer_table

JUDGED = ("reports/claims.json", "reports/metrics.json", "reports/table1.csv", "reports/seeds.csv", "reports/plots")
RENDERED = ("reports/site", "reports/figures", "reports/summary.md")
MODEL = "tanh"
SEEDS = 5  # enough for the claims to be decided
OF_JUDGE = [
    *(f"data/runs/shapeset/{MODEL}/{name}" for name in ("runs", "curves", "monitored", "histograms", "predictions")),
    *(f"data/measured/shapeset/{MODEL}/{name}" for name in ("layers", "jacobians", "initial_jacobians", "theory")),
    *("data/svm/shapeset/answers", "data/surfaces/plateaus"),
]
OF_RENDER = [
    *(f"data/runs/shapeset/{MODEL}/{name}" for name in ("runs", "curves", "monitored", "histograms")),
    *(f"data/measured/shapeset/{MODEL}/{name}" for name in ("jacobians", "spectra", "theory")),
    "data/surfaces/surfaces",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_subnormal=False) | st.text(max_size=5)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with results of the paper's five models, judged and rendered; pictures and the page's script are not
    drawn, which takes most of the time."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(vl_convert, "javascript_bundle", lambda script: script)
        patched.setattr(render.pictures, "svg", lambda specification: "")
        patched.setattr(render.pictures, "png", lambda specification: b"")
        patched.setattr(synthetic_results, "SEEDS", SEEDS)
        write_params(folder, RECIPES)
        write_results(folder, "shapeset", RECIPES)
        write_surfaces(folder)
        noise = np.random.default_rng(5)
        for model in RECIPES:
            layer_table(noise).to_parquet(f"data/measured/shapeset/{model}/layers.parquet")
            runs = pd.read_parquet(f"data/runs/shapeset/{model}/runs.parquet")
            prediction_table(runs, noise).to_parquet(f"data/runs/shapeset/{model}/predictions.parquet")
        Path("data/svm/shapeset").mkdir(parents=True)
        answers = prediction_table(runs[runs["chosen"]], noise)[["index", "label", "prediction"]]
        answered = [("svm", 0), *(("network", seed) for seed in range(SEEDS))]
        answers = [answers.assign(model=model, seed=seed) for model, seed in answered]
        pd.concat(answers, ignore_index=True).to_parquet("data/svm/shapeset/answers.parquet")
        shares = ("plateau_share", "plateau_share_half_as_strict", "plateau_share_twice_as_strict")
        costs = {"cost": ["quadratic", "cross_entropy"] * 3, "seed": [0, 0, 1, 1, 2, 2]}
        pd.DataFrame(costs | {share: [0.5, 0.2] * 3 for share in shares}).to_parquet("data/surfaces/plateaus.parquet")
        assert ending(judge.main) == ""
        assert ending(render.main) == ""
        yield folder


def finite(values: Any) -> bool:
    """Whether every number in what JSON says is one."""
    if isinstance(values, dict | list):
        return all(finite(one) for one in (values.values() if isinstance(values, dict) else values))
    return not isinstance(values, float) or math.isfinite(values)


def assert_judged() -> None:
    """Check that what `judge` wrote is whole and finite."""
    metrics, judged = (json.loads(Path(file).read_text(encoding="utf-8")) for file in JUDGED[1::-1])
    assert finite(metrics)
    assert finite(judged)
    assert [name for name, claim in judged.items() if claims.wrong_keys(claim)] == []
    assert list(read_table(Path("reports/table1.csv"))["model"]) == list(PAPER_MODELS)


@cases(150)
@given(name=st.sampled_from(sorted({*OF_JUDGE, *OF_RENDER})), how=ROWS)
def test_a_damaged_table_is_refused_or_has_all_that_it_says(project, name, how):
    file = Path(f"{name}.parquet")
    with restored(file):
        damage_table(file, how)
        line = refused(read_table, file)
        if line:
            assert str(file) in line
            return
        found, known = read_table(file), SCHEMAS[file.stem]
        assert {*known.key, *known.columns} <= {*found}
        numbers = found[[*known.key, *known.columns]].select_dtypes("number")
        assert not np.isinf(numbers.to_numpy(float, na_value=0)).any()
        assert "layer" not in found or found.empty or found["layer"].min() == 1
        assert len(found) or known.may_be_empty


@cases(150)
@given(name=st.sampled_from(sorted({*OF_JUDGE, *OF_RENDER})), how=BYTES)
def test_damaged_bytes_of_a_table_are_refused_or_are_a_table(project, name, how):
    file = Path(f"{name}.parquet")
    with restored(file):
        damage_bytes(file, how)
        line = refused(read_table, file)
        assert not line or str(file) in line


@cases(60)
@given(how=ROWS)
def test_runs_have_exactly_one_that_is_chosen_and_its_errors(project, how):
    file = Path(f"data/runs/shapeset/{MODEL}/runs.parquet")
    with restored(file):
        damage_table(file, how)
        line = refused(read_runs, file)
        if line:
            assert str(file) in line
            return
        runs = read_runs(file)
        chosen = chosen_run(file, runs, runs)
        assert len(chosen) == 1
        assert 0 <= chosen["validation_error"].iloc[0] <= 1


@cases(40)
@given(name=st.sampled_from(OF_JUDGE), how=ROWS)
@example(name=OF_JUDGE[1], how=("only rows", 0.0, 0.1))
def test_judge_refuses_a_damaged_table_or_says_finite_numbers(project, name, how):
    file = Path(f"{name}.parquet")
    with restored(file):
        damage_table(file, how)
        if ends_well(judge.main, outputs=JUDGED, named=file.stem):
            assert_judged()


@cases(10)
@given(name=st.sampled_from(OF_JUDGE), how=BYTES)
def test_judge_refuses_a_damaged_file_or_says_finite_numbers(project, name, how):
    file = Path(f"{name}.parquet")
    with restored(file):
        damage_bytes(file, how)
        if ends_well(judge.main, outputs=JUDGED, named=file.stem):
            assert_judged()


@cases(15)
@given(one=st.sampled_from(OF_JUDGE), other=st.sampled_from(OF_JUDGE))
def test_judge_refuses_another_valid_table_in_a_place(project, one, other):
    assume(Path(one).stem != Path(other).stem)
    file = Path(f"{one}.parquet")
    with restored(file):
        shutil.copy2(f"{other}.parquet", file)
        assert not ends_well(judge.main, outputs=JUDGED, named=str(file))


@cases(60)
@given(how=ROWS)
@example(how=("cell", 0.99, 0.9, 2))
def test_damaged_surfaces_are_refused_or_drawn(project, how):
    file = Path("data/surfaces/surfaces.parquet")
    with restored(file):
        damage_table(file, how)
        line = refused(render.read_surfaces, file)
        if line:
            assert str(file) in line
        else:
            assert cost_surfaces.draw(render.read_surfaces(file)).to_dict()


@cases(8)
@given(name=st.sampled_from(OF_RENDER), how=ROWS)
def test_render_refuses_a_damaged_table_or_draws_a_page(of_two, name, how):
    file = Path(f"{name}.parquet")
    with restored(file):
        damage_table(file, how)
        if ends_well(render.main, outputs=RENDERED, named=file.stem):
            assert_page()


@cases(12)
@given(
    name=st.sampled_from(["", "judged/elsewhere/"]),
    how=ROWS.filter(lambda how: how != ("no columns",)),
)
def test_render_refuses_a_damaged_table_1_or_draws_a_page(without_charts, name, how):
    file = Path(f"reports/{name}table1.csv")
    with restored(file):
        damage_table(file, how)
        if ends_well(render.main, outputs=RENDERED, named=str(file)):
            assert_page()


@cases(6)
@given(
    name=st.sampled_from(["table1.csv", "claims.json", "judged/elsewhere/table1.csv", "judged/elsewhere/claims.json"]),
    how=BYTES,
)
def test_render_refuses_a_damaged_text_or_draws_a_page(without_charts, name, how):
    file = Path(f"reports/{name}")
    with restored(file):
        damage_bytes(file, how)
        if ends_well(render.main, outputs=RENDERED, named=str(file)):
            assert_page()


@cases(100)
@given(claim=PART, key=PART, value=JSON | st.sampled_from([10**400, math.nan, math.inf, {"a": 10**400}, "holds"]))
def test_damaged_claims_are_refused_or_told(project, claim, key, value):
    file = Path("reports/claims.json")
    with restored(file):
        judged = json.loads(file.read_text(encoding="utf-8"))
        damaged = judged[[*judged][int(claim * len(judged))]]
        damaged[[*damaged][int(key * len(damaged))]] = value
        file.write_text(json.dumps(judged), encoding="utf-8")
        line = refused(render.read_claims, file)
        if line:
            assert str(file) in line
            return
        judged = render.read_claims(file)
        assert len(claims.ledger("this run", {"this run": judged, "elsewhere": judged})) == len(judged)
        assert claims.counts(judged).startswith("Tested ")
        shown = [one for figure in {claim.figure for claim in CLAIMS.values()} for one in claims.beside(figure, judged)]
        assert len(claims.read_out(shown)) <= len(judged)


@cases(8)
@given(
    name=st.sampled_from(["claims.json", "judged/elsewhere/claims.json"]),
    claim=PART,
    key=PART,
    value=JSON | st.sampled_from([10**400, math.nan, math.inf, {"a": 10**400}, "holds"]),
)
def test_render_refuses_damaged_claims_or_draws_a_page(without_charts, name, claim, key, value):
    file = Path(f"reports/{name}")
    with restored(file):
        judged = json.loads(file.read_text(encoding="utf-8"))
        damaged = judged[[*judged][int(claim * len(judged))]]
        damaged[[*damaged][int(key * len(damaged))]] = value
        file.write_text(json.dumps(judged), encoding="utf-8")
        if ends_well(render.main, outputs=RENDERED, named=str(file)):
            assert_page()


@cases(8)
@given(key=st.sampled_from(["device", "parameters", "other"]), value=JSON)
def test_render_refuses_a_damaged_made_json_or_draws_a_page(without_charts, key, value):
    file = Path(f"data/runs/shapeset/{MODEL}/made.json")
    with restored(file):
        made = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(made | {key: value}), encoding="utf-8")
        if ends_well(render.main, outputs=RENDERED, named=str(file)):
            assert_page()


@pytest.fixture
def of_two(project):
    """The same with two models in params.yaml, which are drawn in half the time."""
    with restored(Path("params.yaml")):
        write_params(project, {model: RECIPES[model] for model in (MODEL, "softsign")})
        yield project


@pytest.fixture
def without_charts(of_two, monkeypatch):
    """The same with a record beside this run, and without the charts, which take most of the time that is left."""
    monkeypatch.setattr(render, "charts_of", lambda *arguments: [])
    record, found = Path("reports/recorded/elsewhere"), Path("reports/judged/elsewhere")
    for folder in ("runs", "measured", "surfaces"):
        shutil.copytree(Path("data") / folder, record / folder)
    shutil.copy("params.yaml", record)
    found.mkdir(parents=True)
    for name in ("claims.json", "table1.csv"):
        shutil.copy(f"reports/{name}", found)
    (found / "seeds.csv").write_text("others\n")  # so it is not taken for this run
    yield of_two
    shutil.rmtree(record)
    shutil.rmtree(found)


def assert_page() -> None:
    page = Path("reports/site/index.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert Path("reports/summary.md").stat().st_size > 0
