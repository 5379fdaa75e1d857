"""List the licence of every pinned package in docs/licences.md: `python -m dependencies.licences`.

pip-licenses reads them from the installed packages.
"""

import json
import subprocess
import sys
from pathlib import Path

from dependencies.lock import LOCK, pinned
from stages.running.errors import InputError, report_input_errors
from stages.running.files import write_whole

TABLE = Path("docs/licences.md")
UNKNOWN = "UNKNOWN"  # pip-licenses' entry for a package without a licence in its metadata
READ = {"axe-playwright-python": "MIT License"}  # found in the licence file that the package ships
HEAD = """# Licences of the pinned packages

`make licences` writes this list from `requirements.lock` and what the packages say of themselves. The project itself \
is under the MIT licence (`LICENSE`). On a machine with a GPU, torch brings NVIDIA's libraries, which have NVIDIA's \
own licences and are not pinned.

| package | version | licence |
|---|---|---|
"""


def main() -> None:
    """Write the table and print its path."""
    versions = pinned(LOCK.read_text(encoding="utf-8"))
    named = licences(list(versions)) | READ
    without = [name for name in versions if named.get(name, UNKNOWN) == UNKNOWN]
    if without:
        raise InputError(f"{LOCK}: {', '.join(without)}: unknown licence; install the package, or add it to READ")
    rows = [f"| {name} | {version} | {named[name]} |\n" for name, version in versions.items()]
    write_whole(TABLE, HEAD + "".join(rows))
    print(f"{TABLE}: {len(rows)} packages")


def licences(names: list[str]) -> dict[str, str]:
    """The licence of each installed package in `names`, as its metadata name it."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--with-system", "--packages", *names]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {one["Name"]: one["License"] for one in json.loads(listed)}


if __name__ == "__main__":
    report_input_errors(main)
