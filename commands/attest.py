"""Whether this machine's results are those of a record: `python -m commands.attest reports/recorded/<name>`.

Both are of the same parameters. On another kind of machine rounding makes each run end elsewhere, so a statistic counts
as the same if its difference is no larger than its seeds explain: Welch's t-test, p ≥ LEVEL after Holm's correction for
all statistics. The record is judged by today's rules.
"""

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pandas as pd
import scipy

from stages.claims.editions import CHECKSUMS, RECORDED, Edition
from stages.claims.significance import LEVEL, holm
from stages.claims.verdict import UNDECIDED
from stages.handover.objects import read_json
from stages.handover.tables import read_table
from stages.judge import judged
from stages.params import Params, load_params
from stages.running.errors import InputError, report_input_errors
from stages.running.files import write_whole

REPORTS = Path("reports")
FILES = ("table1.csv", "seeds.csv", "layers.csv", "claims.json")
IDENTICAL, SAME, DIFFERS = "identical bytes", "same within rounding and seeds", "differs"
GROUP = ["dataset", "model", "hidden_layers"]


class Statistic(NamedTuple):
    """What is measured once a seed, here and in the record."""

    name: str
    here: Sequence[float]
    there: Sequence[float]

    @property
    def spread(self) -> float:
        """The standard deviation over seeds, of both together."""
        return math.sqrt(sum(pd.Series(one).var() for one in (self.here, self.there)) / 2)

    @property
    def p(self) -> float:
        """Of Welch's t-test that both have the same mean; 1 or 0 where no seed differs from another."""
        if self.spread == 0:
            return float(self.here[0] == self.there[0])
        ours, theirs = (pd.Series(one) for one in (self.here, self.there))
        described = [number for one in (ours, theirs) for number in (one.mean(), one.std(), len(one))]
        return float(scipy.stats.ttest_ind_from_stats(*described, equal_var=False).pvalue)


def main() -> None:
    """Print a table and one line, or with --json both as JSON; exit with 1 if the results differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, help="a folder that `commands.record` wrote")
    parser.add_argument("--json", action="store_true", help="for programs that read the result")
    arguments = parser.parse_args()
    require_unchanged(arguments.record)
    recorded = load_params(arguments.record / "params.yaml")
    require_same_parameters(load_params(), recorded, arguments.record)
    with TemporaryDirectory() as folder:
        record = Edition(arguments.record.name, arguments.record, Path(folder), recorded)
        for name, text in judged(record).items():
            write_whole(record.judged / name, text)
        found = attest(REPORTS, record.judged)
    if arguments.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        print_table(found)
    sys.exit(found["result"] == DIFFERS)


def require_unchanged(record: Path) -> None:
    """Raise InputError if `record` is none, or for its first file that is not what its list of checksums says."""
    if not (record / "params.yaml").is_file():
        raise InputError(f"{record}: is no record, since it has no params.yaml; allowed: a folder of {RECORDED}")
    sums = record / CHECKSUMS
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines() if sums.is_file() else []
    for digest, _, name in (line.partition("  ") for line in lines):
        file = record / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise InputError(f"{file}: is not as it was recorded, by {sums}; get the record again")


def require_same_parameters(here: Params, there: Params, record: Path) -> None:
    """Raise InputError for the first parameter that decides the results and is another in the record."""
    keys = deciding(here), deciding(there)
    for key in {**keys[0], **keys[1]}:
        ours, theirs = (found.get(key) for found in keys)
        if ours != theirs:
            raise InputError(f"params.yaml: {key} is {ours!r}; allowed: {theirs!r}, as in {record}")


def deciding(params: Params) -> dict[str, Any]:
    """Return the parameters that decide the results, by their keys in params.yaml."""
    values = asdict(params)
    scales, blocks = {params.scale: values["scales"][params.scale]}, {name: values[name] for name in params.datasets}
    for block in blocks.values():
        block.pop("source", None)  # another place for the same images
    keys = "scale", "precision", "datasets", "models", "svm", "surfaces"
    return dict(flat("", {**{key: values[key] for key in keys}, "scales": scales, **blocks}))


def flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested blocks by their dotted keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(f"{path}.{key}" if path else key, inner)
    else:
        yield path, value


def attest(here: Path, there: Path) -> dict[str, Any]:
    """Return the `result` for two folders that `judge` wrote, what `differs`, other `verdicts` and the `statistics`."""
    if all((here / name).read_bytes() == (there / name).read_bytes() for name in FILES):
        return {"result": IDENTICAL, "differs": [], "verdicts": [], "statistics": []}
    statistics = [*errors(here, there), *margins(here, there)]
    corrected = holm({one.name: one.p for one in statistics}, len(statistics))
    rows = [
        {
            "statistic": one.name,
            "here": pd.Series(one.here).mean(),
            "record": pd.Series(one.there).mean(),
            "difference": pd.Series(one.here).mean() - pd.Series(one.there).mean(),
            "spread_over_seeds": one.spread,
            "differs": corrected[one.name] < LEVEL,
        }
        for one in statistics
    ]
    opposite, other = verdicts(here, there)
    differs = [row["statistic"] for row in rows if row["differs"]] + opposite
    return {"result": DIFFERS if differs else SAME, "differs": differs, "verdicts": other, "statistics": rows}


def errors(here: Path, there: Path) -> Iterator[Statistic]:
    """Yield the test errors of each model at each depth, with the learning rate that all seeds have trained."""
    ours, theirs = (
        {key: at_chosen_rate(runs) for key, runs in read_table(folder / "seeds.csv").groupby(GROUP, sort=False)}
        for folder in (here, there)
    )
    for key, found in ours.items():
        if min(len(found), len(theirs.get(key, ()))) > 1:
            dataset, model, hidden_layers = key
            yield Statistic(f"error of {model} on {dataset}, {hidden_layers} layers", found, theirs[key])


def at_chosen_rate(runs: pd.DataFrame) -> list[float]:
    """Return the test errors in percent of those of `runs` that did not diverge, at the rate that most seeds have."""
    rate = runs["learning_rate"].mode().iloc[0]
    return runs.loc[runs["learning_rate"] == rate, "test_error_percent"].dropna().tolist()


def margins(here: Path, there: Path) -> Iterator[Statistic]:
    """Yield the margins by which the seeds support each part of each claim; the parts' order is that of the rule."""
    ours, theirs = (read_json(folder / "claims.json") for folder in (here, there))
    for name, claim in ours.items():
        parts = zip(claim["by_seed"].values(), theirs.get(name, {}).get("by_seed", {}).values(), strict=False)
        for number, (found, other) in enumerate(parts, start=1):
            values = [[one for one in of_seeds.values() if isinstance(one, float)] for of_seeds in (found, other)]
            if min(map(len, values)) > 1:
                yield Statistic(f"{name}, part {number}", *values)


def verdicts(here: Path, there: Path) -> tuple[list[str], list[str]]:
    """Return a clause for each verdict that is another in the record: the opposite ones, and those undecided in one."""
    ours, theirs = (read_json(folder / "claims.json") for folder in (here, there))
    opposite, undecided = [], []
    for name, claim in ours.items():
        found, other = claim["verdict"], theirs.get(name, {}).get("verdict")
        if found != other:
            clauses = undecided if UNDECIDED in (found, other) else opposite
            clauses.append(f"verdict on {name}: {found}, in the record {other}")
    return opposite, undecided


def print_table(found: dict[str, Any]) -> None:
    """Print a row for each statistic, and the result in one line."""
    width = max((len(row["statistic"]) for row in found["statistics"]), default=0)
    if found["statistics"]:
        print(f"{'statistic':<{width}}{'here':>12}{'record':>12}{'difference':>12}{'over seeds':>12}")
    for row in found["statistics"]:
        numbers = (row[key] for key in ("here", "record", "difference", "spread_over_seeds"))
        mark = "  differs" * row["differs"]
        print(f"{row['statistic']:<{width}}" + "".join(f"{number:>12.4g}" for number in numbers) + mark)
    print("; ".join([found["result"], *found["differs"], *found["verdicts"]]))


if __name__ == "__main__":
    report_input_errors(main)
