"""The page shows exactly what params.yaml lists, is self-contained, and has the same bytes every time."""

import base64
import contextlib
import gzip
import html
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import vl_convert
import yaml

from stages import render
from stages.claims.editions import own
from stages.claims.ledger import CLAIMS
from stages.datasets.dataset import find_dataset
from stages.figures.contents import FIRST, SECTIONS, SURFACES
from stages.params import load_params
from stages.running.errors import InputError
from tests.synthetic_results import (
    PAPER_PERCENT,
    RECIPES,
    UPDATES,
    write_made,
    write_params,
    write_results,
    write_surfaces,
)

DATASETS = tuple(PAPER_PERCENT)
# the made-up networks have one depth, so there is nothing to compare
FIGURES = [FIRST, *(figure for figures in SECTIONS.values() for figure in figures if figure.key != "depths")]
OF_SHAPESET = [figure for figure in FIGURES if figure.key != "figure-12"]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> Path:
    """A folder with the paper's five models rendered."""
    folder = tmp_path_factory.mktemp("rendered")
    write_params(folder, RECIPES)
    write_results(folder, "shapeset", RECIPES)
    write_surfaces(folder)
    with contextlib.chdir(folder):
        render.main(load_params())
    return folder


@pytest.fixture(scope="module")
def of_four(tmp_path_factory) -> Path:
    """A folder with the page of the paper's five models on all four data sets; no pictures."""
    folder = tmp_path_factory.mktemp("four")
    write_params(folder, RECIPES, DATASETS)
    for dataset in DATASETS:
        write_results(folder, dataset, RECIPES)
    write_surfaces(folder)
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patched:
        draw_nothing(patched)
        render.main(load_params())
    return folder


def draw_nothing(patched: pytest.MonkeyPatch) -> None:
    """Let every picture be empty."""
    patched.setattr(render.pictures, "svg", lambda specification: "")
    patched.setattr(render.pictures, "png", lambda specification: b"")


@pytest.fixture
def copied(rendered, tmp_path, monkeypatch) -> Path:
    """A copy of the rendered folder to change, as the current folder."""
    folder = tmp_path / "copied"
    shutil.copytree(rendered, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def changing(copied, monkeypatch) -> Path:
    """The same without the drawing library, and with empty pictures, which take most of the time."""
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda script: script)
    draw_nothing(monkeypatch)
    return copied


def read_page(folder: Path) -> str:
    return (folder / "reports/site/index.html").read_text(encoding="utf-8")


def specifications(page: str) -> list[dict]:
    packed = re.findall(r'<script type="text/plain"[^>]*>(.*?)</script>', page, re.S)
    return [json.loads(gzip.decompress(base64.b64decode(text))) for text in packed]


def pictures(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "reports/figures").iterdir()}


def titles(page: str) -> list[str]:
    """The titles of all charts; their descriptions begin with the same words."""
    charts = [one for one in specifications(page) if "usermeta" in one]
    for chart in charts:
        assert chart["description"].startswith(chart["usermeta"]["title"].replace("\n", ", ") + ". ")
    return [chart["usermeta"]["title"] for chart in charts]


def titled(figure, title: str) -> str:
    """The title of a figure; the cost surfaces belong to no data set."""
    return f"{figure.label}. {figure.title}" + ("" if figure.table == SURFACES else f"\n{title}")


def named(figure, dataset: str) -> str:
    return figure.key if figure.table == SURFACES else f"{dataset}-{figure.key}"


def test_every_figure_is_on_the_page_and_a_small_picture(rendered):
    page = read_page(rendered)
    assert titles(page) == [titled(figure, "Shapeset-3×2") for figure in OF_SHAPESET]
    notes = re.findall('class="note">(.*?)</p>', page.split("</header>")[1].split('id="table-1"')[0])
    assert notes == []
    drawn = pictures(rendered)
    still = {named(figure, "shapeset") for figure in OF_SHAPESET if figure.still}
    assert set(drawn) == {f"{name}.{kind}" for name in still for kind in ("svg", "png")}
    assert all(picture.startswith(b"\x89PNG") for name, picture in drawn.items() if name.endswith(".png"))
    assert all(len(picture) < 200_000 for name, picture in drawn.items() if name.endswith(".svg"))


def test_four_data_sets_are_one_page_in_its_order(of_four):
    page = read_page(of_four)
    wanted = []
    for figure in FIGURES:
        kinds = {"figure-11": ["shapeset"], "gap": ["shapeset"], "figure-12": ["mnist", "cifar10", "small_imagenet"]}
        wanted += [(figure, find_dataset(dataset).title) for dataset in kinds.get(figure.key, DATASETS)]
        if figure.table == SURFACES:
            wanted = [*wanted[: -len(DATASETS)], (figure, "")]
    assert titles(page) == [titled(figure, title) for figure, title in wanted]
    charts = {
        figure.key: re.findall(
            r'data-dataset="(.*?)"', re.search(rf'<figure id="{figure.key}">.*?</figure>', page, re.S)[0]
        )
        for figure in FIGURES
    }
    assert charts["figure-2"] == ["Shapeset-3×2", "MNIST", "CIFAR-10", "Small-ImageNet"]
    assert charts["figure-5"] == []  # belongs to no data set, so it is always shown
    assert charts["figure-11"] == ["Shapeset-3×2"]
    assert charts["figure-12"] == ["MNIST", "CIFAR-10", "Small-ImageNet"]


def test_four_data_sets_with_seven_models_and_every_update_monitored_fit_in_a_small_page(tmp_path, monkeypatch):
    models = {**RECIPES, "mine": ("softplus", "standard"), "yours": ("relu", "he")}
    write_params(tmp_path, models, DATASETS)
    for dataset in DATASETS:
        write_results(tmp_path, dataset, models)
    write_surfaces(tmp_path)
    monkeypatch.chdir(tmp_path)
    draw_nothing(monkeypatch)
    render.main(load_params())
    assert len(UPDATES) >= 45
    assert len(read_page(tmp_path).encode()) < 5_000_000


def test_the_page_gives_the_number_of_epochs(of_four):
    read = words(read_page(of_four))
    trained = (
        "60,000 updates on Shapeset-3×2, 60,000 updates (12 epochs) on MNIST, 60,000 updates (15 epochs) on CIFAR-10 "
        "and 60,000 updates (6.7 epochs) on Small-ImageNet"
    )
    assert (
        f"and take {trained} (scale made_up). An update is one step of stochastic gradient descent on 10 images."
        in read
    )
    assert "An epoch is one pass through all training images" in read
    assert f"a layer and take {trained}; the paper's have" in read


@pytest.mark.parametrize(
    ("updates", "text"),
    [(1000, " (0.2 epochs)"), (5000, " (1 epoch)"), (7500, " (1.5 epochs)"), (5_000_000, " (1,000 epochs)")],
)
def test_epochs_are_given_in_words(tmp_path, updates, text):
    write_params(tmp_path, RECIPES, ["mnist"])
    params = load_params(tmp_path / "params.yaml")
    params.settings.updates["mnist"] = updates
    assert render.epochs("mnist", params) == text
    assert render.trained(params) == f"{updates:,} updates{text} on MNIST"


def test_rendering_again_gives_the_same_bytes(copied):
    page, drawn = read_page(copied), pictures(copied)
    render.main(load_params())
    assert read_page(copied) == page
    assert pictures(copied) == drawn


def test_the_page_loads_no_other_file(rendered):
    page = read_page(rendered)
    head = page.split("</head>")[0]
    assert "default-src 'none'" in head  # the browser itself refuses any request
    outside_scripts = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    without_links = re.sub('<a href="(https://|../../stages/)[^"]*">', "", outside_scripts)
    assert all(
        target.startswith("#") for target in re.findall(r"""(?:src|href|action)\s*=\s*["']?(.)""", without_links)
    )
    assert "url(" not in outside_scripts
    assert "@import" not in outside_scripts
    assert "<link" not in outside_scripts


def tables_of(page: str) -> list[list[list[str]]]:
    """The rows of each table of Table 1's section as their cells' texts."""
    section = page.split('id="table-1"')[1].split('<section id="claims"')[0]
    return [
        [
            [words(cell.replace("<", " <")) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)
        ]
        for table in re.findall(r"<tbody>(.*?)</tbody>", section, re.S)
    ]


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", text)]


def test_table_1_has_our_number_and_the_papers_of_every_model_and_data_set(of_four):
    overview, *_ = tables_of(read_page(of_four))
    judged = pd.read_csv(of_four / "reports/table1.csv").set_index(["model", "dataset"])
    assert [row[0] for row in overview] == list(RECIPES)
    for model, *cells in overview:
        for cell, dataset in zip(cells, DATASETS, strict=True):
            mean, margin = judged.loc[(model, dataset), ["mean_percent", "margin_percent"]]
            assert numbers(cell) == pytest.approx([mean, margin, PAPER_PERCENT[dataset][model]], abs=0.005)
    assert 'class="footnote"' not in read_page(of_four)


def test_a_model_at_chance_or_with_a_rate_at_the_edge_has_a_footnote(changing):
    file = changing / "reports/table1.csv"
    table = pd.read_csv(file).astype({"rate_at_edge": object})
    table.loc[table["model"] == "tanh", "rate_at_edge"] = "highest"
    table.loc[table["model"] == "sigmoid", ["at_chance", "learning_rate"]] = [True, 0.1]
    table.to_csv(file, index=False)
    render.main(load_params())
    page = read_page(changing)
    notes = dict(re.findall(r'class="footnote"><sup>(.)</sup> (.*?)</p>', page))
    overview, *_ = tables_of(page)
    of_shapeset = {row[0]: re.sub(r"[^a-z]", "", row[1]) for row in overview}
    assert {model: notes[letter] for model, letter in of_shapeset.items() if letter} == {
        "sigmoid": "not clearly better than chance with any learning rate; shown: 0.1",
        "tanh": "its learning rate, 0.03, is the highest of those that were tried",
    }


def test_the_judged_runs_are_listed_below_table_1(of_four):
    _, *details = tables_of(read_page(of_four))
    judged = pd.read_csv(of_four / "reports/table1.csv")
    for rows, dataset in zip(details, DATASETS, strict=True):
        expected = judged[judged["dataset"] == dataset].set_index("model")
        assert [row[0].split()[0] for row in rows] == list(expected.index)
        for (_, *cells), (_, row) in zip(rows, expected.iterrows(), strict=True):
            order = ["mean_percent", "margin_percent", "seeds", "last_percent", "test_error_percent", "low_percent"]
            values = row[[*order, "high_percent", "learning_rate", "hidden_layers"]].tolist()
            assert numbers(" ".join(cells)) == pytest.approx(values, abs=0.005)


def test_cells_of_table_1_that_have_not_been_run_say_why(changing):
    write_results(changing, "mnist", {model: recipe for model, recipe in RECIPES.items() if model != "tanh"})
    write_params(
        changing, {model: recipe for model, recipe in RECIPES.items() if model != "sigmoid"}, ["mnist", "shapeset"]
    )
    file = changing / "data/runs/shapeset/softsign/runs.parquet"
    pd.read_parquet(file).assign(chosen=False).to_parquet(file)
    render.main(load_params())
    page = read_page(changing)
    overview, *_ = tables_of(page)
    notes = dict(re.findall(r'class="footnote"><sup>(.)</sup> (.*?)</p>', page))
    reasons = {row[0]: [notes.get(re.sub(r"– (.) .*", r"\1", cell)) for cell in row[1:]] for row in overview}
    other_dataset = "params.yaml does not list this data set"
    run = [None, None, other_dataset, other_dataset]
    other_model = "params.yaml does not list this model"
    assert reasons == {
        "tanh": [None, "not run yet; run `dvc repro`", *run[2:]],
        "tanh-n": run,
        "softsign": ["every run diverged", *run[1:]],
        "softsign-n": run,
        "the paper's sigmoid": [other_model, other_model, *run[2:]],
    }
    assert all(
        numbers(cell)[-1] == PAPER_PERCENT[dataset][row[0].split()[-1]]
        for row in overview
        for cell, dataset in zip(row[1:], DATASETS, strict=True)
    )


def words(page: str) -> str:
    """The visible text, with single spaces."""
    bare = re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]*>", "", page, flags=re.S)
    return html.unescape(" ".join(bare.split()))


def test_the_page_says_how_runs_were_chosen_and_how_much_smaller_they_are_than_the_papers(changing):
    render.main(load_params())
    read = words(read_page(changing))
    assert "Every model is trained with one seed at each of the learning rates 0.01, 0.03, 0.1, 0.3. The" in read
    assert "The best of them is repeated with 1 more seed. Each run keeps its network" in read
    assert "This network has 5 hidden layers; the one in the paper's figure has 4." in read
    assert "have 64 units a layer and take 60,000 updates on Shapeset-3×2; the paper's have" in read
    assert "Expect higher errors than the paper's" in read


def test_the_papers_own_scale_explains_no_higher_errors(changing):
    as_the_papers = {"hidden_units": 1000, "updates": {"shapeset": 5_000_000}, "hidden_layers": [1, 5], "seeds": 1}
    params = yaml.safe_load((changing / "params.yaml").read_text(encoding="utf-8"))
    params["scales"]["made_up"] |= as_the_papers
    (changing / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    render.main(load_params())
    read = words(read_page(changing))
    assert "at each depth and each of the learning rates 0.01, 0.03, 0.1, 0.3. Each run keeps its network" in read
    assert "1 or 5 hidden layers" in read
    assert "higher errors" not in read


def test_a_removed_model_is_not_shown_even_if_its_files_remain(changing):
    write_params(changing, {model: recipe for model, recipe in RECIPES.items() if model != "sigmoid"})
    render.main(load_params())
    page = read_page(changing)
    # figures 2 and 11, the average singular values and the playback
    assert page.count("params.yaml does not list the model sigmoid.") == 4
    assert "Figure 2. " not in {title[:10] for title in titles(page)}
    assert not any("sigmoid" in json.dumps(specification.get("datasets")) for specification in specifications(page))
    overview, runs = tables_of(page)
    assert [row[0] for row in overview] == ["softsign", "softsign-n", "tanh", "tanh-n", "the paper's sigmoid"]
    assert len(runs) == 4
    assert "shapeset-figure-2.svg" not in pictures(changing)


def test_a_model_without_results_is_named_where_it_is_missing(changing):
    shutil.rmtree(changing / "data/measured/shapeset/tanh")
    render.main(load_params())
    page = read_page(changing)
    sentence = "tanh has no results on Shapeset-3×2: not run yet; run `dvc repro`."
    assert (
        page.count(sentence) == 13
    )  # the first figure, figures 3, 4, 6 to 9, 11, both of singular values, theory, playback, depths
    assert tables_of(page)[1][2][1:] == ["not run yet; run `dvc repro`"]
    assert not any(row.get("model") == "tanh" for each in specifications(page) for row in rows_of(each))


def test_a_model_whose_runs_all_diverged_is_shown_as_such(changing):
    file = changing / "data/runs/shapeset/tanh/runs.parquet"
    runs = pd.read_parquet(file)
    runs.assign(chosen=False, diverged_at=pd.array([700] * len(runs), dtype="Int64")).to_parquet(file)
    render.main(load_params())
    page = read_page(changing)
    assert "tanh has no results on Shapeset-3×2: every run diverged." in page
    assert "tanh: 8 of 8 runs diverged" in page
    assert not any(row.get("model") == "tanh" for each in specifications(page) for row in rows_of(each))


def test_a_page_without_results_explains_every_gap(changing):
    shutil.rmtree(changing / "data")
    (changing / "reports/table1.csv").unlink()
    render.main(load_params())
    page = read_page(changing)
    assert specifications(page) == []
    assert "Shapeset-3×2 has no data for this figure" in page
    assert [row[1:] for row in tables_of(page)[1]] == [["not run yet; run `dvc repro`"]] * len(RECIPES)
    assert list(pictures(changing)) == []


def test_a_page_whose_every_run_diverged_shows_only_data_and_costs(changing):
    for file in (changing / "data/runs/shapeset").glob("*/runs.parquet"):
        pd.read_parquet(file).assign(chosen=False).to_parquet(file)
    render.main(load_params())
    assert [title[:9] for title in titles(read_page(changing))] == ["Figure 5.", "Figure 1."]


def test_results_of_other_parameters_are_named_and_not_drawn(changing):
    write_params(changing, {**RECIPES, "tanh": ("tanh", "normalized")})
    render.main(load_params())
    page = html.unescape(read_page(changing))
    assert "tanh has no results on Shapeset-3×2: trained with other parameters than those of params.yaml" in page
    assert "tanh: tanh units, normalized initialization\\n" not in str(specifications(page))


def test_the_page_names_the_training_devices(changing):
    render.main(load_params())
    assert "Trained on: an abacus. Drawn on: " in read_page(changing)


def test_a_model_with_a_papers_name_and_another_recipe_is_named(changing):
    write_params(changing, {**RECIPES, "tanh": ("tanh", "normalized")})
    write_made(changing, "shapeset", "tanh")
    render.main(load_params())
    page = read_page(changing)
    sentence = "tanh differs from the paper's tanh: its initialization is normalized, not standard."
    assert sentence in html.unescape(page)
    assert r"tanh: normalized\n5 hidden layers" in json.dumps(specifications(page)).replace(r"\\n", r"\n")
    assert not re.search(r"tanh: standard", json.dumps(specifications(page)))


def test_a_batch_normalized_model_is_not_taken_for_the_papers(changing):
    params = yaml.safe_load((changing / "params.yaml").read_text(encoding="utf-8"))
    params["models"]["tanh"]["batch_normalization"] = True
    (changing / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    write_made(changing, "shapeset", "tanh")
    render.main(load_params())
    page = html.unescape(read_page(changing))
    assert "<small>tanh units, standard initialization, batch normalization</small>" in page
    assert "tanh differs from the paper's tanh: its batch_normalization is True, not False." in page
    jacobians = render.read_results("shapeset", own(load_params())).jacobians
    named = jacobians.groupby("model", observed=True)["paper_model"].agg(lambda names: set(names.dropna()))
    assert named["tanh"] == set()
    assert all(named[name] == {name} for name in RECIPES if name != "tanh")


def test_a_removed_data_set_is_not_shown_even_if_its_files_remain(changing):
    write_results(changing, "mnist", RECIPES)
    write_params(changing, RECIPES, ["mnist", "shapeset"])
    render.main(load_params())
    assert "<h4>MNIST</h4>" in read_page(changing)
    assert {"mnist-figure-12.svg", "shapeset-figure-11.svg"} < set(pictures(changing))
    assert not {"mnist-figure-11.svg", "shapeset-figure-12.svg"} & set(pictures(changing))

    write_params(changing, RECIPES)
    render.main(load_params())
    assert "MNIST</" not in read_page(changing).split('id="table-1"')[0]
    assert not any(name.startswith("mnist") for name in pictures(changing))


def rows_of(specification: dict) -> list[dict]:
    return [row for rows in specification.get("datasets", {}).values() for row in rows]


def made_up_claim(verdict: str, **changes) -> dict:
    """A claim as reports/claims.json has it."""
    claim = {"section": "3.1", "claim": "It is so.", "rule": "It was measured.", "scale": "overnight"}
    return (
        claim
        | {"verdict": verdict, "numbers": {}, "tested": True}
        | dict.fromkeys(("test", "p", "p_holm", "missing"))
        | changes
    )


def test_claims_stand_beside_their_figure_and_in_the_ledger(changing):
    judged = {
        "sigmoid-top-saturates": made_up_claim("holds", numbers={"top_layer_p98": 0.00431, "at": 396, "c": 1, "d": 2}),
        "sigmoid-worst": made_up_claim("fails", test="A test", p=0.001, p_holm=0.02, numbers={"x": 12.5}),
        "best-depth": made_up_claim("undecided", missing="there is <one> depth"),
        "same-on-real-data": made_up_claim("undecided", missing="there is one data set", scale="made_up"),
    }
    (changing / "reports/claims.json").write_text(json.dumps(judged), encoding="utf-8")
    render.main(load_params())
    page = read_page(changing)
    assert "Tested 4 of the paper's 4 claims: 1 holds, 1 does not and 2 are undecided." in words(page)
    figure = words(re.search('<figure id="figure-2">.*?</figure>', page, re.S)[0])
    assert "holds It is so. The top layer's 98th percentile is 0.00431; at: 396; c: 1." in figure
    ledger = page.split('<section id="claims"')[1]
    assert set(re.findall('href="#(claim-.*?)"', page)) == {"claim-sigmoid-top-saturates", "claim-sigmoid-worst"}
    assert re.findall('<tr id="claim-(.*?)"', ledger) == list(judged)
    assert "A test: p = 0.001; after Holm's correction 0.02" in words(ledger)
    # the scale that is long enough for a claim, where it is another than this one
    assert "Missing: there is <one> depth. The scale overnight is long enough for it, once it has all models." in words(
        ledger
    )
    assert "Rule: It was measured. Missing: there is one data set." in words(ledger)
    assert "there is one data set. The scale" not in words(ledger)
    assert re.findall(r"The scale (\S+) is long enough for it, once it has all models\.", words(ledger)) == [
        "overnight"
    ]
    summary = (changing / "reports/summary.md").read_text(encoding="utf-8")
    assert "| sigmoid-worst | fails |" in summary
    assert "| tanh | " in summary


def test_the_standard_of_evidence_is_that_of_the_claims(changing):
    judged = {name: made_up_claim("holds") for name in CLAIMS}
    (changing / "reports/claims.json").write_text(json.dumps(judged), encoding="utf-8")
    render.main(load_params())
    ledger = words(read_page(changing).split('<section id="claims"')[1])
    # the paper's level and number of claims, and enough seeds for a t-test at that level
    assert "over all seeds, at least 5, at the learning rate" in ledger
    assert "needs p < 0.005, the paper's level, and p < 0.05 after Holm's correction" in ledger


def test_the_chart_of_theory_is_of_the_chosen_runs_seed(changing):
    theory = render.read_results("shapeset", own(load_params())).theory
    for model in RECIPES:
        table = pd.read_parquet(changing / f"data/measured/shapeset/{model}/theory.parquet")
        expected = table[(table["seed"] == 1) & (table["layer"] <= 5)]
        assert len(expected) == 3 * 5 < len(table)
        found = theory[theory["model"] == model]
        assert found["measured"].tolist() == expected["measured"].tolist()


def test_damaged_claims_are_one_line(changing):
    lacking = [
        json.dumps({"a": {key: value for key, value in made_up_claim("holds").items() if key != one}})
        for one in ("numbers", "scale")
    ]
    for text in ("{", "[]", '{"a": 1}', '"x"', '{"a": {}}', '{"a": []}', *lacking):
        (changing / "reports/claims.json").write_text(text, encoding="utf-8")
        with pytest.raises(
            InputError, match=r"^reports/claims\.json: (missing or )?damaged \([^\n]*\); run `dvc repro`"
        ):
            render.read_claims(Path("reports/claims.json"))


@pytest.fixture
def with_record(changing) -> Path:
    """The same with a record of the same models that decides more claims, and with one that is this run itself."""
    for name in ("abacus-overnight", "abacus-laptop"):
        folder = changing / "reports/recorded" / name
        shutil.copytree(changing / "data", folder)
        shutil.copy(changing / "params.yaml", folder)
        (changing / "reports/judged" / name).mkdir(parents=True)
        shutil.copy(changing / "reports/table1.csv", changing / "reports/judged" / name)
    (changing / "reports/seeds.csv").write_text("made up\n")
    shutil.copy(changing / "reports/seeds.csv", changing / "reports/judged/abacus-laptop")
    (changing / "reports/judged/abacus-overnight/seeds.csv").write_text("others\n")
    own_claims = {"best-depth": made_up_claim("undecided", missing="time"), "sigmoid-worst": made_up_claim("fails")}
    others = {"best-depth": made_up_claim("holds"), "sigmoid-worst": made_up_claim("holds")}
    (changing / "reports/claims.json").write_text(json.dumps(own_claims), encoding="utf-8")
    (changing / "reports/judged/abacus-overnight/claims.json").write_text(json.dumps(others), encoding="utf-8")
    return changing


def test_the_page_opens_on_the_edition_with_most_evidence_and_has_the_others(with_record):
    render.main(load_params())
    first, _, second = read_page(with_record).partition("<template")
    assert "Tested 2 of the paper's 2 claims: 2 hold." in words(first)
    assert "Tested 2 of the paper's 2 claims: 1 does not and 1 is undecided." in words(second)
    assert second.startswith(' data-edition="this run">')
    assert len(specifications(first)) == len(specifications(second)) > 10
    choices = ["abacus-overnight (made_up)", "this run (made_up)"]  # the other record is this run
    chosen_from = re.search('<select id="edition-shown">(.*?)</select>', first)[1]
    assert re.findall("<option value=[^>]*>(.*?)</option>", chosen_from) == choices
    assert re.findall('<option value="([^"]*)" selected>', first) == ["abacus-overnight"]
    assert re.findall('<option value="([^"]*)" selected>', second) == ["this run"]


def test_the_ledger_marks_the_opposite_verdict_of_another_edition(with_record):
    render.main(load_params())
    ledger = words(read_page(with_record).partition("<template")[0].split('<section id="claims"')[1])
    assert re.search("best-depth, section.*?Rule: It was measured. Results of .*?: holds undecided differs", ledger)
    assert re.search("sigmoid-worst, section.*?Rule: It was measured. Results of .*?: holds fails the opposite", ledger)


def test_the_summary_and_the_pictures_are_of_this_run(with_record):
    render.main(load_params())
    summary = (with_record / "reports/summary.md").read_text(encoding="utf-8")
    assert "| best-depth | undecided |" in summary
