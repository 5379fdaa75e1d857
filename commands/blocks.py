"""Markdown blocks that quote committed results; `python -m commands.quote` writes them into README.md and docs/.

Every function returns one block. It reads only files in git, by their paths from the project's folder.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.claims.editions import OWN, Edition, own, records
from stages.claims.table1 import PAPER_MODELS, percent
from stages.claims.verdict import VERDICTS
from stages.datasets.dataset import find_dataset
from stages.handover.objects import read_json
from stages.handover.tables import read_csv, read_table
from stages.params import DATASETS, load_params
from stages.running.errors import InputError

REPORTS = Path("reports")
SEARCH = REPORTS / "search"
INSIDE = [  # heading, model, moment, metric, format
    ("sigmoid: mean, end", "sigmoid", "final", "activation_mean", "{:.3f}"),
    ("tanh: saturated, end", "tanh", "final", "saturated_share", "{:.3f}"),
    ("tanh: spread, start", "tanh", "initial", "activation_std", "{:.3f}"),
    ("tanh-n: spread, start", "tanh-n", "initial", "activation_std", "{:.3f}"),
    ("tanh: Jacobian, start", "tanh", "initial", "average_singular_value", "{:.2f}"),
    ("tanh-n: Jacobian, start", "tanh-n", "initial", "average_singular_value", "{:.2f}"),
]
WIDTHS = (256, 1000)  # of the benchmark's networks
RATE = "{:,.0f} run-updates/s"
ENGINE = [  # heading, id in reports/bench/*.json without the width, format
    ("engine, all runs of a stage", "engine_stage", RATE),
    ("engine, one run", "engine_1_run", RATE),
    ("engine kept to AVX2", "engine_avx2", RATE),
    ("engine without a C compiler", "engine_torch", RATE),
    ("plain PyTorch, one process", "plain_all_cores", RATE),
    ("plain PyTorch, one process a core", "plain_each_core", RATE),
    ("JAX `scan`, one process", "jax_scan_all_cores", RATE),
    ("JAX `scan`, one process a core", "jax_scan_each_core", RATE),
    ("JAX `vmap`, one process", "jax_vmap_all_cores", RATE),
    ("JAX `vmap`, one process a core", "jax_vmap_each_core", RATE),
    ("engine over the fastest plain PyTorch", "ratio_plain", "{:.2f} ×"),
    ("engine kept to AVX2 over the fastest plain PyTorch", "ratio_avx2_plain", "{:.2f} ×"),
    ("engine over the fastest JAX", "ratio_jax", "{:.2f} ×"),
    ("share of the rate of `torch.mm`", "share_of_product_peak", "{:.0f} %"),
]
DESCENTS = [
    ("plain descent", "descent_plain_256", RATE),
    ("`update_rule: hessian`", "descent_hessian_256", RATE),
    ("`update_rule: gradient_variance`", "descent_gradient_variance_256", RATE),
    ("`batch_normalization: true`", "descent_batch_normalization_256", RATE),
]
CLUSTER = [
    ("1 Ray worker", "ray_1_workers_256", RATE),
    ("2 Ray workers", "ray_2_workers_256", RATE),
    ("no Ray: all cores of this machine", "engine_stage_256", RATE),
]
REST = [
    ("drawing images, all threads", "generator_images_per_second", "{:,.0f} images/s"),
    ("drawing images, one thread", "generator_images_per_second_1_thread", "{:,.0f} images/s"),
    ("drawing, as a share of the training time of one run", "generator_share", "{:.1f} %"),
    ("memory of a worker, 4,000 updates", "peak_memory_4000_updates", "{:.0f} MiB"),
    ("memory of a worker, 16,000 updates", "peak_memory_16000_updates", "{:.0f} MiB"),
    ("`dvc repro` with nothing to do", "noop_seconds", "{:.1f} s"),
]


def editions() -> list[Edition]:
    """Return the repository's own edition, then every record by its name."""
    return [own(load_params()), *records()]


def best_edition() -> Edition:
    """Return the edition with the longest training that has all of the paper's models; of equals, most models."""
    found = [one for one in editions() if set(PAPER_MODELS) <= set(table1_of(one).index)]
    if not found:
        raise InputError(f"reports: no edition has all of {', '.join(PAPER_MODELS)} on Shapeset")
    return max(found, key=lambda one: (*size(one), len(table1_of(one))))


def widest_edition() -> Edition:
    """Return the edition with the most models; of equals, the one with the longest training."""
    return max(editions(), key=lambda one: (len(table1_of(one)), *size(one)))


def size(edition: Edition) -> tuple[int, int]:
    """Return the updates on Shapeset and the units of each hidden layer."""
    settings = edition.params.settings
    return settings.updates["shapeset"], settings.hidden_units


def table1_of(edition: Edition) -> pd.DataFrame:
    """Return an edition's rows of Table 1 on Shapeset, by model."""
    table = read_table(edition.judged / "table1.csv")
    return table[table["dataset"] == "shapeset"].set_index("model")


def table1() -> str:
    """Return Table 1 of the best edition, beside the paper's."""
    edition = best_edition()
    rows = [
        [name, *errors(row), f"{row.learning_rate:g}", f"{percent(row.paper_percent)} %"]
        for name, row in table1_of(edition).loc[list(PAPER_MODELS)].iterrows()
    ]
    heading = ["model", "test error", "seeds", "learning rate", "the paper"]
    return f"{origin(edition)}\n\n{table(heading, rows)}"


def inside() -> str:
    """Return what the best edition's networks look like, layer by layer."""
    edition = best_edition()
    hidden = table1_of(edition)["hidden_layers"]
    statistics = layers_of(edition.judged / "layers.csv")
    rows = [
        [
            str(layer),
            *(
                shown(statistics.get((model, moment, layer), {}).get(key), form)
                for _, model, moment, key, form in INSIDE
            ),
        ]
        for layer in range(1, 1 + hidden[[model for _, model, *_ in INSIDE]].max())
    ]
    return f"{origin(edition)}\n\n{table(['layer', *(heading for heading, *_ in INSIDE)], rows)}"


def layers_of(file: Path) -> dict[tuple[str, str, int], dict[str, float]]:
    """Return (model, moment, layer) → statistics on Shapeset, without missing ones, of a layers.csv."""
    table = read_csv(file)
    rows = table[table["dataset"] == "shapeset"].set_index(["model", "moment", "layer"]).drop(columns="dataset")
    return {place: row.dropna().to_dict() for place, row in rows.iterrows()}


def models() -> str:
    """Return every model of the widest edition, the lowest test error first, and how long each took to train."""
    edition = widest_edition()
    took = durations(edition)
    rows = [
        [
            name,
            *(row.activation, row.initialization, row.update_rule),
            *errors(row),
            f"{row.learning_rate:g}",
            shown(took.get(f"train@shapeset-{name}"), "{:.0f} s"),
        ]
        for name, row in table1_of(edition).sort_values("mean_percent", kind="stable").iterrows()
    ]
    heading = ["model", "activation", "initialization", "update rule", "test error", "seeds"]
    return f"{origin(edition)}\n\n{table([*heading, 'learning rate', 'training'], rows)}"


def verdicts() -> str:
    """Return how many claims hold, fail and are undecided, in each edition."""
    rows = []
    for edition in editions():
        judged = [claim["verdict"] for claim in read_json(edition.judged / "claims.json").values()]
        counts = [str(judged.count(verdict)) for verdict in VERDICTS]
        rows.append([f"`{edition.judged}`", str(len(table1_of(edition))), *counts])
    return table(["results in", "models", *VERDICTS], rows)


def claims() -> str:
    """Return the verdict on every claim, in each edition."""
    judged = {edition.judged: read_json(edition.judged / "claims.json") for edition in editions()}
    rows = [
        [f"`{name}`", claim["section"], *(found.get(name, {}).get("verdict", "–") for found in judged.values())]
        for name, claim in judged[REPORTS].items()
    ]
    return table(["claim", "section", *(f"`{folder}`" for folder in judged)], rows)


def svm() -> str:
    """Return the SVM's test error beside the network's, in each edition that has both."""
    rows = []
    for edition in editions():
        claim = read_json(edition.judged / "claims.json").get("deep-beats-svm", {})
        if numbers := claim.get("numbers"):
            seconds = durations(edition).get("svm@shapeset")
            errors_of_both = [f"{percent(numbers[f'{name}_percent'])} %" for name in ("svm", "network")]
            images = f"{numbers['training_images']:,}"
            rows.append([f"`{edition.judged}`", images, *errors_of_both, shown(seconds, "{:.0f} s")])
    return table(["edition", "images", "SVM", "tanh network", "the stage took"], rows)


def time() -> str:
    """Return a sentence on how long the models of params.yaml took, by the first record that has them all."""
    params = load_params()
    trained = [f"{dataset}-{model}" for dataset in params.datasets for model in params.models]
    for record in records():
        took = durations(record)
        if record.params.scale == params.scale and all(f"train@{one}" in took for one in trained):
            of_these = {stage: took[stage] for stage in took if is_of(stage, [*trained, *params.datasets])}
            training = sum(seconds for stage, seconds in of_these.items() if stage.startswith("train@"))
            return (
                f"At scale `{params.scale}` the pipeline took {span(sum(of_these.values()))}, of which training took "
                f"{span(training)}, on the machine that `{record.data}/environment.md` describes."
            )
    return f"No record has the time that these models take at scale `{params.scale}`."


def time_of_stages() -> str:
    """Return how long the stages of each record took."""
    kinds = {"training": "train", "measuring": "measure", "SVM": "svm", "drawing the page": "render"}
    rows = []
    for record in records():
        took = durations(record)
        sums = [sum(took[stage] for stage in took if stage.split("@")[0] == kind) for kind in kinds.values()]
        count = sum(stage.startswith("train@") for stage in took)
        if took:
            rows.append([f"`{record.name}`", record.params.scale, str(count), *map(span, [*sums, sum(took.values())])])
    return table(["record", "scale", "models", *kinds, "all stages"], rows)


def pretraining_search() -> str:
    """Return every setting of pre-training that the search tried, of each activation the lowest validation error first.

    Raises InputError if a setting has no runs in the search's seeds.csv.
    """
    models, seeds = load_params(SEARCH / "params.yaml").models, read_csv(SEARCH / "seeds.csv")
    layers = layers_of(SEARCH / "layers.csv")
    found = seeds.groupby("model")["validation_error_percent"].agg(["mean", "min", "max"])
    missing = sorted(set(models) - set(found.index))
    if missing:
        raise InputError(f"{SEARCH}/seeds.csv: lacks {', '.join(missing)}")
    rows = []
    for name in sorted(models, key=lambda one: (models[one].activation, found.loc[one, "mean"])):
        tried, errors = models[name].pretraining, found.loc[name]
        saturated = [
            f"{100 * of['saturated_share']:.0f}"
            for (model, moment, _), of in layers.items()
            if (model, moment) == (name, "initial") and "saturated_share" in of
        ]
        settings = [models[name].activation, tried.decoder, tried.corruption, f"{tried.learning_rate:g}"]
        both = f"{percent(errors['min'])} to {percent(errors['max'])} %"
        rows.append([*settings, f"{percent(errors['mean'])} %", both, ", ".join(saturated)])
    heading = ["units", "decoder", "corruption", "rate", "validation error", "of both seeds"]
    return table([*heading, "saturated, layers 1 to 5 (%)"], rows)


def scales() -> str:
    """Return the scales of params.yaml."""
    rows = [
        [
            f"`{name}`",
            ", ".join(map(str, scale.hidden_layers)),
            f"{scale.hidden_units:,}",
            f"{scale.updates['shapeset']:,}",
            ", ".join(f"{rate:g}" for rate in scale.learning_rates),
            str(scale.seeds),
        ]
        for name, scale in load_params().scales.items()
    ]
    return table(["scale", "hidden layers", "units in each", "updates on Shapeset", "learning rates", "seeds"], rows)


def updates() -> str:
    """Return the updates on every data set at every scale, and how often each image is seen."""
    params = load_params()

    def cell(dataset: str, scale: str) -> str:
        count = params.scales[scale].updates.get(dataset)
        if count is None or find_dataset(dataset).endless:
            return shown(count, "{:,}")
        epochs = count * params.scales[scale].batch_size / getattr(params, dataset).train
        return f"{count:,} ({epochs:,.0f} epochs)" if epochs >= 10 else f"{count:,} ({epochs:.2g} epochs)"

    rows = [
        [f"`{dataset}`", find_dataset(dataset).title, *(cell(dataset, scale) for scale in params.scales)]
        for dataset in DATASETS
    ]
    return table(["name", "data set", *(f"`{scale}`" for scale in params.scales)], rows)


def engine() -> str:
    """Return the benchmark of training: a column for each machine and width."""
    columns = [(f"{device}: {width:,} units", width, values) for device, values in benches() for width in WIDTHS]
    rows = [
        [heading, *(shown(values.get(f"{key}_{width}"), form) for _, width, values in columns)]
        for heading, key, form in ENGINE
    ]
    return table(["", *(heading for heading, *_ in columns)], rows)


def descents() -> str:
    """Return the benchmark of the other descents."""
    return measured("descent", DESCENTS)


def cluster() -> str:
    """Return the benchmark of a Ray cluster on one machine."""
    return measured("workers", CLUSTER)


def other_speeds() -> str:
    """Return the rest of the benchmark: drawing, memory, and DVC's own time."""
    return measured("what", REST)


def measured(subject: str, lines: Sequence[tuple[str, str, str]]) -> str:
    """Return the benchmark's `lines`, a column for each machine."""
    found = benches()
    rows = [[heading, *(shown(values.get(key), form) for _, values in found)] for heading, key, form in lines]
    return table([subject, *(device for device, _ in found)], rows)


def benches() -> list[tuple[str, dict[str, float]]]:
    """Return each machine that a committed benchmark ran on, with id → value."""
    contents = [read_json(file) for file in sorted((REPORTS / "bench").glob("*.json"))]
    return [(content["device"], {row["id"]: row["value"] for row in content["rows"]}) for content in contents]


def durations(edition: Edition) -> dict[str, float]:
    """Return how many seconds each stage took at the scale of a record, as far as it says."""
    file = edition.data / "durations.csv"
    if edition.name == OWN or not file.exists():
        return {}
    rows = read_csv(file)
    of_scale = rows[rows["scale"] == edition.params.scale]
    return dict(zip(of_scale["stage"], of_scale["seconds"], strict=True))


def is_of(stage: str, subjects: Iterable[str]) -> bool:
    """Return whether a stage, such as train@shapeset-tanh, belongs to one of `subjects` or to all results."""
    _, at, subject = stage.partition("@")
    return not at or subject in subjects


def origin(edition: Edition) -> str:
    """Return a sentence on where numbers come from."""
    updates, units = size(edition)
    return (
        f"From `{edition.judged}`: scale `{edition.params.scale}`, {units:,} units in each hidden layer, "
        f"{updates:,} updates of {edition.params.settings.batch_size} images."
    )


def errors(row: Any) -> list[str]:
    """Return the mean test error over seeds with its 95 % interval, and the number of seeds, of a row of Table 1."""
    return [f"{percent(row.mean_percent, row.margin_percent)} %", str(row.seeds)]


def span(seconds: float) -> str:
    """Return a duration in seconds, minutes or hours, whichever reads best."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def shown(value: float | None, form: str) -> str:
    """Return `value` in this format; a dash if there is none."""
    return "–" if value is None else form.format(value)


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heading, ["---"] * len(heading), *rows])


BLOCKS = {
    "table1": table1,
    "inside": inside,
    "models": models,
    "verdicts": verdicts,
    "claims": claims,
    "svm": svm,
    "pretraining-search": pretraining_search,
    "time": time,
    "time-of-stages": time_of_stages,
    "scales": scales,
    "updates": updates,
    "engine": engine,
    "descents": descents,
    "cluster": cluster,
    "other-speeds": other_speeds,
}
