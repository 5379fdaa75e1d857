"""Table 1 as the page prints it: every number as a text, and what has to be said beside it."""

import pandas as pd

from stages.figures.results import Results
from stages.figures.style import model_colours


def rows(table1: pd.DataFrame, results: Results) -> list[dict[str, str]]:
    """A row of texts for each model, in the order of params.yaml; a model without results says why.

    table1: one row per model (its index), as the stage `judge` writes them for one data set.
    """
    colours = model_colours(list(results.labels))
    printed = []
    for model, label in results.labels.items():
        row = {"model": model, "recipe": label.removeprefix(f"{model}: "), "colour": colours[model]}
        if model in results.absent:
            row["absent"] = results.absent[model]
        elif model not in table1.index:
            row["absent"] = f"{model} is not in reports/table1.csv yet."
        else:
            row |= numbers(table1.loc[model])
        printed.append(row)
    return printed


def numbers(judged: pd.Series) -> dict[str, str]:
    """The numbers of one row of Table 1 as texts."""
    spread = f" ± {judged['std_percent']:.2f}" if pd.notna(judged["std_percent"]) else ""
    return {
        "test_error": percent(judged["test_error_percent"]),
        "interval": f"{percent(judged['low_percent'])} to {percent(judged['high_percent'])}",
        "seeds": percent(judged["mean_percent"]) + spread,
        "seed_count": f"{judged['seeds']:.0f} seed{'s' if judged['seeds'] > 1 else ''}",
        "learning_rate": f"{judged['learning_rate']:g}",
        "hidden_layers": f"{judged['hidden_layers']:.0f}",
        "paper": percent(judged["paper_percent"]),
    }


def percent(value: float) -> str:
    """A percentage with the two decimals of the paper; a dash where there is none."""
    return f"{value:.2f}" if pd.notna(value) else "–"


def summary(table1: pd.DataFrame, title: str) -> str:
    """What came out on one data set, in a sentence; empty unless Table 1 has tanh with both initializations."""
    tanh = table1[table1["activation"] == "tanh"].set_index("initialization")
    if not {"standard", "normalized"} <= set(tanh.index):
        return ""
    standard, normalized = (
        numbers(tanh.loc[[initialization]].iloc[0]) for initialization in ("standard", "normalized")
    )
    return (
        f"On {title} the tanh network ends at {standard['test_error']} % test error with the standard initialization "
        f"and at {normalized['test_error']} % with the normalized one (the paper: {standard['paper']} % and "
        f"{normalized['paper']} %)."
    )


def diverged(runs: pd.DataFrame) -> list[str]:
    """A sentence for each model some of whose runs diverged, with the update at which they did.

    runs: every run of every model with model, hidden_layers, learning_rate, seed and diverged_at.
    """
    sentences = []
    for model, its_runs in runs.groupby("model", observed=True):
        lost = its_runs[its_runs["diverged_at"].notna()]
        if len(lost):
            each = "; ".join(
                f"{run.hidden_layers} hidden layers, learning rate {run.learning_rate:g}, seed {run.seed}: "
                f"at update {run.diverged_at:,}"
                for run in lost.itertuples()
            )
            sentences.append(f"{model}: {len(lost)} of {len(its_runs)} runs diverged and cannot be chosen ({each}).")
    return sentences
