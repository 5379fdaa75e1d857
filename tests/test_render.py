"""The page shows exactly what params.yaml lists, needs nothing beside it, and has the same bytes every time."""

import contextlib
import dataclasses
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import vl_convert
import yaml

from stages import render
from stages.figures.contents import SECTIONS
from stages.params import load_params
from tests.synthetic_results import RECIPES, write_params, write_results

FIGURES = [figure for figures in SECTIONS.values() for figure in figures]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> Path:
    """A folder with the paper's five models rendered."""
    folder = tmp_path_factory.mktemp("rendered")
    write_params(folder, RECIPES)
    write_results(folder, "shapeset", RECIPES)
    with contextlib.chdir(folder):
        render.main()
    return folder


@pytest.fixture
def copied(rendered, tmp_path, monkeypatch) -> Path:
    """A copy of the rendered folder to change, as the current folder."""
    folder = tmp_path / "copied"
    shutil.copytree(rendered, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def changing(copied, monkeypatch) -> Path:
    """The same without the drawing library and the overview, which take most of the time and change with nothing."""
    monkeypatch.setattr(vl_convert, "javascript_bundle", lambda script: script)
    monkeypatch.setattr(render.pictures, "overview_png", lambda specifications: b"")
    return copied


def read_page(folder: Path) -> str:
    return (folder / "reports/site/index.html").read_text(encoding="utf-8")


def specifications(page: str) -> list[dict]:
    return [json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', page, re.S)]


def pictures(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "reports/figures").iterdir()}


def test_every_figure_is_on_the_page_and_a_small_picture(rendered):
    page = read_page(rendered)
    assert [specification["description"] for specification in specifications(page)] == [
        f"{figure.label}. {figure.title}" for figure in FIGURES
    ]
    assert 'class="note"' not in page.split("</header>")[1].split('id="table-1"')[0]
    assert len(page) < 5_000_000
    drawn = pictures(rendered)
    assert set(drawn) == {f"shapeset-{figure.key}.svg" for figure in FIGURES} | {"overview.png"}
    assert all(len(picture) < 200_000 for name, picture in drawn.items() if name.endswith(".svg"))
    assert len(drawn["overview.png"]) < 400_000


def test_rendering_again_gives_the_same_bytes(copied):
    page, drawn = read_page(copied), pictures(copied)
    render.main()
    assert read_page(copied) == page
    assert pictures(copied) == drawn


def test_the_page_asks_for_nothing_beside_it(rendered):
    page = read_page(rendered)
    head = page.split("</head>")[0]
    assert "default-src 'none'" in head  # the browser itself refuses any request
    outside_scripts = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert all(
        target.startswith("#") for target in re.findall(r"""(?:src|href|action)\s*=\s*["']?(.)""", outside_scripts)
    )
    assert "url(" not in outside_scripts
    assert "@import" not in outside_scripts
    assert "<link" not in outside_scripts


def test_table_1_prints_the_numbers_of_the_csv_file(rendered):
    table = read_page(rendered).split('id="table-1"')[1]
    rows = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", table, re.S)
    judged = pd.read_csv(rendered / "reports/table1.csv").set_index("model")
    assert len(rows) == 5
    for row, (model, numbers) in zip(rows, judged.iterrows(), strict=True):
        heading, *cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
        assert re.sub("<.*?>", " ", heading).split()[0] == model
        printed = [float(number) for cell in cells for number in re.findall(r"[\d.]+", cell)]
        order = ["test_error", "low", "high", "mean", "std", "seeds", "learning_rate", "hidden_layers", "paper"]
        expected = [numbers[f"{name}_percent"] if f"{name}_percent" in numbers else numbers[name] for name in order]
        assert printed == pytest.approx(expected, abs=0.005)


def words(page: str) -> str:
    """What is read outside of scripts, with single spaces."""
    bare = re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]*>", "", page, flags=re.S)
    return html.unescape(" ".join(bare.split()))


def test_the_page_says_how_runs_were_chosen_and_how_much_smaller_they_are_than_the_papers(changing):
    render.main()
    read = words(read_page(changing))
    assert "Every model is trained once, with one seed, at each of the learning rates 0.01, 0.03, 0.1, 0.3; the" in read
    assert "the best of these runs is then repeated with 1 further seed. What is shown" in read
    assert "Here the network has 5 hidden layers; the one in the paper's figure has 4." in read
    assert "have 64 units a layer and were trained for 60,000 updates on Shapeset-3×2; the paper's have" in read
    assert "errors far above the paper's are to be expected" in read


def test_the_papers_own_scale_has_no_excuse(changing):
    as_the_papers = {"hidden_units": 1000, "updates": {"shapeset": 5_000_000}, "hidden_layers": [1, 5], "seeds": 1}
    params = yaml.safe_load((changing / "params.yaml").read_text(encoding="utf-8"))
    params["scales"]["made_up"] |= as_the_papers
    (changing / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    render.main()
    read = words(read_page(changing))
    assert "at each depth and each of the learning rates 0.01, 0.03, 0.1, 0.3. What is shown" in read
    assert "1 or 5 hidden layers" in read
    assert "errors far above" not in read


def test_a_removed_model_is_gone_though_its_files_still_lie_there(changing):
    write_params(changing, {model: recipe for model, recipe in RECIPES.items() if model != "sigmoid"})
    render.main()
    page = read_page(changing)
    assert page.count("sigmoid is not among the models of params.yaml.") == 3  # figure 2, 11 and the singular values
    assert "Figure 2. " not in {specification["description"][:10] for specification in specifications(page)}
    assert not any("sigmoid" in json.dumps(specification["datasets"]) for specification in specifications(page))
    assert page.split('id="table-1"')[1].count('<th scope="row">') == 4
    assert "shapeset-figure-2.svg" not in pictures(changing)


def test_a_model_without_results_is_named_where_it_is_missing(changing):
    shutil.rmtree(changing / "data/measured/shapeset/tanh")
    render.main()
    page = read_page(changing)
    sentence = "tanh has no results on Shapeset-3×2 yet; `dvc repro` makes them."
    assert page.count(sentence) == 9  # figures 3, 4, 6, 7, 8, 9 and 11, the singular values, and Table 1
    assert not any(row.get("model") == "tanh" for each in specifications(page) for row in rows_of(each))


def test_a_model_whose_runs_all_diverged_is_shown_as_such(changing):
    file = changing / "data/runs/shapeset/tanh/runs.parquet"
    runs = pd.read_parquet(file)
    runs.assign(chosen=False, diverged_at=pd.array([700] * len(runs), dtype="Int64")).to_parquet(file)
    render.main()
    page = read_page(changing)
    assert "Every run of tanh diverged on Shapeset-3×2." in page
    assert "tanh: 8 of 8 runs diverged" in page
    assert not any(row.get("model") == "tanh" for each in specifications(page) for row in rows_of(each))


def test_a_page_without_any_results_says_so_everywhere(changing):
    shutil.rmtree(changing / "data")
    (changing / "reports/table1.csv").unlink()
    render.main()
    page = read_page(changing)
    assert specifications(page) == []
    assert "Shapeset-3×2 has nothing for this figure yet" in page
    for model in RECIPES:
        assert f"{model} has no results on Shapeset-3×2 yet" in page.split('id="table-1"')[1]
    assert list(pictures(changing)) == []


def test_a_page_whose_every_run_diverged_says_so(changing):
    for file in (changing / "data/runs/shapeset").glob("*/runs.parquet"):
        pd.read_parquet(file).assign(chosen=False).to_parquet(file)
    render.main()
    assert [each["description"][:9] for each in specifications(read_page(changing))] == ["Figure 1."]


def test_a_model_with_a_papers_name_and_another_recipe_is_told(changing):
    write_params(changing, {**RECIPES, "tanh": ("tanh", "normalized")})
    render.main()
    page = read_page(changing)
    assert "Here tanh is tanh with normalized initialization; the paper&#39;s tanh is tanh with standard" in page
    assert "tanh: tanh units, normalized initialization" in page
    assert "tanh: tanh units, standard initialization" not in page


def test_every_data_set_has_its_own_charts_and_a_removed_one_has_none(changing, monkeypatch):
    write_results(changing, "mnist", RECIPES)
    both = dataclasses.replace(load_params(), datasets=["shapeset", "mnist"])
    monkeypatch.setattr(render, "load_params", lambda: both)
    render.main()
    page = read_page(changing)
    assert len(specifications(page)) == 2 * len(FIGURES)
    assert page.count("<h4>MNIST</h4>") == len(FIGURES)
    assert page.count("<caption>") == 2
    assert "mnist-figure-11.svg" in pictures(changing)

    monkeypatch.setattr(render, "load_params", lambda: dataclasses.replace(both, datasets=["shapeset"]))
    render.main()
    assert "<h4>MNIST</h4>" not in read_page(changing)
    assert not any(name.startswith("mnist") for name in pictures(changing))


def rows_of(specification: dict) -> list[dict]:
    return [row for rows in specification["datasets"].values() for row in rows]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to open the page with")
def test_a_browser_draws_every_figure_and_complains_of_nothing(rendered, tmp_path):
    page = rendered / "reports/site/index.html"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path}"]
    options += ["--virtual-time-budget=8000", "--window-size=1200,900", "--enable-logging=stderr", "--dump-dom"]
    shown = subprocess.run([CHROMIUM, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    assert [line for line in shown.stderr.splitlines() if "CONSOLE" in line] == []
    for figure in FIGURES:
        (drawn,) = re.findall(rf'<figure id="{figure.key}">(.*?)</figure>', shown.stdout, re.S)
        marks = re.search(r'<g class="mark-(?:line|image|symbol) role-mark.*?</g>', drawn, re.S).group()
        assert re.search(r"<(?:path|image) ", marks), figure.key
