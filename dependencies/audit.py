"""Known vulnerabilities of the pinned packages: `python -m dependencies.audit` asks the package index, by pip-audit."""

import subprocess
import sys

import requests

from dependencies.lock import LOCK, pinned
from stages.running.errors import report_input_errors

DATABASE = "https://pypi.org/pypi/{name}/{version}/json"
TIMEOUT = 20  # seconds


def main() -> None:
    """Audit the lock, with pip-audit's exit status; or say in one line that it was skipped and why."""
    why = unreachable(DATABASE.format(name="requests", version=pinned(LOCK.read_text(encoding="utf-8"))["requests"]))
    if why:
        print(f"audit skipped: {why}")
        return
    # strict: a package that the database does not know is not passed over
    command = [sys.executable, "-m", "pip_audit", "--strict", "--no-deps", "--disable-pip", "--progress-spinner=off"]
    sys.exit(subprocess.run([*command, "--requirement", str(LOCK)], check=False).returncode)


def unreachable(url: str) -> str | None:
    """Why a page of the database cannot be read, in one line; None where it is as it should be."""
    try:
        answer = requests.get(url, timeout=TIMEOUT)
        answer.raise_for_status()
        return None if "vulnerabilities" in answer.json() else f"{url} says nothing of vulnerabilities"
    except (requests.RequestException, ValueError) as error:
        return f"the database cannot be asked ({' '.join(str(error).split())})"


if __name__ == "__main__":
    report_input_errors(main)
