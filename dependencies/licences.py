"""The licence of every pinned package: `python -m dependencies.licences` writes docs/licences.md.

pip-licenses reads them from the packages that are installed.
"""

import json
import subprocess
import sys
from pathlib import Path

from dependencies.lock import LOCK, pinned
from stages.running.errors import InputError, report_input_errors
from stages.running.files import write_whole

TABLE = Path("docs/licences.md")
UNKNOWN = "UNKNOWN"  # what pip-licenses says of a package whose metadata name no licence
READ = {"axe-playwright-python": "MIT License"}  # in the text of the licence that such a package comes with
HEAD = """# Licences of the pinned packages

`make licences` writes this list from `requirements.lock` and what the packages say of themselves. The project itself \
is under the MIT licence (`LICENSE`). On a machine with a GPU, torch brings NVIDIA's libraries, which have NVIDIA's \
own licences and are not pinned.

| package | version | licence |
|---|---|---|
"""


def main() -> None:
    """Write the table, and say where it is."""
    versions = pinned(LOCK.read_text(encoding="utf-8"))
    named = licences(list(versions)) | READ
    without = [name for name in versions if named.get(name, UNKNOWN) == UNKNOWN]
    if without:
        raise InputError(f"{LOCK}: no licence is known of {', '.join(without)}; install it, or add it to READ")
    rows = [f"| {name} | {version} | {named[name]} |\n" for name, version in versions.items()]
    write_whole(TABLE, HEAD + "".join(rows))
    print(f"{TABLE}: {len(rows)} packages")


def licences(names: list[str]) -> dict[str, str]:
    """The licence of each of these packages that is installed, in the package's own words."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--with-system", "--packages", *names]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {one["Name"]: one["License"] for one in json.loads(told)}


if __name__ == "__main__":
    report_input_errors(main)
