"""Draw the figures and the report page from the results of all stages: `python -m stages.render`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.claims.editions import Edition, own, records
from stages.claims.measurements import FEWEST_SEEDS, SHAPESET
from stages.claims.significance import FAMILY_LEVEL, LEVEL
from stages.claims.table1 import DIVERGED, NOT_RUN, OTHER_PARAMETERS, PAPER_MODELS, cells, paper_model, recipe
from stages.claims.verdict import UNDECIDED
from stages.datasets.dataset import find_dataset
from stages.figures import claims, cost_surfaces, made, page, pictures, table1
from stages.figures.charts import charts_of
from stages.figures.contents import FIRST, SECTIONS
from stages.figures.live import figure as live
from stages.figures.results import Results
from stages.handover.machine import processor
from stages.handover.objects import read_json
from stages.handover.prepared import read_about, read_valid_split
from stages.handover.schemas import RUN
from stages.handover.tables import chosen_run, read_runs, read_table, table_of
from stages.params import Params, load_params
from stages.running.errors import AGAIN, InputError
from stages.running.files import whole_folder, write_whole
from stages.running.stage import run_stage

EXAMPLES_PER_CLASS = 8  # images of each class in figure 1
PAPER_UNITS, PAPER_UPDATES = 1000, 5_000_000  # units per hidden layer; updates per run
# every model's tables, each with its folder in `data`
FOLDERS = dict.fromkeys(["runs", "monitored", "curves", "histograms"], "runs") | dict.fromkeys(
    ["jacobians", "spectra", "theory"], "measured"
)


def main(params: Params) -> None:
    """Write reports/site/index.html of all editions and, of this run, reports/summary.md and reports/figures/."""
    this_run, specifications = read(own(params))
    others = [read(record)[0] for record in records() if not is_this_run(record)]
    contents = sorted([this_run, *others], key=evidence, reverse=True)
    verdicts = {content["edition"]: content["verdicts"] for content in contents}
    for content in contents:
        content["claims"] = claims.ledger(content["edition"], verdicts)
    with whole_folder(Path("reports/site")) as folder:
        write_whole(folder / "index.html", page.html(contents))
    write_whole(Path("reports/summary.md"), page.summary(this_run))
    with whole_folder(Path("reports/figures")) as folder:
        for name, specification in specifications.items():
            drawn = pictures.svg(specification)
            write_whole(folder / f"{name}.svg", drawn)
            (folder / f"{name}.png").write_bytes(pictures.png(drawn))


def read(edition: Edition) -> tuple[dict, dict[str, dict]]:
    """What the page says of an edition, and the specifications of its pictures by name."""
    params = edition.params
    results = {dataset: read_results(dataset, edition) for dataset in params.datasets}
    judged = read_table1(edition.judged / "table1.csv")
    of_datasets = {dataset: judged[judged["dataset"] == dataset].set_index("model") for dataset in results}
    verdicts = read_claims(edition.judged / "claims.json")
    surfaces = read_surfaces(edition.data / "surfaces/surfaces.parquet")
    sections, specifications = draw(results, surfaces, verdicts)
    first = charts_of(FIRST, results, surfaces, [])
    specifications |= {chart["name"]: chart["specification"] for chart in first if chart["specification"]}
    content = {
        "edition": edition.name,
        "verdicts": verdicts,
        "counts": claims.counts(verdicts),
        "level": LEVEL,
        "family_level": FAMILY_LEVEL,
        "fewest_seeds": FEWEST_SEEDS,
        "parameters": made.parameters(params),
        "trained_on": sorted({device for found in results.values() for device in found.devices}),
        "origin": origin(edition),
        "drawn_on": processor(),
        "versions": made.versions(),
        "summary": table1.summary({results[dataset].about.title: of_datasets[dataset] for dataset in results}),
        "settings": params.settings,
        "scale": params.scale,
        "trained": trained(params),
        "smaller": params.settings.hidden_units < PAPER_UNITS
        or any(params.settings.updates[dataset] < PAPER_UPDATES for dataset in results),
        "notes": changed_recipes(params),
        "first": (FIRST, first),
        "recorded": live.recorded(results.get(SHAPESET)),
        "sections": sections,
        "drawn": {figure.key for section in sections for figure, *_ in section["figures"]},
        "table1": table1.overview(cells(judged, params, {name: found.absent for name, found in results.items()})),
        "tables": [
            {
                "dataset": results[dataset].about.title,
                "rows": table1.rows(of_datasets[dataset], results[dataset]),
                "notes": table1.diverged(results[dataset].runs),
            }
            for dataset in results
        ],
    }
    return content, specifications


def is_this_run(record: Edition) -> bool:
    """Whether a record has the numbers of this run, which are shown only once."""
    of_both = ([folder / name for name in ("table1.csv", "seeds.csv")] for folder in (record.judged, Path("reports")))
    return all(one.exists() and one.read_bytes() == other.read_bytes() for one, other in zip(*of_both, strict=True))


def origin(edition: Edition) -> str:
    """Where a record comes from, as it says itself; empty for this run."""
    file = edition.data / "environment.md"
    return file.read_text(encoding="utf-8").partition("\n\n")[2].strip() if file.exists() else ""


def evidence(content: Mapping[str, Any]) -> tuple[int, int]:
    """How many claims an edition decides, and how many models it has: the page opens on the edition with most."""
    decided = sum(claim["verdict"] != UNDECIDED for claim in content["verdicts"].values())
    return decided, max((len(table["rows"]) for table in content["tables"]), default=0)


def draw(
    results: dict[str, Results], surfaces: pd.DataFrame, verdicts: dict[str, dict]
) -> tuple[list[dict], dict[str, dict]]:
    """The figures of every data set: the page's sections, and the specifications of the pictures by name."""
    sections, specifications = [], {}
    for title, figures in SECTIONS.items():
        section = {"title": title, "key": title.lower().replace(" ", "-"), "figures": []}
        for figure in figures:
            found = claims.beside(figure.key, verdicts)
            charts = charts_of(figure, results, surfaces, claims.read_out(found))
            if figure.where_run and not any(chart["specification"] for chart in charts):
                continue
            section["figures"].append((figure, charts, found))
            if figure.still:
                specifications |= {chart["name"]: chart["specification"] for chart in charts if chart["specification"]}
        sections.append(section)
    return sections, specifications


def trained(params: Params) -> str:
    """The updates of a run on each data set, in words."""
    *others, last = (
        f"{params.settings.updates[dataset]:,} updates{epochs(dataset, params)} on {find_dataset(dataset).title}"
        for dataset in params.datasets
    )
    return f"{', '.join(others)} and {last}" if others else last


def epochs(dataset: str, params: Params) -> str:
    """The number of epochs in brackets; empty for a data set with endless training images."""
    epoch = epoch_updates(dataset, params)
    if epoch is None:
        return ""
    count = params.settings.updates[dataset] / epoch
    text = f"{count:,.0f}" if count >= 10 else f"{count:.2g}"
    return f" ({text} epoch{'' if text == '1' else 's'})"


def epoch_updates(dataset: str, params: Params) -> float | None:
    """The updates of one epoch; None for a data set with endless training images."""
    return None if find_dataset(dataset).endless else getattr(params, dataset).train / params.settings.batch_size


def changed_recipes(params: Params) -> list[str]:
    """A sentence for each model with a name of the paper's but another recipe."""
    sentences = []
    for name, papers in PAPER_MODELS.items():
        ours = recipe(params.models.get(name, papers))
        changes = [f"its {key} is {ours[key]}, not {one}" for key, one in recipe(papers).items() if ours[key] != one]
        if changes:
            sentences.append(f"{name} differs from the paper's {name}: {', '.join(changes)}.")
    return sentences


def read_results(dataset: str, edition: Edition) -> Results:
    """Read the results of the models in an edition's params.yaml and of no others.

    Raises InputError if a file is damaged.
    """
    about, params = find_dataset(dataset), edition.params
    found, absent, devices = {}, {}, set()
    for model in params.models:
        files = {name: edition.data / folder / dataset / model / f"{name}.parquet" for name, folder in FOLDERS.items()}
        made_by = edition.data / "runs" / dataset / model / "made.json"
        if not all(file.exists() for file in (made_by, *files.values())):
            absent[model] = NOT_RUN
            continue
        made_with = read_json(made_by)
        if made_with.get("parameters") != params.of_training(dataset, model):
            absent[model] = OTHER_PARAMETERS
            continue
        if not isinstance(made_with.get("device"), str):
            raise InputError(f"{made_by}: damaged (no device); {AGAIN}")
        devices.add(made_with["device"])
        found[model] = of_chosen_run(files)
        if found[model]["monitored"].empty:
            absent[model] = DIVERGED
    tables = {name: together(name, found, list(params.models)) for name in (*FOLDERS, "apart")}
    papers = {name: paper_model(model) for name, model in params.models.items()}
    return Results(
        dataset=dataset,
        recipes=params.models,
        absent=absent,
        devices=sorted(devices),
        hidden_units=params.settings.hidden_units,
        examples=read_examples(dataset),
        runs=tables["runs"],
        monitored=tables["monitored"],
        apart=tables["apart"],
        curves=tables["curves"].assign(
            chance_percent=100 * (1 - about.commonest_share), epoch_updates=epoch_updates(dataset, params)
        ),
        histograms=tables["histograms"],
        jacobians=tables["jacobians"].assign(paper_model=tables["jacobians"]["model"].astype(str).map(papers)),
        spectra=tables["spectra"],
        theory=tables["theory"],
    )


def of_chosen_run(files: dict[str, Path]) -> dict[str, pd.DataFrame]:
    """One model's tables: the statistics of the chosen run's hidden layers, and the errors of all its seeds.

    curves: errors at the chosen depth and learning rate; `chosen` marks the chosen run. apart: each seed's largest
    standard deviation of a layer's weight gradients over the smallest, where all layers have some. The output layer is
    left out as in the paper.
    """
    tables = {name: read_table(file) for name, file in files.items()}
    runs = read_runs(files["runs"]) if tables["runs"]["chosen"].any() else tables["runs"]  # all may have diverged
    chosen = runs.loc[runs["chosen"], [*RUN]]
    chosen_run(files["curves"], tables["curves"], runs)
    on, suffixes = ["hidden_layers", "learning_rate"], ("", "_chosen")
    beside, of_seeds = (tables[name].merge(chosen, on=on, suffixes=suffixes) for name in ("curves", "monitored"))
    depth, theory = chosen["hidden_layers"].max(), tables["theory"]
    monitored = chosen_run(files["monitored"], tables["monitored"], runs)
    sizes = of_seeds[of_seeds["layer"] <= depth].groupby(["seed", "update"])["weight_gradient_std"]
    return {
        "runs": tables["runs"],
        "monitored": monitored[monitored["layer"] <= depth],
        "apart": (sizes.max() / sizes.min()).rename("ratio").reset_index().query("ratio < inf"),
        "curves": beside.assign(chosen=beside["seed"] == beside["seed_chosen"]),
        "histograms": tables["histograms"][tables["histograms"]["layer"] <= depth],
        "jacobians": tables["jacobians"],
        "spectra": tables["spectra"],
        "theory": theory[(theory["layer"] <= depth) & (theory["seed"] == chosen["seed"].max())],
    }


def together(name: str, found: dict[str, dict[str, pd.DataFrame]], models: list[str]) -> pd.DataFrame:
    """The tables `name` of all models as one; the columns model and layer are categories with all models and layers."""
    parts = [
        tables[name].assign(model=pd.Categorical([model] * len(tables[name]), models))
        for model, tables in found.items()
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"model": pd.Categorical([], models)})
    if "layer" in table:
        table["layer"] = pd.Categorical(table["layer"], sorted(table["layer"].unique()))
    return table


def read_examples(dataset: str) -> pd.DataFrame:
    """The first prepared test images of each class: class_name, example (1, 2, …), image."""
    folder = Path("data/prepared") / dataset
    if not (folder / "test.safetensors").exists():
        return pd.DataFrame(columns=["class_name", "example", "image"])
    test = read_valid_split(folder, "test")
    rows = [
        (name, example, test.images[index])
        for label, name in enumerate(read_about(folder).class_names)
        for example, index in enumerate(np.flatnonzero(test.labels == label)[:EXAMPLES_PER_CLASS], start=1)
    ]
    return pd.DataFrame(rows, columns=["class_name", "example", "image"])


def read_surfaces(file: Path) -> pd.DataFrame:
    """The surfaces of figure 5; an empty table if they have not been computed.

    Raises InputError if they are not a grid of weights for both costs.
    """
    if not file.exists():
        return pd.DataFrame()
    table = read_table(file)
    points = table["weight_1"].nunique() * table["weight_2"].nunique()
    if set(table["cost"]) != set(cost_surfaces.TITLES) or len(table) != points * len(cost_surfaces.TITLES):
        raise InputError(f"{file}: must hold a grid of weights for {' and '.join(cost_surfaces.TITLES)}; {AGAIN}")
    return table


def read_claims(file: Path) -> dict[str, dict]:
    """The judged claims in `file` by name; empty if the file does not exist.

    Raises InputError if a claim is damaged.
    """
    if not file.exists():
        return {}
    judged = read_json(file)
    for name, claim in judged.items():
        wrong = claims.wrong_keys(claim)
        if wrong:
            raise InputError(f"{file}: damaged (the claim {name} in its {', '.join(wrong)}); {AGAIN}")
    return judged


def read_table1(file: Path) -> pd.DataFrame:
    """The rows of Table 1; empty if the file does not exist."""
    return read_table(file) if file.exists() else table_of("table1", [])


if __name__ == "__main__":
    run_stage(main, load_params)
