"""A web server on this machine whose paths answer, refuse, fall silent or break off, as a test wants them to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers by the route of the path, and keeps count."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.ranges.append(self.headers["Range"])
        self.server.routes.get(self.path, refuses(404))(self)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


Route = Callable[[Handler], None]


class Server(ThreadingHTTPServer):
    """routes: by path; asked: the paths in the order in which they were asked for; ranges: of each, or None."""

    daemon_threads = True

    def __init__(self, routes: dict[str, Route]):
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes, self.asked, self.ranges, self.closing = routes, [], [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


def sends(content: bytes, length: int | None = None, **headers: str) -> Route:
    """Send `content`, all of it or where `length` announces more: and close half-way."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(length or len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def sends_ranges(content: bytes, version: str, most: int | None = None, heeds_if_range: bool = True) -> Route:
    """Send the part of `content` that is asked for, of which at most so many bytes come before it breaks off.

    version: an ETag, or a date.
    """

    def answer(handler: Handler) -> None:
        asked, condition = handler.headers["Range"], handler.headers["If-Range"]
        begin, status = 0, 200
        if asked and (condition == version or not heeds_if_range):
            begin, status = int(asked.removeprefix("bytes=").removesuffix("-")), 206
        if begin >= len(content):
            status = 416
        handler.send_response(status)
        if status == 206:
            handler.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        if status == 416:
            handler.send_header("Content-Range", f"bytes */{len(content)}")
        handler.send_header("Content-Length", str(max(0, len(content) - begin)))
        handler.send_header("ETag" if version.startswith('"') else "Last-Modified", version)
        handler.end_headers()
        handler.wfile.write(content[begin:][:most])

    return answer


def refuses(status: int) -> Route:
    """Answer with an error."""
    return lambda handler: handler.send_error(status)


def falls_silent(handler: Handler) -> None:
    """Take the request and never answer."""
    handler.server.closing.wait()


def falls_silent_half_way(handler: Handler) -> None:
    """Send the half of what is announced and no more."""
    sends(b"half", length=8)(handler)
    handler.wfile.flush()
    handler.server.closing.wait()


def at_first(bad: Route, times: int, then: Route) -> Route:
    """Answer by `bad` so many times, and by `then` from there on."""
    waiting = [bad] * times
    return lambda handler: (waiting.pop() if waiting else then)(handler)


@contextmanager
def serving(routes: dict[str, Route]) -> Iterator[Server]:
    """Yield the server that answers by `routes`, for as long as the block lasts."""
    with Server(routes) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
