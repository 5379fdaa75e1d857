"""README.md and docs/ quote the committed results, and nothing else."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from commands import blocks, quote
from stages.running.errors import InputError
from tests.conftest import REPOSITORY
from tests.tiny_project import edit as edit_params

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
RECORD = "abacus-laptop"  # made up
MODELS = ["softsign", "softsign-n", "tanh", "tanh-n", "sigmoid", "tanh-lsuv"]
SIGNS = r"%|×\s|± |run-updates|images/s|MiB|minutes?\b|seconds?\b|hours?\b"  # of a result, after its number


@pytest.fixture(autouse=True)
def project(monkeypatch):
    monkeypatch.chdir(REPOSITORY)


@pytest.fixture
def copy(tmp_path, monkeypatch) -> Path:
    """A folder with the files that blocks quote, to be changed: made-up ones in reports/ and in one record."""
    record = tmp_path / "reports/recorded" / RECORD
    record.mkdir(parents=True)
    shutil.copytree(REPOSITORY / "reports/bench", tmp_path / "reports/bench")
    for folder, place in ((tmp_path, tmp_path / "reports"), (record, tmp_path / "reports/judged" / RECORD)):
        shutil.copy(REPOSITORY / "params.yaml", folder)
        place.mkdir(exist_ok=True, parents=True)
        write_edition(place)
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_edition(folder: Path) -> None:
    """Write a table and claims as `judge` does, with an error for each of MODELS."""
    rows = [
        {
            "dataset": "shapeset",
            "model": model,
            "activation": model.split("-")[0],
            "initialization": "normalized" if model.endswith("-n") else "standard",
            "update_rule": "sgd",
            "mean_percent": 50.0 - 3 * number,
            "margin_percent": 0.5 + number / 10 if model != "sigmoid" else "",
            "seeds": 5 if model != "sigmoid" else 1,
            "std_percent": 0.4,
            "last_percent": 51.0 - 3 * number,
            "test_error_percent": 49.0 - 3 * number,
            "low_percent": 48.0 - 3 * number,
            "high_percent": 50.0 - 3 * number,
            "learning_rate": 0.03,
            "hidden_layers": 5,
            "at_chance": False,
            "marked": False,
            "paper_percent": 27.15,
        }
        for number, model in enumerate(MODELS)
    ]
    with (folder / "table1.csv").open("w", newline="") as opened:
        table = csv.DictWriter(opened, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    numbers = {"svm_percent": 60.25, "network_percent": 45.5, "training_images": 2000, "difference_percent": 14.75}
    judged = {
        "deep-beats-svm": {"section": "2.1", "verdict": "holds", "numbers": numbers},
        "best-depth": {"section": "2.3", "verdict": "undecided", "numbers": {}},
    }
    (folder / "claims.json").write_text(json.dumps(judged))


def write_durations(folder: Path, lines: list[str]) -> None:
    (folder / "durations.csv").write_text("\n".join(["stage,scale,seconds", *lines]) + "\n")


def cells(block: str) -> dict[str, list[str]]:
    """The rows of a block's table by their first cells."""
    rows = [line.strip("| ").split(" | ") for line in block.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def rows_of(file: str) -> list[dict[str, str]]:
    with (REPOSITORY / file).open(newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_is_stale(page):
    text = page.read_text(encoding="utf-8")
    assert quote.filled(page, text) == text, "stale: run `make quote`"


def test_every_block_is_on_a_page():
    used = [name for page in PAGES for name in quote.BLOCK.findall(page.read_text(encoding="utf-8"))]
    assert sorted(used) == sorted(blocks.BLOCKS)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "licences.md"], ids=lambda page: page.name)
def test_results_stand_in_blocks_only(page):
    prose = quote.BLOCK.sub("", page.read_text(encoding="utf-8"))
    assert re.findall(rf"\d[\d.,]* ?(?:{SIGNS})", prose) == []


@pytest.mark.parametrize(
    "sentence",
    ["an error of 54.2 % remains", "49.9 ± 0.7", "4.12 × faster", "it takes 20 minutes", "2,720 run-updates/s"],
)
def test_a_result_in_prose_is_found(sentence):
    assert re.search(rf"\d[\d.,]* ?(?:{SIGNS})", sentence)


def test_main_fills_the_pages_and_names_those_that_it_changed(copy, capsys):
    stale = "# Title\n\n<!-- quote: verdicts -->\nold\n<!-- end -->\n\nThe end.\n"
    for page in ("README.md", "docs/one.md"):
        (copy / page).write_text(stale)
    (copy / "docs/other.md").write_text("no block\n")
    quote.main()
    assert capsys.readouterr().out == "README.md: updated\ndocs/one.md: updated\n"
    assert (copy / "README.md").read_text() == stale.replace("old", blocks.verdicts())
    quote.main()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- quote: nothing -->\n<!-- end -->\n", "README.md: the block 'nothing' is unknown; allowed: table1,"),
        ("<!-- quote: time -->\n", "README.md: a block has no line <!-- end -->"),
        ("<!-- quote: time -->\n<!-- quote: svm -->\n<!-- end -->\n", "README.md: a block has no line <!-- end -->"),
    ],
)
def test_a_block_that_cannot_be_filled_is_one_line(text, message):
    with pytest.raises(InputError, match=re.escape(message)):
        quote.filled(Path("README.md"), text)


def error_in(row: dict[str, str]) -> str:
    """The error of a row of Table 1, with half of its interval if it has several seeds."""
    margin = f" ± {float(row['margin_percent']):.2f}" if int(row["seeds"]) > 1 else ""
    return f"{float(row['mean_percent']):.2f}{margin} %"


def test_table_1_is_the_best_editions():
    edition = blocks.best_edition()
    found, table = cells(blocks.table1()), rows_of(edition.judged / "table1.csv")
    papers = [row for row in table if row["dataset"] == "shapeset" and row["paper_percent"]]
    assert list(found) == [row["model"] for row in papers]
    assert len(found) == 5
    for row in papers:
        assert found[row["model"]] == [
            error_in(row),
            row["seeds"],
            f"{float(row['learning_rate']):g}",
            f"{float(row['paper_percent']):.2f} %",
        ]
    assert f"`{edition.judged}`: scale `{edition.params.scale}`" in blocks.table1()


def test_table_1_has_no_interval_for_one_seed(copy):
    found = cells(blocks.table1())
    assert found["softsign-n"] == ["47.00 ± 0.60 %", "5", "0.03", "27.15 %"]
    assert found["sigmoid"] == ["38.00 %", "1", "0.03", "27.15 %"]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def set_updates(folder: Path, updates: int) -> None:
    """Give each training on Shapeset so many updates in a params.yaml."""
    edit_params(folder, lambda values: values["scales"][values["scale"]]["updates"].update(shapeset=updates))


def test_the_best_edition_trains_longest_and_has_the_papers_models(copy):
    record, recorded = copy / "reports/recorded" / RECORD, Path("reports/judged", RECORD)
    own = Path("reports")
    set_updates(copy, 60000)
    set_updates(record, 60000)
    assert blocks.best_edition().judged == own  # of equals, the repository's own
    set_updates(record, 60001)
    assert blocks.best_edition().judged == recorded
    assert blocks.size(blocks.best_edition()) == (60001, 256)
    assert blocks.widest_edition().judged == recorded
    edit(recorded / "table1.csv", "\nshapeset,softsign-n,", "\nmnist,softsign-n,")
    assert blocks.best_edition().judged == own
    edit(recorded / "table1.csv", "\nmnist,softsign-n,", "\nshapeset,softsign-n,")
    set_updates(copy, 70000)
    assert blocks.best_edition().judged == own
    edit(copy / "reports/table1.csv", "\nshapeset,tanh-lsuv,", "\nmnist,tanh-lsuv,")
    assert blocks.best_edition().judged == own
    assert blocks.widest_edition().judged == recorded


def test_without_an_edition_of_the_papers_models_the_error_names_them(copy):
    for table in (copy / "reports").rglob("table1.csv"):
        edit(table, "\nshapeset,tanh-n,", "\nshapeset,mine,")
    with pytest.raises(InputError, match=r"no edition has all of softsign, softsign-n, tanh, tanh-n, sigmoid"):
        blocks.table1()


def test_an_edition_with_damaged_params_is_named(copy):
    (copy / "params.yaml").write_text("scale: laptop\n")
    with pytest.raises(InputError, match=r"^params\.yaml: the key shapeset is missing"):
        blocks.editions()


def test_inside_are_the_statistics_of_the_same_edition():
    rows = rows_of(blocks.best_edition().judged / "layers.csv")
    of = {(row["model"], row["moment"], row["layer"]): row for row in rows if row["dataset"] == "shapeset"}
    found = cells(blocks.inside())
    for layer in range(1, 6):
        sigmoid = of["sigmoid", "final", str(layer)]
        tanh, tanh_n = (of[model, "initial", str(layer)] for model in ("tanh", "tanh-n"))
        singular = [one["average_singular_value"] for one in (tanh, tanh_n)]
        assert found[str(layer)] == [
            f"{float(sigmoid['activation_mean']):.3f}",
            f"{float(of['tanh', 'final', str(layer)]['saturated_share']):.3f}",
            f"{float(tanh['activation_std']):.3f}",
            f"{float(tanh_n['activation_std']):.3f}",
            *(f"{float(one):.2f}" if one else "–" for one in singular),
        ]
    assert found["5"][-1] == "–"  # above the top hidden layer there is none


def test_models_are_those_of_the_widest_edition_the_best_first():
    edition = blocks.widest_edition()
    table = [row for row in rows_of(edition.judged / "table1.csv") if row["dataset"] == "shapeset"]
    durations = edition.data / "durations.csv"
    rows = rows_of(durations) if durations.is_relative_to("reports") else []
    took = {row["stage"]: float(row["seconds"]) for row in rows if row["scale"] == edition.params.scale}
    found = cells(blocks.models())
    assert list(found) == [row["model"] for row in sorted(table, key=lambda row: float(row["mean_percent"]))]
    for row in table:
        activation, initialization, rule, error, seeds, rate, training = found[row["model"]]
        assert [activation, initialization, rule] == [row["activation"], row["initialization"], row["update_rule"]]
        assert [error, seeds] == [error_in(row), row["seeds"]]
        assert float(rate) == float(row["learning_rate"])
        assert training == (f"{took['train@shapeset-' + row['model']]:.0f} s" if took else "–")


def test_verdicts_are_those_of_the_metrics_of_every_edition():
    lines = blocks.verdicts().splitlines()[2:]
    records = sorted((REPOSITORY / "reports/judged").glob("*/metrics.json"))
    for line, file in zip(lines, [REPOSITORY / "reports/metrics.json", *records], strict=True):
        metrics = json.loads(file.read_text())
        counts = [metrics[verdict] for verdict in ("holds", "fails", "undecided")]
        folder = file.parent.relative_to(REPOSITORY).as_posix()
        models = len(metrics["test_error_percent"]["shapeset"])
        assert line == f"| `{folder}` | {models} | {counts[0]} | {counts[1]} | {counts[2]} |"


def test_claims_have_the_verdict_of_every_edition():
    files = [REPOSITORY / "reports/claims.json", *sorted((REPOSITORY / "reports/judged").glob("*/claims.json"))]
    judged = [json.loads(file.read_text()) for file in files]
    found = cells(blocks.claims())
    assert [name.strip("`") for name in found] == list(judged[0])
    for name, claim in judged[0].items():
        verdicts = [one[name]["verdict"] if name in one else "–" for one in judged]
        assert found[f"`{name}`"] == [claim["section"], *verdicts]


def test_the_search_for_pretraining_has_the_means_of_its_runs_and_params_have_the_best(tmp_path):
    with (REPOSITORY / "reports/search/seeds.csv").open(encoding="utf-8", newline="") as file:
        runs = [(row["model"], float(row["validation_error_percent"])) for row in csv.DictReader(file)]
    tried = {}
    for line in blocks.pretraining_search().splitlines()[2:]:
        units, decoder, corruption, rate, mean, *_ = [cell.strip() for cell in line.strip("|").split("|")]
        errors = [error for model, error in runs if model == f"{units}-{decoder}-{corruption}-{rate.replace('.', '')}"]
        assert len(errors) == 2
        assert float(mean.split()[0]) == pytest.approx(sum(errors) / 2, abs=0.0051)
        tried[units, decoder, corruption, float(rate)] = sum(errors)
    params = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(
        re.sub(r"(?m)^  # (?=  |\w[\w-]+: *(\{|#|$))", "  ", params), encoding="utf-8"
    )
    models = blocks.load_params(tmp_path / "params.yaml").models
    for units in ("tanh", "sigmoid"):
        chosen = models[f"{units}-pretrained"].pretraining
        best = min((one for one in tried if one[0] == units), key=tried.get)
        assert (units, chosen.decoder, chosen.corruption, chosen.learning_rate) == best


def test_a_setting_without_runs_is_named(copy):
    shutil.copytree(REPOSITORY / "reports/search", copy / "reports/search")
    seeds = copy / "reports/search/seeds.csv"
    lines = seeds.read_text(encoding="utf-8").splitlines(keepends=True)
    seeds.write_text("".join(line for line in lines if "tanh-units-masking-0003" not in line), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape("reports/search/seeds.csv: lacks tanh-units-masking-0003")):
        blocks.pretraining_search()


def test_the_svm_has_the_numbers_of_its_claim():
    for folder, row in cells(blocks.svm()).items():
        numbers = json.loads((REPOSITORY / folder.strip("`") / "claims.json").read_text())["deep-beats-svm"]["numbers"]
        images, svm, network, _ = row
        assert int(images.replace(",", "")) == numbers["training_images"]
        assert [svm, network] == [f"{numbers[f'{name}_percent']:.2f} %" for name in ("svm", "network")]
        difference = float(svm.split()[0]) - float(network.split()[0])
        assert difference == pytest.approx(numbers["difference_percent"], abs=0.0101)  # of two rounded numbers


def test_the_svm_of_each_edition_stands_beside_its_network(copy):
    write_durations(copy / "reports/recorded" / RECORD, ["svm@shapeset,laptop,123.4", "svm@shapeset,smoke,9"])
    row = ["2,000", "60.25 %", "45.50 %"]
    folders = "`reports`", f"`reports/judged/{RECORD}`"
    assert cells(blocks.svm()) == dict(zip(folders, ([*row, "–"], [*row, "123 s"]), strict=True))


def test_the_time_is_the_sum_of_the_models_stages(copy):
    """Of params.yaml's data sets and models, whatever else the record has."""
    lines = ["judge,laptop,60.0", "judge,smoke,9000.0", "train@shapeset-mine,laptop,6000.0"]
    lines += ["prepare@shapeset,laptop,60.0", "prepare@mnist,laptop,6000.0", "measure@shapeset-mine,laptop,6000.0"]
    models = blocks.load_params().models
    lines += [f"{stage}@shapeset-{model},laptop,60.0" for model in models for stage in ("train", "measure")]
    assert blocks.time() == "No record has the time that these models take at scale `laptop`."
    write_durations(copy / "reports/recorded" / RECORD, lines)
    count = len(models)
    expected = f"took {2 * count + 2} minutes, of which training took {count} minutes"
    assert expected in blocks.time()
    assert f"`reports/recorded/{RECORD}/environment.md`" in blocks.time()


@pytest.mark.parametrize(
    ("seconds", "text"), [(99.4, "99 s"), (100, "2 minutes"), (7199, "120 minutes"), (9000, "2.5 hours")]
)
def test_a_duration_reads_well(seconds, text):
    assert blocks.span(seconds) == text


def test_the_time_of_stages_adds_up(copy):
    lines = ["prepare@shapeset,laptop,60", "judge,laptop,12", "render,laptop,48", "svm@shapeset,laptop,240"]
    lines += [f"train@shapeset-{model},laptop,{seconds}" for model, seconds in (("tanh", 600), ("mine", 1200))]
    lines += [f"measure@shapeset-{model},laptop,6" for model in ("tanh", "mine")]
    write_durations(copy / "reports/recorded" / RECORD, lines)
    training, measuring, svm, drawing = "30 minutes", "12 s", "4 minutes", "48 s"
    whole = "36 minutes"  # 1 + 0.2 + 0.8 + 4 + 30 + 0.2
    assert cells(blocks.time_of_stages()) == {f"`{RECORD}`": ["laptop", "2", training, measuring, svm, drawing, whole]}


def test_epochs_are_updates_of_a_batch_over_the_training_images(copy):
    edit_params(copy, lambda values: values["scales"]["laptop"]["updates"].update(mnist=40000))
    found = cells(blocks.updates())
    assert found["`mnist`"][2] == "40,000 (8 epochs)"  # of 10 of 50,000 images
    assert "epochs" not in " ".join(found["`shapeset`"])


def test_scales_are_those_of_params_yaml(copy):
    edit_params(copy, lambda values: values["scales"]["laptop"].update(hidden_units=2560))
    assert cells(blocks.scales())["`laptop`"][1] == "2,560"


def test_speeds_are_those_of_the_benchmarks(copy):
    """Of every machine, side by side."""
    file, *others = sorted((copy / "reports/bench").iterdir())
    for one in others:
        one.unlink()
    bench = json.loads(file.read_text())
    value = {row["id"]: row["value"] for row in bench["rows"]}
    other = {"device": "Z, 8 cores", "rows": [{"id": "plain_all_cores_1000", "value": 1234.0, "unit": "run-updates/s"}]}
    (copy / "reports/bench/z.json").write_text(json.dumps(other))
    engine, cluster, rest = (cells(block()) for block in (blocks.engine, blocks.cluster, blocks.other_speeds))
    heading = [f"{device}: {units} units" for device in (bench["device"], "Z, 8 cores") for units in ("256", "1,000")]
    assert " | ".join(heading) in blocks.engine()
    for units, column in ((256, 0), (1000, 1)):
        fast, plain = (engine[name][column] for name in ("engine, all runs of a stage", "plain PyTorch, one process"))
        assert fast == f"{value[f'engine_stage_{units}']:,.0f} run-updates/s"
        assert plain == f"{value[f'plain_all_cores_{units}']:,.0f} run-updates/s"
        assert engine["engine over the fastest JAX"][column] == f"{value[f'ratio_jax_{units}']:.2f} ×"
    assert engine["plain PyTorch, one process"][2:] == ["–", "1,234 run-updates/s"]
    assert cluster["2 Ray workers"] == [f"{value['ray_2_workers_256']:,.0f} run-updates/s", "–"]
    assert rest["`dvc repro` with nothing to do"] == [f"{value['noop_seconds']:.1f} s", "–"]
