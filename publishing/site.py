"""The site: `python -m publishing.site` writes public/ from the reports and keeps the editions of earlier commits.

public/ holds the reports with the page as index.html. public/editions/<commit>/ holds each complete edition, with its
commit in edition.json. Earlier editions come from public/ and from the branch that `publishing.branch` keeps.
public/dvc/ holds all results of this edition.
"""

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import jinja2

from publishing.branch import EDITIONS, KEPT, PUBLIC, REMOTE
from publishing.commit import WRITTEN, Commit, changes, clean_commit, recorded
from publishing.git import has
from publishing.imprint import imprinted
from publishing.remote import write_remote
from stages.params import load_params
from stages.running.durations import read_durations
from stages.running.errors import InputError, report_input_errors
from stages.running.files import whole_folder, write_whole

REPORTS, PAGE, SOURCE = Path("reports"), Path("reports/site"), "source"


def main() -> None:
    """Write public/ and print its address."""
    commit = clean_commit()
    published, stages = reproduced()
    params = load_params()
    took = read_durations(params.scale)
    seconds = {stage: taken for stage, taken in took.items() if stage in stages}
    differing = changes(*WRITTEN)
    if differing:
        print(
            f"note: reproduced here, and different from the commit: {', '.join(differing)}",
            file=sys.stderr,
        )
    with whole_folder(PUBLIC) as site:
        editions = site / EDITIONS
        editions.mkdir()
        bring_earlier(editions)
        shutil.rmtree(editions / commit.name, ignore_errors=True)
        listed_from = {site: f"{EDITIONS}/index.html", editions / commit.name: "../index.html"}
        for folder, all_editions in listed_from.items():
            write_edition(folder, commit, published, all_editions, seconds)
        listed = records(editions)
        write_whole(editions / "index.html", filled("editions.html.jinja", {"editions": listed, "shown": commit}))
        write_remote(site / REMOTE, params)
    print(f"{commit.name} published beside {len(listed) - 1} earlier: {(PUBLIC / 'index.html').resolve().as_uri()}")


def reproduced() -> tuple[list[Path], set[str]]:
    """Return the files and folders in reports/ that the pipeline writes, and the names of the pipeline's stages.

    Raises InputError if outputs are stale, or if DVC cannot write its state.
    """
    from dvc.repo import Repo  # half a second
    from dvc.rwlock import RWLockFileCorruptedError

    try:
        with Repo() as repository:
            stale = repository.status()
            outputs = sorted(Path(str(output)) for output in repository.index.outs)
            stages = {stage.addressing for stage in repository.index.stages}
    except OSError as error:  # such as a full disk, whose error names no path
        raise InputError(f".dvc: not writable for DVC, so public/ was not written ({error})") from error
    except RWLockFileCorruptedError as error:
        raise InputError(
            ".dvc/tmp/rwlock: damaged, perhaps by a full disk; remove it while no other DVC runs here"
        ) from error
    if stale:
        raise InputError(f"{', '.join(sorted(stale))}: out of date; run `make repro` first")
    return [output for output in outputs if REPORTS in output.parents], stages


def bring_earlier(editions: Path) -> None:
    """Copy the earlier editions from the branch and from this folder's public/."""
    if has(f"{KEPT}:{EDITIONS}"):
        archive = subprocess.run(["git", "archive", f"{KEPT}:{EDITIONS}"], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as members:
            members.extractall(editions, filter="data")
    if (PUBLIC / EDITIONS).is_dir():
        shutil.copytree(PUBLIC / EDITIONS, editions, dirs_exist_ok=True)


def write_edition(
    folder: Path, commit: Commit, published: list[Path], all_editions: str, seconds: dict[str, float]
) -> None:
    """Write one complete edition: the page with its imprint as index.html, the rest as in reports/.

    all_editions: URL of the list of editions, relative to `folder`. seconds: stage → its duration.
    """
    folder.mkdir(exist_ok=True)
    for source in published:
        place = folder if source == PAGE else folder / source.relative_to(REPORTS)
        if source.is_dir():
            shutil.copytree(source, place, dirs_exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
    figures = defaultdict(list)
    for file in sorted((folder / "figures").iterdir()):
        figures[file.stem].append(file.name)
    write_whole(folder / "figures" / "index.html", filled("figures.html.jinja", {"figures": figures}))
    page, links = folder / "index.html", parts(folder) | {"all editions": all_editions}
    text = with_sources(page.read_text(encoding="utf-8"), folder)
    write_whole(page, imprinted(text, commit, links, seconds))
    write_whole(folder / "edition.json", json.dumps(commit._asdict(), indent=2, ensure_ascii=False) + "\n")


def with_sources(page: str, folder: Path) -> str:
    """Copy the files that draw the figures to `folder`/source, and return the HTML `page` with its links to them."""
    sources = sorted(set(re.findall(r'href="\.\./\.\./(stages/figures/\w+\.py)"', page)))
    (folder / SOURCE).mkdir(exist_ok=True)
    for source in sources:
        copy = f"{SOURCE}/{Path(source).name}.txt"  # browsers show text and save other files
        shutil.copyfile(source, folder / copy)
        page = page.replace(f'href="../../{source}"', f'href="{copy}"')
    return page


def parts(edition: Path) -> dict[str, str]:
    """The files of an edition beside its page: label → relative URL."""
    tables = {"table 1": "table1.csv", "all runs": "seeds.csv", "metrics": "metrics.json", "claims": "claims.json"}
    reports = sorted(file.relative_to(edition).as_posix() for file in edition.glob("data_docs/*/index.html"))
    return {"figures": "figures/index.html"} | tables | {f"checks of {one.split('/')[1]}": one for one in reports}


def records(editions: Path) -> list[Commit]:
    """The commits of all editions, the newest first."""
    found = [recorded(file) for file in editions.glob("*/edition.json")]
    return sorted(found, key=lambda commit: (datetime.fromisoformat(commit.date), commit.id), reverse=True)


def filled(template: str, given: dict) -> str:
    """Fill a template of this folder."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(given)


if __name__ == "__main__":
    report_input_errors(main)
