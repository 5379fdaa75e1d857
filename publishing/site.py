"""The site: `python -m publishing.site` writes public/ from the reports, and keeps the editions of earlier commits.

public/ is `reports/` with the page in front; public/editions/<commit>/ is each edition in full, edition.json says of
which commit. Earlier editions are those in public/ and those on the branch that `publishing.branch` keeps.
"""

import io
import json
import shutil
import subprocess
import sys
import tarfile
from datetime import datetime
from pathlib import Path

import jinja2

from publishing.branch import EDITIONS, KEPT, PUBLIC
from publishing.commit import WRITTEN, Commit, changes, clean_commit, recorded
from publishing.git import has
from publishing.imprint import imprinted
from stages.durations import read_durations
from stages.errors import InputError, report_input_errors
from stages.files import whole_folder, write_whole

REPORTS, PAGE = Path("reports"), Path("reports/site")


def main() -> None:
    """Write public/, and say where it is."""
    commit = clean_commit()
    published = reports()
    differing = changes(*WRITTEN)
    if differing:
        print(f"note: not the committed results but those reproduced here: {', '.join(differing)}", file=sys.stderr)
    with whole_folder(PUBLIC) as site:
        editions = site / EDITIONS
        editions.mkdir()
        bring_earlier(editions)
        shutil.rmtree(editions / commit.name, ignore_errors=True)
        write_edition(editions / commit.name, commit, published)
        shutil.copytree(editions / commit.name, site, dirs_exist_ok=True)
        listed = records(editions)
        write_whole(editions / "index.html", index(listed, commit))
    print(f"{commit.name} published beside {len(listed) - 1} earlier: {(PUBLIC / 'index.html').resolve().as_uri()}")


def reports() -> list[Path]:
    """The files and folders in reports/ that the pipeline writes; raises InputError where they are stale."""
    from dvc.repo import Repo  # half a second

    with Repo() as repository:
        stale = repository.status()
        if stale:
            raise InputError(f"{', '.join(sorted(stale))}: not reproduced as dvc.yaml has it; `make repro` does it")
        outputs = sorted(Path(str(output)) for output in repository.index.outs)
    return [output for output in outputs if REPORTS in output.parents]


def bring_earlier(editions: Path) -> None:
    """Copy the earlier editions: those kept on the branch, and those of this folder's own public/."""
    if has(f"{KEPT}:{EDITIONS}"):
        archive = subprocess.run(["git", "archive", f"{KEPT}:{EDITIONS}"], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as members:
            members.extractall(editions, filter="data")
    if (PUBLIC / EDITIONS).is_dir():
        shutil.copytree(PUBLIC / EDITIONS, editions, dirs_exist_ok=True)


def write_edition(folder: Path, commit: Commit, published: list[Path]) -> None:
    """Write one edition in full: the page with its origin at its front, all else of reports/ where it lies there."""
    folder.mkdir()
    for source in published:
        place = folder if source == PAGE else folder / source.relative_to(REPORTS)
        if source.is_dir():
            shutil.copytree(source, place, dirs_exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
    page = folder / "index.html"
    write_whole(page, imprinted(page.read_text(encoding="utf-8"), commit, read_durations()))
    write_whole(folder / "edition.json", json.dumps(commit._asdict(), indent=2, ensure_ascii=False) + "\n")


def records(editions: Path) -> list[Commit]:
    """The commits of all editions, the newest first."""
    found = [recorded(file) for file in editions.glob("*/edition.json")]
    return sorted(found, key=lambda commit: (datetime.fromisoformat(commit.date), commit.id), reverse=True)


def index(listed: list[Commit], shown: Commit) -> str:
    """The page that lists the editions; `shown` is the one at the front of the site."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("editions.html.jinja").render(editions=listed, shown=shown)


if __name__ == "__main__":
    report_input_errors(main)
