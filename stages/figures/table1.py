"""Table 1 as the page prints it: every number as text, with its footnotes."""

from collections.abc import Mapping

import pandas as pd

from stages.claims.recipes import in_words
from stages.claims.table1 import NOT_RUN, Cell, footnotes, percent
from stages.datasets.dataset import find_dataset
from stages.figures.results import Results
from stages.figures.style import model_colours


def overview(table: Mapping[str, Mapping[str, Cell]]) -> dict:
    """Table 1 in the paper's layout, as texts: column heads, rows and footnotes.

    table: model → data set → cell. A row has its model and, for each data set, our number, whether it is marked, the
    paper's number, and the letter of its footnote.
    """
    letters = footnotes(table)
    return {
        "datasets": [find_dataset(dataset).title for dataset in next(iter(table.values()))],
        "rows": [
            {
                "model": model,
                "cells": [
                    {
                        "here": percent(cell.here, cell.margin),
                        "paper": percent(cell.paper),
                        "footnote": letters.get(cell.note),
                        "marked": cell.marked,
                    }
                    for cell in row.values()
                ],
            }
            for model, row in table.items()
        ],
        "footnotes": {letter: note for note, letter in letters.items()},
    }


def rows(table1: pd.DataFrame, results: Results) -> list[dict[str, str]]:
    """A row of texts for each model, in the order of params.yaml; a model without results has the reason.

    table1: one row per model (the index) for one data set, as the stage `judge` writes it.
    """
    colours = model_colours(list(results.recipes))
    printed = []
    for model, recipe in results.recipes.items():
        row = {"model": model, "recipe": in_words(recipe), "colour": colours[model]}
        if model in table1.index and model not in results.absent:
            row |= numbers(table1.loc[model])
        else:
            row["absent"] = results.absent.get(model, NOT_RUN)
        printed.append(row)
    return printed


def numbers(judged: pd.Series) -> dict[str, str]:
    """The numbers of one row of Table 1 as texts."""
    return {
        "mean": percent(judged["mean_percent"], judged["margin_percent"]),
        "seed_count": f"{judged['seeds']:.0f} seed{'s' if judged['seeds'] > 1 else ''}",
        "last": percent(judged["last_percent"]),
        "test_error": percent(judged["test_error_percent"]),
        "interval": f"{percent(judged['low_percent'])} to {percent(judged['high_percent'])}",
        "learning_rate": f"{judged['learning_rate']:g}",
        "hidden_layers": f"{judged['hidden_layers']:.0f}",
        "paper": percent(judged["paper_percent"]),
    }


def summary(tables: Mapping[str, pd.DataFrame]) -> str:
    """One sentence with the main result, for data sets that have the paper's tanh with both initializations.

    tables: data set title → its rows of Table 1, one per model.
    """
    found = []
    for title, table1 in tables.items():
        papers = table1[table1["paper_percent"].notna()].drop_duplicates(["activation", "initialization"])
        tanh = papers[papers["activation"] == "tanh"].set_index("initialization")
        if {"standard", "normalized"} <= set(tanh.index):
            standard, normalized = (numbers(tanh.loc[name]) for name in ("standard", "normalized"))
            found.append(
                f"{standard['mean']} % and {normalized['mean']} % on {title} (the paper: "
                f"{standard['paper']} % and {normalized['paper']} %)"
            )
    if not found:
        return ""
    sentence = f"Test errors of the tanh network with standard and with normalized initialization: {'; '.join(found)}."
    return sentence.replace(" %", "\N{NO-BREAK SPACE}%")


def diverged(runs: pd.DataFrame) -> list[str]:
    """A sentence for each model with diverged runs: which runs, and at which update.

    runs: one row per run of every model, with model, hidden_layers, learning_rate, seed and diverged_at.
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
            sentences.append(f"{model}: {len(lost)} of {len(its_runs)} runs diverged and were excluded ({each}).")
    return sentences
