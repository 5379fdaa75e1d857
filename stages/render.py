"""The stage that shows it: `python -m stages.render` writes the page and the pictures from what every stage found."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.artifacts import read_csv, read_table, read_tensors
from stages.datasets.catalogue import CATALOGUE
from stages.errors import report_input_errors
from stages.figures import page, pictures, style, table1
from stages.figures.contents import PAPER_MODELS, SECTIONS
from stages.figures.results import Results, depth, drawn
from stages.files import whole_folder, write_whole
from stages.params import Params, load_params

EXAMPLES = 8  # images of each class in the contact sheet
OVERVIEW = ("figure-2", "figure-11", "figure-3", "figure-7")  # the README's picture
# the tables that every model has, and the folder of `data` that each lies in
FOLDERS = {"runs": "runs", "monitored": "runs", "curves": "runs", "histograms": "measured", "jacobians": "measured"}


def main() -> None:
    """Write reports/site/index.html and, for slides and the README, reports/figures/."""
    params = load_params()
    results = {dataset: read_results(dataset, params) for dataset in params.datasets}
    judged = {dataset: read_table1(dataset) for dataset in params.datasets}
    sections, specifications = draw(results)
    content = {
        "summary": [table1.summary(judged[dataset], results[dataset].title) for dataset in results],
        "settings": params.settings,
        "scale": params.scale,
        "trainings": [
            {"dataset": results[dataset].title, "updates": params.settings.updates[dataset]} for dataset in results
        ],
        "notes": changed_recipes(params),
        "sections": sections,
        "tables": [
            {
                "dataset": results[dataset].title,
                "rows": table1.rows(judged[dataset], results[dataset]),
                "notes": table1.diverged(results[dataset].runs),
            }
            for dataset in results
        ],
    }
    with whole_folder(Path("reports/site")) as folder:
        write_whole(folder / "index.html", page.html(content))
    with whole_folder(Path("reports/figures")) as folder:
        for name, specification in specifications.items():
            write_whole(folder / f"{name}.svg", pictures.svg(specification))
        strongest = [f"{params.datasets[0]}-{key}" for key in OVERVIEW]
        shown = [specifications[name] for name in strongest if name in specifications]
        if shown:
            (folder / "overview.png").write_bytes(pictures.overview_png(shown))


def draw(results: dict[str, Results]) -> tuple[list[dict], dict[str, dict]]:
    """Every figure of every data set: as the page's sections, and its specification by name (data set and figure)."""
    sections, specifications = [], {}
    for title, figures in SECTIONS.items():
        section = {"title": title, "key": title.lower().replace(" ", "-"), "figures": []}
        for figure in figures:
            charts = []
            for dataset, found in results.items():
                chart, notes = drawn(figure, found)
                specification = None
                if chart is not None:
                    specification = style.specification(chart, f"{figure.label}. {figure.title}")
                    specifications[f"{dataset}-{figure.key}"] = specification
                charts.append(
                    {
                        "dataset": found.title,
                        "depth": depth(figure, found),
                        "specification": specification,
                        "notes": notes,
                    }
                )
            section["figures"].append((figure, charts))
        sections.append(section)
    return sections, specifications


def changed_recipes(params: Params) -> list[str]:
    """A sentence for each model that has a name of the paper's but not its recipe."""
    recipes = {model: (recipe.activation, recipe.initialization) for model, recipe in params.models.items()}
    return [
        f"Here {model} is {' with '.join(recipe)} initialization; the paper's {model} is "
        f"{' with '.join(PAPER_MODELS[model])} initialization."
        for model, recipe in recipes.items()
        if PAPER_MODELS.get(model, recipe) != recipe
    ]


def read_results(dataset: str, params: Params) -> Results:
    """Read the results of exactly the models of params.yaml, whatever else lies in the folders."""
    about = CATALOGUE[dataset]
    found, absent = {}, {}
    for model in params.models:
        files = {name: Path("data") / folder / dataset / model / f"{name}.parquet" for name, folder in FOLDERS.items()}
        if all(file.exists() for file in files.values()):
            found[model] = of_chosen_run({name: read_table(file) for name, file in files.items()})
            if found[model]["monitored"].empty:
                absent[model] = f"Every run of {model} diverged on {about.title}."
        else:
            absent[model] = f"{model} has no results on {about.title} yet; `dvc repro` makes them."
    tables = {name: together(name, found, list(params.models)) for name in FOLDERS}
    recipes = tables["jacobians"]["model"].astype(str).map(params.models)
    return Results(
        title=about.title,
        labels={
            model: f"{model}: {recipe.activation} units, {recipe.initialization} initialization"
            for model, recipe in params.models.items()
        },
        absent=absent,
        examples=read_examples(Path("data/prepared") / dataset / "test.safetensors", about.class_names),
        runs=tables["runs"],
        monitored=tables["monitored"],
        curves=tables["curves"].assign(chance_percent=100 * (1 - about.commonest_share)),
        histograms=tables["histograms"],
        jacobians=tables["jacobians"].assign(
            activation=[recipe.activation for recipe in recipes],
            initialization=[recipe.initialization for recipe in recipes],
        ),
    )


def of_chosen_run(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """One model's tables: the statistics of the chosen run's hidden layers, and the errors of every seed beside it.

    The errors are those at the chosen depth and learning rate; `chosen` tells the chosen run's. The output layer, which
    has gradients only, is left out as in the paper.
    """
    chosen = tables["runs"].loc[tables["runs"]["chosen"], ["hidden_layers", "learning_rate", "seed"]]
    beside = tables["curves"].merge(chosen, on=["hidden_layers", "learning_rate"], suffixes=("", "_chosen"))
    depth = chosen["hidden_layers"].max()
    monitored = tables["monitored"].merge(chosen)
    return {
        "runs": tables["runs"],
        "monitored": monitored[monitored["layer"] <= depth],
        "curves": beside.assign(chosen=beside["seed"] == beside["seed_chosen"]),
        "histograms": tables["histograms"][tables["histograms"]["layer"] <= depth],
        "jacobians": tables["jacobians"][tables["jacobians"]["layer"] < depth],
    }


def together(name: str, found: dict[str, dict[str, pd.DataFrame]], models: list[str]) -> pd.DataFrame:
    """The tables `name` of all models under each other; the columns model and layer know all models and layers."""
    parts = [
        tables[name].assign(model=pd.Categorical([model] * len(tables[name]), models))
        for model, tables in found.items()
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"model": pd.Categorical([], models)})
    if "layer" in table:
        table["layer"] = pd.Categorical(table["layer"], sorted(table["layer"].unique()))
    return table


def read_examples(file: Path, class_names: tuple[str, ...]) -> pd.DataFrame:
    """The first images of each class in the file: class_name, example (1, 2, …), image."""
    if not file.exists():
        return pd.DataFrame(columns=["class_name", "example", "image"])
    test = read_tensors(file)
    rows = [
        (name, example, test["images"][index])
        for label, name in enumerate(class_names)
        for example, index in enumerate(np.flatnonzero(test["labels"] == label)[:EXAMPLES], start=1)
    ]
    return pd.DataFrame(rows, columns=["class_name", "example", "image"])


def read_table1(dataset: str) -> pd.DataFrame:
    """The data set's rows of reports/table1.csv by model; none where there is no such file yet."""
    file = Path("reports/table1.csv")
    columns = ["dataset", "model", "activation", "initialization"]
    rows = read_csv(file, columns) if file.exists() else pd.DataFrame(columns=columns)
    return rows[rows["dataset"] == dataset].set_index("model")


if __name__ == "__main__":
    report_input_errors(main)
