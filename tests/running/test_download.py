"""A file comes from the first good place that has it, resumed; an error names what was wrong at each place."""

import gzip
import re
import socket
from pathlib import Path

import pytest

from stages.running import download, progress
from stages.running.download import bring, check_sha256, sha256
from stages.running.errors import InputError
from tests.datasets.http_server import (
    at_first,
    falls_silent,
    falls_silent_half_way,
    refuses,
    sends,
    sends_ranges,
    serving,
)

CONTENT = bytes(range(256)) * 800  # 204,800 bytes, more than are written at once
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of the letters abc, in FIPS 180-2


@pytest.fixture(autouse=True)
def impatient(monkeypatch, tmp_path):
    """Short waits, in an empty folder."""
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    monkeypatch.setattr(download, "PAUSE", 0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)


class Clock:
    """A clock by which every piece of a download takes as many seconds as a test says."""

    def __init__(self):
        self.now, self.seconds = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(download, "clock", clock)
    return clock


class Taker:
    """Takes every file, but none from the places that it refuses."""

    def __init__(self, *refused: str):
        self.refused, self.taken = refused, []

    def __call__(self, file, place):
        if place in self.refused:
            raise InputError(f"{place}: refused")
        self.taken.append((place, file.read_bytes()))


def kept() -> dict[str, bytes]:
    """The parts of downloads that are kept, without what says their version."""
    return {file.name: file.read_bytes() for file in Path("data/downloads").glob("*") if file.suffix != ".json"}


def brought(*places, take=None):
    """The files taken from these places; checks that no download remains."""
    take = take or Taker()
    bring("the file", [str(place) for place in places], take, "set the source")
    assert list(Path("data").glob("*/*")) == []
    return take.taken


def complaint(*places, take=None):
    """The one-line error when every place fails."""
    with pytest.raises(InputError) as caught:
        brought(*places, take=take)
    message = str(caught.value)
    assert message.startswith("the file could not be downloaded or read: ")
    assert message.endswith("; set the source")
    assert "\n" not in message
    return message


def test_a_download_is_taken_and_removed():
    with serving({"/file": sends(CONTENT)}) as server:
        assert brought(f"{server.url}/file") == [(f"{server.url}/file", CONTENT)]


def test_a_log_shows_the_total_the_rate_and_the_time_left_in_lines(monkeypatch, capfd):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    with serving({"/deep/file.gz": sends(CONTENT)}) as server:
        brought(f"{server.url}/deep/file.gz")
    out, lines = capfd.readouterr()
    assert (out, "\r" in lines) == ("", False)
    first, *between, last = lines.splitlines()
    assert re.match(r"file\.gz: +0%.* 0\.00/205k ", first)
    assert any(re.search(r"k/205k \[\d\d:\d\d<\d\d:\d\d, .*B/s\]", line) for line in between)
    assert re.match(r"file\.gz: 100%.* 205k/205k .*B/s\]$", last)


def test_a_refusal_is_reported_without_a_retry():
    with serving({"/second": sends(CONTENT)}) as server:
        taken = brought(f"{server.url}/first", f"{server.url}/second")
        assert taken == [(f"{server.url}/second", CONTENT)]
        assert server.asked == ["/first", "/second"]
        assert f"{server.url}/first: 404 Not Found" in complaint(f"{server.url}/first")


def test_a_silent_server_is_skipped_for_the_next():
    with serving({"/first": falls_silent, "/second": sends(CONTENT)}) as server:
        assert brought(f"{server.url}/first", f"{server.url}/second") == [(f"{server.url}/second", CONTENT)]
        assert server.asked == ["/first", "/second"]
        assert f"{server.url}/first: no answer for 0.2 seconds" in complaint(f"{server.url}/first")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (sends(b"half", length=8), "the connection was closed half-way"),
        (falls_silent_half_way, "no answer for 0.2 seconds"),
        (refuses(503), "503 Service Unavailable"),
    ],
)
def test_a_broken_download_is_retried(bad, words):
    with serving({"/once": at_first(bad, download.RETRIES, sends(CONTENT)), "/always": bad}) as server:
        assert brought(f"{server.url}/once") == [(f"{server.url}/once", CONTENT)]
        assert len(server.asked) == 1 + download.RETRIES
        message = complaint(f"{server.url}/always")
        assert len(server.asked) == 2 * (1 + download.RETRIES)
    assert f"{server.url}/always: " in message
    assert words in message


def test_an_unreachable_server_is_named():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        message = complaint(url)
    assert f"{url}: " in message
    assert "Connection refused" in message


@pytest.mark.parametrize("url", ["http://", "http://a..b/file", "HTTPS://[/file", f"http://{'a' * 64}.test/file"])
def test_an_invalid_url_is_named(url):
    assert f"{url}: " in complaint(url)


def test_a_gz_stays_packed_when_the_server_declares_an_encoding():
    packed = gzip.compress(CONTENT)
    with serving({"/file": sends(packed, Content_Encoding="gzip")}) as server:
        assert brought(f"{server.url}/file") == [(f"{server.url}/file", packed)]


def test_after_a_rejected_file_the_next_place_is_tried(tmp_path):
    (tmp_path / "file").write_bytes(b"right")
    with serving({"/file": sends(CONTENT)}) as server:
        take = Taker(f"{server.url}/file")
        assert brought(f"{server.url}/file", tmp_path / "file", take=take) == [(f"{tmp_path}/file", b"right")]


def test_the_error_lists_every_place_in_order(tmp_path):
    with serving({"/file": sends(CONTENT)}) as server:
        places = (f"{server.url}/none", tmp_path / "none", f"{server.url}/file")
        message = complaint(*places, take=Taker(f"{server.url}/file"))
    assert message == (
        f"the file could not be downloaded or read: {server.url}/none: 404 Not Found; {tmp_path}/none: is not there; "
        f"{server.url}/file: refused; set the source"
    )


def test_a_local_file_is_used_without_the_network(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    (tmp_path / "file").write_bytes(CONTENT)
    assert brought(tmp_path / "file", "http://127.0.0.1/file") == [(f"{tmp_path}/file", CONTENT)]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_full_disk_is_not_blamed_on_a_place_and_gets_its_room_back():
    def take(file, place):
        raise OSError(28, "No space left on device")

    with serving({"/file": sends_ranges(CONTENT, '"1"')}) as server:
        with pytest.raises(OSError, match="No space left"):
            brought(f"{server.url}/file", f"{server.url}/other", take=take)
        assert server.asked == ["/file"]
    assert list(Path("data").glob("*/*")) == []


def test_a_download_that_was_killed_when_it_was_whole_is_taken_without_another():
    class Killed(BaseException):
        pass

    def take(file, place):
        raise Killed

    with serving({"/file": sends_ranges(CONTENT, '"1"')}) as server:
        with pytest.raises(Killed):
            brought(f"{server.url}/file", take=take)
        assert brought(f"{server.url}/file") == [(f"{server.url}/file", CONTENT)]
        assert server.ranges == [None, f"bytes={len(CONTENT)}-"]  # there is no more


LENGTH = download.PIECE  # whole pieces are kept


def broken_off(server) -> None:
    """Have the first bytes of a download kept."""
    server.routes["/file"] = at_first(sends_ranges(CONTENT, '"1"', most=LENGTH), 1, falls_silent)
    assert "no answer" in complaint(f"{server.url}/file")
    assert list(kept().values()) == [CONTENT[:LENGTH]]


@pytest.mark.parametrize("tag", ['"1"', "Mon, 01 Jan 2024 00:00:00 GMT"])
def test_a_download_that_breaks_off_is_resumed_where_it_ended(tag):
    """A retry asks for what is missing only, and so does the next run."""
    with serving({"/file": sends_ranges(CONTENT, tag, most=LENGTH)}) as server:
        assert "closed half-way" in complaint(f"{server.url}/file")
        assert [len(part) for part in kept().values()] == [3 * LENGTH]
        assert brought(f"{server.url}/file") == [(f"{server.url}/file", CONTENT)]
        assert server.ranges == [None, *(f"bytes={times * LENGTH}-" for times in (1, 2, 3))]


def test_a_file_that_changed_meanwhile_is_not_spliced():
    changed = CONTENT[::-1]
    for route in (
        sends_ranges(changed, '"2"'),  # answers If-Range
        sends_ranges(changed, '"2"', heeds_if_range=False),
        sends_ranges(changed + b"more", '"1"', heeds_if_range=False),
        sends(changed),  # knows no ranges
        sends_ranges(changed[:100], '"2"', heeds_if_range=False),  # shorter than what is there
    ):
        with serving({}) as server:
            broken_off(server)
            server.routes["/file"] = route
            ((_, content),) = brought(f"{server.url}/file")
        assert content in (changed, changed + b"more", changed[:100])


def test_without_a_version_nothing_is_resumed():
    with serving({"/file": sends(CONTENT[:LENGTH], length=len(CONTENT))}) as server:
        complaint(f"{server.url}/file")
        server.routes["/file"] = sends_ranges(CONTENT, '"1"')
        brought(f"{server.url}/file")
        assert server.ranges == [None] * 4


def test_a_refused_download_is_not_kept():
    with serving({"/file": sends_ranges(CONTENT, '"1"')}) as server:
        url = f"{server.url}/file"
        complaint(url, take=Taker(url))
    assert kept() == {}


LARGE = bytes(2 * download.FIRST)
SLOW = download.FIRST / download.LEAST_RATE  # seconds within which the first megabyte must come


def test_a_slow_place_is_left_for_the_next(clock, capfd):
    def fast(handler):
        clock.seconds = 0
        sends(LARGE)(handler)

    clock.seconds = 1.1 * SLOW / (download.FIRST / download.PIECE)
    with serving({"/slow": sends(LARGE), "/fast": fast}) as server:
        assert brought(f"{server.url}/slow", f"{server.url}/fast") == [(f"{server.url}/fast", LARGE)]
        assert server.asked == ["/slow", "/fast"]
        assert f"note: {server.url}/slow: sends" in capfd.readouterr().err


def test_a_place_at_the_stated_rate_is_not_left(clock):
    clock.seconds = 0.9 * SLOW / (download.FIRST / download.PIECE)
    with serving({"/first": sends(LARGE), "/second": sends(b"")}) as server:
        assert brought(f"{server.url}/first", f"{server.url}/second") == [(f"{server.url}/first", LARGE)]
        assert server.asked == ["/first"]


def test_the_fastest_of_the_slow_places_is_used_where_the_others_fail(clock):
    def at(seconds):
        def answer(handler):
            clock.seconds = seconds
            sends_ranges(LARGE, '"1"')(handler)

        return answer

    with serving({"/slower": at(3.0), "/slow": at(2.0), "/bad": sends(b"bad")}) as server:
        places = [f"{server.url}/{name}" for name in ("slower", "slow", "none", "bad")]
        assert brought(*places, take=Taker(places[-1])) == [(places[1], LARGE)]
        assert server.asked == ["/slower", "/slow", "/none", "/bad", "/slow"]
        assert server.ranges[:4] == [None] * 4
        assert re.fullmatch(r"bytes=\d{5,}-", server.ranges[4])


def test_an_only_place_may_be_slow(clock):
    clock.seconds = 100.0
    with serving({"/file": sends(LARGE)}) as server:
        assert brought(f"{server.url}/file") == [(f"{server.url}/file", LARGE)]


def test_a_url_that_ends_in_a_slash_is_a_folder_of_the_named_files(tmp_path):
    taken = []

    def take(folder, place):
        taken.append({file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".json"})

    with serving({"/rows/a": sends_ranges(CONTENT, '"1"'), "/rows/b": sends(b"b")}) as server:
        bring("the rows", [f"{server.url}/rows/"], take, "set the source", ("a", "b"))
    assert taken == [{"a": CONTENT, "b": b"b"}]
    assert kept() == {}


def test_checksums_are_sha256_and_both_are_named(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256(tmp_path / "file", "the place") == ABC
    for found in ({ABC: "the file"}, {ABC: "the file", "1" * 64: "its content"}, {"1" * 64: "the file", ABC: "it"}):
        check_sha256(found, ABC, "the place")
    has = f"the file has the SHA-256 {ABC} and its content has the SHA-256 {'1' * 64}"
    with pytest.raises(InputError, match=f"^the place: {has}; expected {'0' * 64}; only the published content passes"):
        check_sha256({ABC: "the file", "1" * 64: "its content"}, "0" * 64, "the place")
    with pytest.raises(InputError, match=r"^the place: cannot be read \(No such file or directory\)$"):
        sha256(tmp_path / "none", "the place")
