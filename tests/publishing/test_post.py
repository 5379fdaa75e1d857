"""The one comment on a change, on a local server that answers like GitHub's and GitLab's."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from publishing.compare import METRICS, ROWS, document, folded, table
from publishing.post import LONGEST, MARK, Thread, post, shortened, thread
from stages.running.errors import InputError


class Comments(BaseHTTPRequestHandler):
    """Lists, adds and rewrites its server's comments for requests with the token, and names the token's user."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path.endswith("/user"):
            self.answer({"id": 9, "login": "us", "username": "us"}, allowed=not self.server.bot)
            return
        asked = parse_qs(urlsplit(self.path).query)
        count, page = int(asked["per_page"][0]), int(asked["page"][0])
        self.answer(self.server.comments[(page - 1) * count : page * count])

    def do_POST(self) -> None:
        self.server.comments.append({"id": len(self.server.comments), **self.server.author, **self.content()})
        self.answer({})

    def do_PATCH(self) -> None:
        self.server.comments[int(self.path.rsplit("/", 1)[1])] |= self.content()
        self.answer({})

    do_PUT = do_PATCH

    def content(self) -> dict:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, content: object, allowed: bool = True) -> None:
        allowed = allowed and "secret" in (self.headers["Authorization"] or self.headers["PRIVATE-TOKEN"])
        self.server.asked.append((self.command, urlsplit(self.path).path))
        self.send_response(200 if allowed else 403)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    """150 comments of others on several pages: two imitate ours, one of them by a deleted account."""
    with HTTPServer(("127.0.0.1", 0), Comments) as server:
        other = {"user": {"login": "other", "type": "User"}, "author": {"username": "other"}}
        server.asked, server.comments = [], [{"id": one, "body": f"quoting {MARK}", **other} for one in range(150)]
        server.comments[3]["body"] = server.comments[4]["body"] = f"{MARK}\nfeigned"
        server.comments[4]["user"] = None
        server.bot, server.author = False, {"user": {"login": "us", "type": "User"}, "author": {"username": "us"}}
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def on_github(server, token: str = "secret") -> Thread:
    url = f"http://127.0.0.1:{server.server_port}"
    return thread(
        {
            "GITHUB_API_URL": url,
            "GITHUB_REPOSITORY": "us/it",
            "GITHUB_RUN_ID": "5",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_TOKEN": token,
            "PULL_REQUEST": "7",
        }
    )


def on_gitlab(server) -> Thread:
    url = f"http://127.0.0.1:{server.server_port}/api/v4"
    request = {
        "CI_API_V4_URL": url,
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_PIPELINE_URL": "https://p/5",
    }
    return thread({"GITLAB_CI": "true", "COMMENT_TOKEN": "secret", **request})


@pytest.mark.parametrize(
    ("place", "added", "rewritten"),
    [
        (
            on_github,
            ("POST", "/repos/us/it/issues/7/comments"),
            ("PATCH", "/repos/us/it/issues/comments/150"),
        ),
        (
            on_gitlab,
            ("POST", "/api/v4/projects/3/merge_requests/7/notes"),
            ("PUT", "/api/v4/projects/3/merge_requests/7/notes/150"),
        ),
    ],
)
def test_a_second_post_rewrites_the_comment(server, place, added, rewritten):
    others = [dict(comment) for comment in server.comments]
    assert post("first\n", place(server)) == "added"
    assert server.asked[-1] == added
    assert post("second\n", place(server)) == "rewritten"
    assert server.asked[-1] == rewritten
    assert server.comments == [*others, {"id": 150, **server.author, "body": f"{MARK}\nsecond\n"}]


def test_a_job_of_github_recognizes_its_comment_by_its_bot_author(server):
    server.bot, server.author = True, {"user": {"login": "github-actions[bot]", "type": "Bot"}}
    assert [post(text, on_github(server)) for text in ("first\n", "second\n")] == ["added", "rewritten"]
    assert [comment["id"] for comment in server.comments if "second" in comment["body"]] == [150]
    assert server.comments[3]["body"].endswith("feigned")


def test_a_long_comparison_is_shortened_to_fit_a_comment():
    names = [f"shapeset.a-rather-long-name-of-a-model.final.layer_{k}.activation_std" for k in range(2 * ROWS)]
    full = table(METRICS, [f"| {name} | {1 / 3:.12g} | {2 / 3:.12g} | {1 / 3:.12g} |" for name in names])
    blocks = [full, full, folded(f"{len(names)} folded rows", full)]
    text = document("Results", "Scale `laptop`.", {"As committed": blocks, "Both run here": blocks})
    assert len(text) > LONGEST
    whole = set(text.splitlines())
    link = "The comparison is cut here: [the page of this run](https://run/5) has all of it."
    for more in range(400):  # wherever a row is cut
        cut = shortened("x" * more + text, "https://run/5")
        assert len(cut) <= LONGEST
        assert cut.count("<details>") == cut.count("</details>")
        *_, row, empty, end = cut.replace("\n\n</details>", "").splitlines()
        assert row in whole
        assert (empty, end) == ("", link)
    assert shortened("short", "https://run/5") == "short"


def test_a_refused_token_is_one_line(server):
    with pytest.raises(InputError, match=r"GET http://.*/comments.*: 403 Forbidden; the token must allow it$"):
        post("text", on_github(server, token="other"))


def test_a_missing_variable_is_named():
    with pytest.raises(InputError, match="the variable GITHUB_API_URL must be set"):
        thread({})
    with pytest.raises(InputError, match="the variable CI_API_V4_URL must be set"):
        thread({"GITLAB_CI": "true"})
