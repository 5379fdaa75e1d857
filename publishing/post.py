"""A Markdown file as the one comment of ours on a change: `python -m publishing.post comparison.md`.

On GitHub or GitLab, whose variables say where; an earlier comment is rewritten, not repeated. Needs nothing that is
not Python's own.
"""

import argparse
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from stages.errors import InputError, report_input_errors

MARK = "<!-- results of the pipeline -->"  # the first line of our comment
PAGE = 100  # comments asked for at a time


class Thread(NamedTuple):
    """comments: where they are listed and added; comment: where one is rewritten; rewrite: the method for that."""

    comments: str
    comment: str
    rewrite: str
    authorization: dict[str, str]


def main() -> None:
    """Post the file, and say what became of it."""
    parser = argparse.ArgumentParser(description="Post a Markdown file as a comment on a pull or merge request.")
    parser.add_argument("file", type=Path)
    text = parser.parse_args().file.read_text(encoding="utf-8")
    print(f"comment {post(text, thread(os.environ))}")


def thread(variables: Mapping[str, str]) -> Thread:
    """The pull request (GitHub) or merge request (GitLab) that a pipeline is of; raises InputError outside of one."""
    try:
        if "GITLAB_CI" in variables:
            request = f"projects/{variables['CI_PROJECT_ID']}/merge_requests/{variables['CI_MERGE_REQUEST_IID']}"
            notes = f"{variables['CI_API_V4_URL']}/{request}/notes"
            return Thread(notes, notes, "PUT", {"PRIVATE-TOKEN": variables["COMMENT_TOKEN"]})
        issues = f"{variables['GITHUB_API_URL']}/repos/{variables['GITHUB_REPOSITORY']}/issues"
        comments = f"{issues}/{variables['PULL_REQUEST']}/comments"
        return Thread(comments, f"{issues}/comments", "PATCH", {"Authorization": f"Bearer {variables['GITHUB_TOKEN']}"})
    except KeyError as error:
        raise InputError(
            f"the variable {error.args[0]} is not set; a pull or merge request's pipeline sets it"
        ) from error


def post(text: str, to: Thread) -> str:
    """Rewrite our comment where there is one, else add it; returns which of the two."""
    body = {"body": f"{MARK}\n{text}"}
    ours = next((comment["id"] for comment in existing(to) if comment["body"].startswith(MARK)), None)
    if ours is None:
        ask("POST", to.comments, to, body)
        return "added"
    ask(to.rewrite, f"{to.comment}/{ours}", to, body)
    return "rewritten"


def existing(to: Thread) -> Iterator[dict]:
    """All comments, page after page."""
    page, found = 1, PAGE
    while found == PAGE:
        comments = ask("GET", f"{to.comments}?per_page={PAGE}&page={page}", to)
        yield from comments
        page, found = page + 1, len(comments)


def ask(method: str, url: str, to: Thread, body: dict | None = None) -> list | dict:
    """Send one request and return its JSON; raises InputError with the status where it is refused."""
    content = None if body is None else json.dumps(body).encode()
    headers = to.authorization | {"Content-Type": "application/json", "User-Agent": "difficulty"}
    request = urllib.request.Request(url, content, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise InputError(f"{method} {url}: {error.code} {error.reason}; the token has to allow it") from error


if __name__ == "__main__":
    report_input_errors(main)
