"""`make publish` as people use it, on a clone of the tiny project."""

import json
import re
import shutil

import pytest

from publishing.site import records
from tests.publishing.conftest import commit, files
from tests.tiny_project import edit, run

PUBLISH = ("make", "--old-file=setup", "publish")
SITE = ("python", "-m", "publishing.site")  # without running the pipeline


def head(folder) -> str:
    return run(folder, "git", "rev-parse", "HEAD").stdout[:10]


@pytest.mark.long
def test_publishing_copies_the_pipelines_outputs_and_repeats_its_bytes(clone):
    shutil.rmtree(clone / "reports")  # as in a new clone; DVC's cache has the outputs
    run(clone, "git", "checkout", "-q", "reports")
    run(clone, *PUBLISH)
    first = files(clone / "public")
    of_reports = {name.removeprefix("site/"): content for name, content in files(clone / "reports").items()}
    of_reports = {
        name: of for name, of in of_reports.items() if not name.startswith(("bench/", "recorded/", "search/"))
    }
    assert {"index.html", "table1.csv", "seeds.csv", "claims.json", "plots/error_curves.csv"} <= of_reports.keys()
    assert {"figures/shapeset-figure-3.svg", "data_docs/shapeset/index.html"} <= of_reports.keys()
    own = {name: content for name, content in first.items() if not name.startswith(("editions/", "dvc/", "source/"))}
    assert own.keys() == of_reports.keys() | {"edition.json", "figures/index.html"}
    unpublished = re.sub(r"\.\./\.\./stages/figures/(\w+\.py)", r"source/\1.txt", of_reports.pop("index.html").decode())
    assert {name: own[name] for name in of_reports} == of_reports
    origin = f"Drawn from commit <code>{head(clone)}</code> of {run(clone, 'git', 'show', '-s', '--format=%cs').stdout}"
    assert own["index.html"].decode().partition(origin.strip())[0] == unpublished.partition("Drawn from a working")[0]
    assert json.loads(own["edition.json"])["subject"] == "tiny"
    name = head(clone)
    own["index.html"] = own["index.html"].replace(b'href="editions/index.html"', b'href="../index.html"')
    assert {f"editions/{name}/{file}": content for file, content in own.items()}.items() <= first.items()
    rest = {file for file in first.keys() - own.keys() if not file.startswith("dvc/") and "source/" not in file}
    assert rest == {f"editions/{name}/{file}" for file in own} | {"editions/index.html"}

    run(clone, *PUBLISH)
    assert files(clone / "public") == first
    assert run(clone, "git", "status", "--porcelain").stdout == ""


def test_every_link_of_the_imprint_leads_to_a_file_from_the_front_and_from_the_edition(clone):
    durations = clone / "data" / "durations.csv"
    durations.write_text("stage,scale,seconds\njudge,smoke,3.0\nmeasure@shapeset-removed,smoke,5000\n")
    run(clone, *SITE)
    for folder in (clone / "public", clone / "public/editions" / head(clone)):
        imprint = re.search(r'<p id="edition">.*?</p>', (folder / "index.html").read_text(encoding="utf-8"))[0]
        links = re.findall(r'href="([^"]*)"', imprint)
        assert {"figures/index.html", "table1.csv", "seeds.csv", "metrics.json", "claims.json"} < set(links)
        assert "data_docs/shapeset/index.html" in links
        assert [link for link in links if not (folder / link).is_file()] == []
        assert (folder / links[-1]).resolve() == clone / "public/editions/index.html"
        assert "last runs: judge 3 s." in imprint  # a removed stage is left out
        figures = re.findall(r'href="([^"]*)"', (folder / "figures/index.html").read_text(encoding="utf-8"))
        assert [link for link in figures if not (folder / "figures" / link).is_file()] == []
        assert {"shapeset-figure-3.svg", "shapeset-figure-3.png"} < set(figures)
        sources = re.findall(r'<a href="(source/[^"]*)"', (folder / "index.html").read_text(encoding="utf-8"))
        assert len(set(sources)) > 10
        for source in set(sources):
            ours = clone / "stages/figures" / source.removeprefix("source/").removesuffix(".txt")
            assert (folder / source).read_bytes() == ours.read_bytes()


@pytest.mark.long
def test_a_clean_clone_without_a_cache_publishes_the_same(clone, tmp_path):
    run(clone, *SITE)
    run(tmp_path, "git", "clone", "-q", "origin.git", "clean")
    clean = tmp_path / "clean"
    run(clean, *PUBLISH)
    assert run(clean, "git", "status", "--porcelain").stdout == ""
    assert (clean / "data/durations.csv").is_file()
    took = re.compile(rb"Durations (of|were)[^<]*")
    there, here = (files(folder / "public") for folder in (clone, clean))
    assert {name: took.sub(b"", content) for name, content in here.items()} == {
        name: took.sub(b"", content) for name, content in there.items()
    }

    stray = clean / ".dvc/cache/files/md5/00" / ("0" * 30)
    stray.parent.mkdir(exist_ok=True)
    stray.write_text("of a commit long ago")
    run(clean, "make", "--old-file=setup", "tidy")
    assert not stray.exists()
    shutil.rmtree(clean / "data")
    run(clean, "dvc", "checkout", "--quiet")  # fails if the cache lacks a file of the commit
    assert run(clean, "dvc", "status").stdout == "Data and pipelines are up to date.\n"


@pytest.mark.long
def test_a_second_commit_adds_an_edition_and_keeps_the_first(clone):
    run(clone, *SITE)
    first, earlier = head(clone), files(clone / "public" / "editions")
    edit(clone, lambda values: values["models"].pop("sigmoid"))  # judged and rendered again, not trained
    second = commit(clone, "Leave <sigmoid> & its error out")
    run(clone, *PUBLISH)
    editions = files(clone / "public" / "editions")
    index = editions.pop("index.html").decode()
    earlier.pop("index.html")
    assert {name.split("/")[0] for name in editions} == {first, second}
    assert earlier.items() <= editions.items()
    assert b"sigmoid" in editions[f"{first}/table1.csv"]
    assert b"sigmoid" not in editions[f"{second}/table1.csv"]
    assert (clone / "public" / "table1.csv").read_bytes() == editions[f"{second}/table1.csv"]
    for name in (first, second):
        assert f'href="{name}/index.html"' in index
        assert (clone / "public/editions" / name / "index.html").is_file()
    assert "Leave &lt;sigmoid&gt; &amp; its error out" in index
    date = run(clone, "git", "show", "-s", "--format=%cs", second).stdout.strip()
    assert index.count(f">{date}</time>") >= 1
    assert "reproduced here" in run(clone, *SITE).stderr  # the results of the second commit were not committed


def test_editions_are_sorted_by_time_not_by_text(tmp_path):
    """a was committed half an hour before b, in a zone two hours ahead."""
    for name, date in (
        ("a", "2026-03-01T01:00:00+02:00"),
        ("b", "2026-02-28T23:30:00+00:00"),
        ("c", "2025-01-01T00:00:00Z"),
    ):
        (tmp_path / name).mkdir()
        record = {"id": name * 40, "date": date, "subject": name}
        (tmp_path / name / "edition.json").write_text(json.dumps(record))
    assert [one.subject for one in records(tmp_path)] == ["b", "a", "c"]


def test_uncommitted_files_are_refused_in_one_line_before_anything_runs(clone):
    (clone / "stages" / "mine.py").write_text("")
    with (clone / "README.md").open("a") as readme:
        readme.write("one more line\n")
    done = run(clone, *PUBLISH, succeeds=False)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    assert lines[0].startswith("error: not committed: README.md, stages/mine.py;")
    assert "dvc repro" not in done.stdout
    assert not (clone / "public").exists()
    assert run(clone, *SITE, succeeds=False).stderr == lines[0] + "\n"


def test_stale_results_are_refused_in_one_line_and_leave_the_site_unchanged(clone):
    run(clone, *SITE)
    before = files(clone / "public")
    edit(clone, lambda values: values["models"].pop("sigmoid"))
    commit(clone, "Leave sigmoid out")
    done = run(clone, *SITE, succeeds=False)
    assert done.returncode != 0
    assert done.stderr == "error: check, judge, render: out of date; run `make repro` first\n"
    assert files(clone / "public") == before


@pytest.mark.long
def test_the_branch_keeps_the_editions_for_every_clone(clone, tmp_path):
    run(clone, *SITE)
    first, site = head(clone), files(clone / "public")
    index = (clone / ".git" / "index").read_bytes()
    assert run(clone, "make", "keep").stdout == f"pages keeps {first}\n"
    assert run(clone, "make", "keep").stdout == f"pages already has {first}\n"
    assert (clone / ".git" / "index").read_bytes() == index
    run(tmp_path, "git", "clone", "-q", "--branch", "pages", "origin.git", "kept")
    kept = {name: content for name, content in files(tmp_path / "kept").items() if name[:5] != ".git/"}
    assert kept == {name: content for name, content in site.items() if not name.startswith("dvc/")}

    (clone / "note.md").write_text("a second commit\n")
    second = commit(clone, "Add a note")
    shutil.rmtree(clone / "public")  # as on another machine
    run(clone, *SITE)
    assert {file.name for file in (clone / "public/editions").iterdir()} == {first, second, "index.html"}
    assert files(clone / "public/editions" / first) == files(tmp_path / "kept/editions" / first)
    run(clone, "make", "keep")
    assert run(tmp_path / "origin.git", "git", "rev-list", "--count", "pages").stdout == "2\n"


@pytest.mark.long
def test_editions_that_others_published_meanwhile_are_not_deleted(clone, tmp_path):
    """This also covers a CI job that runs again with the artifact of an older commit."""
    run(clone, *SITE)
    run(tmp_path, "git", "clone", "-q", "origin.git", "colleague")
    shutil.copytree(clone / "public", tmp_path / "colleague" / "public")
    other = tmp_path / "colleague" / "public" / "editions" / "0123456789"
    shutil.copytree(clone / "public" / "editions" / head(clone), other)
    run(tmp_path / "colleague", "make", "keep")
    done = run(clone, "make", "keep", succeeds=False)
    line = "error: public/ lacks 0123456789, which pages keeps; run `make publish` to add them\n"
    assert line in done.stderr.splitlines(keepends=True)
    assert run(tmp_path / "origin.git", "git", "rev-list", "--count", "pages").stdout == "1\n"

    run(clone, *SITE)
    run(clone, "make", "keep")
    kept = run(tmp_path / "origin.git", "git", "ls-tree", "-d", "--name-only", "pages:editions").stdout.split()
    assert set(kept) == {"0123456789", head(clone)}


def test_keeping_without_a_site_names_the_target_that_writes_it(clone):
    done = run(clone, "make", "keep", succeeds=False)
    assert "error: public/edition.json: missing or damaged" in done.stderr
    assert "run `make publish` to write it" in done.stderr
