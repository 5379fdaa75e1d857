"""Check the pinned packages for known vulnerabilities with pip-audit: `python -m dependencies.audit`."""

import subprocess
import sys

import requests

from dependencies.lock import LOCK, pinned
from stages.running.errors import report_input_errors

DATABASE = "https://pypi.org/pypi/{name}/{version}/json"
TIMEOUT = 20  # seconds


def main() -> None:
    """Audit the lock and exit with pip-audit's status, or print in one line why the audit was skipped."""
    why = unreachable(DATABASE.format(name="requests", version=pinned(LOCK.read_text(encoding="utf-8"))["requests"]))
    if why:
        print(f"audit skipped: {why}")
        return
    # strict: a package that is missing from the database is an error
    command = [sys.executable, "-m", "pip_audit", "--strict", "--no-deps", "--disable-pip", "--progress-spinner=off"]
    sys.exit(subprocess.run([*command, "--requirement", str(LOCK)], check=False).returncode)


def unreachable(url: str) -> str | None:
    """One line on why a page of the database cannot be read; None if it can."""
    try:
        answer = requests.get(url, timeout=TIMEOUT)
        answer.raise_for_status()
        return None if "vulnerabilities" in answer.json() else f"{url} lists no vulnerabilities"
    except (requests.RequestException, ValueError) as error:
        return f"the database cannot be reached ({' '.join(str(error).split())})"


if __name__ == "__main__":
    report_input_errors(main)
