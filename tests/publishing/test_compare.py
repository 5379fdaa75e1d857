"""The comparison of two commits, in small repositories with made-up results and once with the tiny project."""

import json

import pytest

from publishing.compare import ROWS, differences, document, figures, pictures, raw_files, summary, table
from tests.publishing.conftest import commit
from tests.tiny_project import edit, run


@pytest.fixture
def repository(tmp_path):
    """A repository with one stage's parameter, metrics, claims and figures, committed."""
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  judge:\n    cmd: 'true'\n    params: [scale]\n    metrics:\n"
        "      - reports/metrics.json: {cache: false}\n      - reports/verdicts.json: {cache: false}\n"
    )
    write(tmp_path, "one", 50.0, {"order": "holds", "fades": "holds"}, {"figure-2": "a", "figure-3": "b"})
    commit(tmp_path, "before")
    return tmp_path


def write(folder, scale: str, error: float, verdicts: dict[str, str], figures: dict[str, str]) -> None:
    """Write made-up results."""
    (folder / "params.yaml").write_text(f"scale: {scale}\n")
    reports = folder / "reports"
    (reports / "figures").mkdir(parents=True, exist_ok=True)
    (reports / "metrics.json").write_text(json.dumps({"test_error_percent": {"tanh": error}}))
    (reports / "verdicts.json").write_text(json.dumps(verdicts))
    judged = {name: {"claim": f"That it {name}.", "verdict": verdict} for name, verdict in verdicts.items()}
    (reports / "claims.json").write_text(json.dumps(judged))
    for old in (reports / "figures").iterdir():
        old.unlink()
    for name, content in figures.items():
        (reports / "figures" / f"{name}.png").write_text(content)


def test_every_kind_of_difference_is_reported_and_nothing_else(repository):
    write(repository, "two", 47.5, {"order": "fails", "fades": "holds"}, {"figure-2": "c", "figure-4": "d"})
    commit(repository, "after")
    claims, parameters, metrics = differences("HEAD~1", "HEAD", repository)
    assert parameters.splitlines()[2:] == ["| scale | one | two |"]
    assert metrics.splitlines()[2:] == ["| test_error_percent.tanh | 50.0 | 47.5 | -2.5 |"]
    assert claims.splitlines()[2:] == ["- `order`: holds → **fails**. That it order."]
    assert figures("HEAD~1", "HEAD", repository).splitlines() == [
        "Figures changed: `figure-2`",
        "Figures new: `figure-4`",
        "Figures removed: `figure-3`",
    ]


def test_changed_figures_are_shown_before_and_after_if_a_platform_has_them(repository, monkeypatch):
    write(repository, "two", 47.5, {}, {"figure-2": "c", "figure-4": "d"})
    commit(repository, "after")
    monkeypatch.chdir(repository)
    *_, changed, removed, new, _, _ = pictures("HEAD~1", "HEAD", "cafe", "https://x/raw").splitlines()
    was, now = (f"![figure-2](https://x/raw/{one}/reports/figures/figure-2.png)" for one in ("HEAD~1", "cafe"))
    assert changed == f"| `figure-2` | {was} | {now} |"
    assert removed == "| `figure-3` | ![figure-3](https://x/raw/HEAD~1/reports/figures/figure-3.png) | – |"
    assert new == "| `figure-4` | – | ![figure-4](https://x/raw/cafe/reports/figures/figure-4.png) |"
    assert pictures("HEAD~1", "HEAD", "cafe", "").startswith("Figures changed: `figure-2`\n")
    assert pictures("HEAD", "HEAD", "cafe", "https://x/raw") == ""


@pytest.mark.parametrize(
    ("variables", "raw"),
    [
        ({"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "us/it"}, "https://github.com/us/it/raw"),
        ({"CI_PROJECT_URL": "https://gitlab.com/us/it"}, "https://gitlab.com/us/it/-/raw"),
        ({}, ""),
    ],
)
def test_each_platform_has_its_own_url_of_a_commits_files(variables, raw):
    assert raw_files(variables) == raw


def test_the_summary_comes_first_without_its_title_and_its_claims(repository, monkeypatch):
    monkeypatch.chdir(repository)
    table1 = "Scale `one`.\n\n| model | Shapeset |\n|---|---:|\n| tanh | 50.00 |\n\nIn %."
    (repository / "reports" / "summary.md").write_text(f"## A title\n\n{table1}\n\n| claim | verdict |\n|---|---|\n")
    commit(repository, "summary")
    assert summary("HEAD") == table1
    assert summary("HEAD~1") == ""
    assert document("Results", table1, {"Here": ["", ""], "There": ["", "x"]}) == (
        f"## Results\n\n{table1}\n\n### Here\n\nNo differences.\n\n### There\n\nx\n"
    )


def test_equal_results_give_no_differences(repository):
    (repository / "note.md").write_text("nothing of the results\n")
    commit(repository, "after")
    assert differences("HEAD~1", "HEAD", repository) == []


def test_claims_that_only_one_commit_judges_are_listed(repository):
    (repository / "reports" / "claims.json").unlink()
    commit(repository, "no claims")
    text = "\n".join(differences("HEAD~1", "HEAD", repository))
    assert "- `order`: holds → **not judged**. That it order." in text
    text = "\n".join(differences("HEAD", "HEAD~1", repository))
    assert "- `fades`: not judged → **holds**. That it fades." in text


def test_a_long_table_counts_the_rows_left_out():
    text = table("| metric |\n|---|", [f"| layer_{k} |" for k in range(1000)])
    assert text.endswith(f"\n\nand {1000 - ROWS} more")
    assert text.count("layer_") == ROWS
    assert table("| metric |\n|---|", []) == ""


def test_a_small_metric_keeps_its_digits(repository):
    write(repository, "one", 0.000012345678, {"order": "holds", "fades": "holds"}, {})
    commit(repository, "after")
    (metrics,) = differences("HEAD~1", "HEAD", repository)
    assert "| test_error_percent.tanh | 50.0 | 1.2345678e-05 | -49.999987654322 |" in metrics.splitlines()


@pytest.mark.long
def test_both_commits_are_run_at_the_scale_and_compared(clone):
    """The committed results are older than the change, so only running both commits shows its effect."""
    edit(clone, lambda values: values["models"].pop("sigmoid"))  # judged and rendered again, not trained
    name = commit(clone, "Leave sigmoid out")
    against = run(clone, "git", "rev-parse", "HEAD~1").stdout[:10]
    run(clone, "git", "checkout", "-q", "HEAD~1")  # as GitHub checks a pull request out: merged
    run(clone, "git", "merge", "-q", "--no-ff", "--no-edit", name)
    run(clone, "make", "--old-file=setup", "compare", "AGAINST=HEAD^1", f"COMMIT={name}", "SCALE=smoke")
    text = (clone / "comparison.md").read_text(encoding="utf-8")
    assert text.startswith(f"## Results of `{name}` against `{against}`\n\nScale `smoke`. ")
    assert text.index("| model |") < text.index("### As committed")
    committed, here = text.split("### Both run here at scale `smoke`")
    assert "| models.sigmoid.activation |" in committed
    assert "test_error_percent" not in committed
    assert "| test_error_percent.shapeset.sigmoid |" in here
    assert "shapeset.tanh " not in here
    assert "Figures changed:" in here
    assert run(clone, "git", "status", "--porcelain").stdout == ""


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("AGAINST=nowhere", "error: git rev-parse: fatal: "),
        ("SCALE=huge", "error: python -m dvc repro failed at "),
    ],
)
def test_an_invalid_comparison_is_named_in_one_line(clone, argument, line):
    done = run(clone, "make", "--old-file=setup", "compare", "AGAINST=HEAD", argument, succeeds=False)
    assert done.returncode != 0
    assert any(printed.startswith(line) for printed in done.stderr.splitlines())
    assert "Traceback" not in done.stderr
    assert not (clone / "comparison.md").exists()
