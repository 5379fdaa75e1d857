"""Post a Markdown file as our one comment on a change: `python -m publishing.post comparison.md`.

It runs in GitHub's and GitLab's CI, whose variables name the pull or merge request, and rewrites an earlier comment.
This module needs only the standard library.
"""

import argparse
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from stages.running.errors import InputError, report_input_errors

MARK = "<!-- results of the pipeline -->"  # the first line of our comment
PAGE = 100  # comments per request
LONGEST = 65_536  # characters that GitHub allows; GitLab allows more


class Thread(NamedTuple):
    """The comments of a pull or merge request.

    comments: URL that lists and adds comments. comment, rewrite: URL and HTTP method that rewrite one. user: URL of the
    token's user. author, name: keys of a comment's author and of the author's name. whole: URL of the full text.
    """

    comments: str
    comment: str
    rewrite: str
    user: str
    author: str
    name: str
    whole: str
    authorization: dict[str, str]


def main() -> None:
    """Post the file and print whether the comment was added or rewritten."""
    parser = argparse.ArgumentParser(description="Post a Markdown file as a comment on a pull or merge request.")
    parser.add_argument("file", type=Path)
    text = parser.parse_args().file.read_text(encoding="utf-8")
    print(f"comment {post(text, thread(os.environ))}")


def thread(variables: Mapping[str, str]) -> Thread:
    """The pull request (GitHub) or merge request (GitLab) of this pipeline; raises InputError outside of one."""
    try:
        if "GITLAB_CI" in variables:
            api = variables["CI_API_V4_URL"]
            project, request = variables["CI_PROJECT_ID"], variables["CI_MERGE_REQUEST_IID"]
            notes = f"{api}/projects/{project}/merge_requests/{request}/notes"
            return Thread(
                notes,
                notes,
                "PUT",
                f"{api}/user",
                "author",
                "username",
                variables["CI_PIPELINE_URL"],
                {"PRIVATE-TOKEN": variables["COMMENT_TOKEN"]},
            )
        api, repository = variables["GITHUB_API_URL"], variables["GITHUB_REPOSITORY"]
        issues = f"{api}/repos/{repository}/issues"
        return Thread(
            f"{issues}/{variables['PULL_REQUEST']}/comments",
            f"{issues}/comments",
            "PATCH",
            f"{api}/user",
            "user",
            "login",
            f"{variables['GITHUB_SERVER_URL']}/{repository}/actions/runs/{variables['GITHUB_RUN_ID']}",
            {"Authorization": f"Bearer {variables['GITHUB_TOKEN']}"},
        )
    except KeyError as error:
        raise InputError(
            f"the variable {error.args[0]} must be set, as in the pipeline of a pull or merge request"
        ) from error


def post(text: str, to: Thread) -> str:
    """Rewrite our comment, or add it if there is none; return "rewritten" or "added"."""
    body = {"body": shortened(f"{MARK}\n{text}", to.whole)}
    me = own_name(to)
    marked = [comment for comment in existing(to) if comment["body"].startswith(MARK)]
    ours = [comment["id"] for comment in marked if is_ours(comment, to, me)]
    if not ours:
        ask("POST", to.comments, to, body)
        return "added"
    ask(to.rewrite, f"{to.comment}/{ours[0]}", to, body)
    return "rewritten"


def shortened(text: str, whole: str) -> str:
    """`text`; if it is too long for a comment, a link to `whole` replaces its last lines."""
    if len(text) <= LONGEST:
        return text
    end = f"\n\nThe comparison is cut here: [the page of this run]({whole}) has all of it.\n"
    fold = "\n\n</details>"
    kept = text[: LONGEST - len(fold + end)].rpartition("\n")[0].rstrip("\n")
    return kept + fold * (kept.count("<details>") - kept.count("</details>")) + end


def own_name(to: Thread) -> str | None:
    """The name of the token's user; None if the token may not read it, like a GitHub job's (its user is a bot)."""
    try:
        return ask("GET", to.user, to)[to.name]
    except InputError:
        return None


def is_ours(comment: dict, to: Thread, me: str | None) -> bool:
    """Whether we wrote a comment: its author is the token's user, or a bot as in GitHub's jobs."""
    author = comment[to.author] or {}  # None if the account was deleted
    return author.get("type") == "Bot" or author.get(to.name, "") == me


def existing(to: Thread) -> Iterator[dict]:
    """All comments, page by page."""
    page, found = 1, PAGE
    while found == PAGE:
        comments = ask("GET", f"{to.comments}?per_page={PAGE}&page={page}", to)
        yield from comments
        page, found = page + 1, len(comments)


def ask(method: str, url: str, to: Thread, body: dict | None = None) -> list | dict:
    """Send one request and return its JSON; raises InputError with the status if the server refuses it."""
    content = None if body is None else json.dumps(body).encode()
    headers = to.authorization | {"Content-Type": "application/json", "User-Agent": "difficulty"}
    request = urllib.request.Request(url, content, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise InputError(f"{method} {url}: {error.code} {error.reason}; the token must allow it") from error


if __name__ == "__main__":
    report_input_errors(main)
