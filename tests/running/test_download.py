"""A file comes from the first place that has it; an error names what was wrong at each place."""

import gzip
import io
import socket

import pytest
from tqdm import tqdm

from stages.running import download
from stages.running.download import bring, check_sha256, sha256
from stages.running.errors import InputError
from tests.datasets.http_server import at_first, falls_silent, falls_silent_half_way, refuses, sends, serving

CONTENT = bytes(range(256)) * 800  # 204,800 bytes, more than are written at once
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of the letters abc, in FIPS 180-2


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Short waits."""
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)


class Taker:
    """Takes every file, but none from the places that it refuses."""

    def __init__(self, *refused: str):
        self.refused, self.taken = refused, []

    def __call__(self, file, place):
        if place in self.refused:
            raise InputError(f"{place}: refused")
        self.taken.append((place, file.read_bytes()))


def brought(folder, *places, take=None):
    """The files taken from these places; checks that no download remains."""
    take = take or Taker()
    try:
        bring("the file", [str(place) for place in places], folder, take, "set the source")
    finally:
        assert list(folder.iterdir()) == []
    return take.taken


def complaint(folder, *places, take=None):
    """The one-line error when every place fails."""
    with pytest.raises(InputError) as caught:
        brought(folder, *places, take=take)
    message = str(caught.value)
    assert message.startswith("the file could not be downloaded or read: ")
    assert message.endswith("; set the source")
    assert "\n" not in message
    return message


@pytest.fixture
def folder(tmp_path):
    """The folder for downloads."""
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


def test_a_download_is_taken_and_removed(folder, capfd):
    with serving({"/file": sends(CONTENT)}) as server:
        assert brought(folder, f"{server.url}/file") == [(f"{server.url}/file", CONTENT)]
    assert capfd.readouterr() == ("", "")  # nobody watches: no progress bar, and nothing of pooch's own


def test_the_progress_bar_shows_the_name_and_the_size(folder, monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(download, "tqdm", lambda **options: tqdm(**options | {"disable": False, "file": shown}))
    with serving({"/deep/file": sends(CONTENT)}) as server:
        brought(folder, f"{server.url}/deep/file")
    last = shown.getvalue().split("\r")[-1]
    assert last.startswith("file: 100%")
    assert "205k/205k" in last
    assert "B/s" in last


def test_a_refusal_is_reported_without_a_retry(folder):
    with serving({"/second": sends(CONTENT)}) as server:
        taken = brought(folder, f"{server.url}/first", f"{server.url}/second")
        assert taken == [(f"{server.url}/second", CONTENT)]
        assert server.asked == ["/first", "/second"]
        assert f"{server.url}/first: 404 Not Found" in complaint(folder, f"{server.url}/first")


def test_a_silent_server_is_skipped_for_the_next(folder):
    with serving({"/first": falls_silent, "/second": sends(CONTENT)}) as server:
        assert brought(folder, f"{server.url}/first", f"{server.url}/second") == [(f"{server.url}/second", CONTENT)]
        assert server.asked == ["/first", "/second"]
        assert f"{server.url}/first: no answer for 0.2 seconds" in complaint(folder, f"{server.url}/first")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (sends(b"half", length=8), "the connection was closed half-way"),
        (falls_silent_half_way, "no answer for 0.2 seconds"),
        (refuses(503), "503 Service Unavailable"),
    ],
)
def test_a_broken_download_is_retried(folder, bad, words, capfd):
    with serving({"/once": at_first(bad, download.RETRIES, sends(CONTENT)), "/always": bad}) as server:
        assert brought(folder, f"{server.url}/once") == [(f"{server.url}/once", CONTENT)]
        assert len(server.asked) == 1 + download.RETRIES
        message = complaint(folder, f"{server.url}/always")
        assert len(server.asked) == 2 * (1 + download.RETRIES)
    assert f"{server.url}/always: " in message
    assert words in message
    assert capfd.readouterr() == ("", "")


def test_an_unreachable_server_is_named(folder):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        message = complaint(folder, url)
    assert f"{url}: " in message
    assert "Connection refused" in message


@pytest.mark.parametrize("url", ["http://", "http://a..b/file", "HTTPS://[/file", f"http://{'a' * 64}.test/file"])
def test_an_invalid_url_is_named(folder, url):
    assert f"{url}: " in complaint(folder, url)


def test_a_gz_stays_packed_when_the_server_declares_an_encoding(folder):
    packed = gzip.compress(CONTENT)
    with serving({"/file": sends(packed, Content_Encoding="gzip")}) as server:
        assert brought(folder, f"{server.url}/file") == [(f"{server.url}/file", packed)]


def test_after_a_rejected_file_the_next_place_is_tried(folder, tmp_path):
    (tmp_path / "file").write_bytes(b"right")
    with serving({"/file": sends(CONTENT)}) as server:
        take = Taker(f"{server.url}/file")
        assert brought(folder, f"{server.url}/file", tmp_path / "file", take=take) == [(f"{tmp_path}/file", b"right")]


def test_the_error_lists_every_place_in_order(folder, tmp_path):
    with serving({"/file": sends(CONTENT)}) as server:
        places = (f"{server.url}/none", tmp_path / "none", tmp_path, f"{server.url}/file")
        message = complaint(folder, *places, take=Taker(f"{server.url}/file"))
    assert message == (
        f"the file could not be downloaded or read: {server.url}/none: 404 Not Found; {tmp_path}/none: is not there; "
        f"{tmp_path}: is not a file; {server.url}/file: refused; set the source"
    )


def test_a_local_file_is_used_without_the_network(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    (tmp_path / "file").write_bytes(CONTENT)
    assert brought(folder, tmp_path / "file", "http://127.0.0.1/file") == [(f"{tmp_path}/file", CONTENT)]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_full_disk_is_not_blamed_on_a_place(folder):
    def take(file, place):
        raise OSError(28, "No space left on device")

    with serving({"/file": sends(CONTENT)}) as server:
        with pytest.raises(OSError, match="No space left"):
            brought(folder, f"{server.url}/file", f"{server.url}/other", take=take)
        assert server.asked == ["/file"]


def test_checksums_are_sha256_and_both_are_named(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256(tmp_path / "file", "the place") == ABC
    for found in ({ABC: "the file"}, {ABC: "the file", "1" * 64: "its content"}, {"1" * 64: "the file", ABC: "it"}):
        check_sha256(found, ABC, "the place")
    has = f"the file has the SHA-256 {ABC} and its content has the SHA-256 {'1' * 64}"
    with pytest.raises(InputError, match=f"^the place: {has}; expected {'0' * 64}$"):
        check_sha256({ABC: "the file", "1" * 64: "its content"}, "0" * 64, "the place")
    with pytest.raises(InputError, match=r"^the place: cannot be read \(No such file or directory\)$"):
        sha256(tmp_path / "none", "the place")
