"""Read a data set from the first of several places that has it: the only module that uses the network.

A download that breaks off is kept in `PARTS`, and the next run resumes it.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages.running.errors import InputError, say
from stages.running.files import write_whole
from stages.running.progress import progress_bar

PARTS = Path("data/downloads")  # unfinished downloads
TIMEOUT = 20.0  # seconds that a server may be silent
RETRIES = 2  # of a download that breaks off, before trying the next place
PAUSE = 1.0  # seconds before a retry
PIECE = 2**16  # bytes written at once
FIRST = 2**20  # bytes that show how fast a place is
LEAST_RATE = 250_000  # bytes per second at which they must come while there are other places
ONLY = "only the published content passes (docs/data-sets.md)"
URL = ("http://", "https://")
clock = time.monotonic


class TooSlow(Exception):
    """The first bytes from a place came slower than `LEAST_RATE`."""

    def __init__(self, url: str, rate: float):
        super().__init__(f"{url}: sends {rate / 1000:,.0f} kB a second, under {LEAST_RATE / 1000:,.0f}")
        self.rate = rate


def bring(
    name: str, places: Sequence[str], take: Callable[[Path, str], None], remedy: str, files: Sequence[str] = ()
) -> None:
    """Pass `take` what is at each of `places` in turn, until it accepts one.

    name: of the data in messages; places: http(s) URLs and local paths; files: to download from a URL that ends in a
    slash. take(path, place) reads a file or folder, and raises an InputError that names the place to refuse it. remedy:
    what to set in params.yaml. A slow place is left while there are others, and used in the end if they fail, the
    fastest first. If no place is left, raises InputError: one line with the error of each place.
    """
    slow, wrong = {}, []

    def succeeds(place: str, least_rate: float) -> bool:
        try:
            with _path_at(place, files, least_rate) as path:
                take(path, place)
            return True
        except TooSlow as error:
            say(f"{error}; trying another place")
            slow[place] = error.rate
        except InputError as error:
            wrong.append(str(error))
        return False

    for number, place in enumerate(places, start=1):
        if succeeds(place, LEAST_RATE if slow or number < len(places) else 0):
            break
    else:
        if not any(succeeds(place, 0) for place in sorted(slow, key=slow.get, reverse=True)):
            raise InputError(f"{name} could not be downloaded or read: {'; '.join(wrong)}; {remedy}")
    for place in slow:
        _forget(place)


def is_url(place: str) -> bool:
    """Return whether `place` is a URL and no local path."""
    return place.lower().startswith(URL)


def sha256(file: Path, place: str) -> str:
    """Return the SHA-256 of `file` in hexadecimal; raises InputError that names its `place` if it cannot be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{place}: cannot be read ({error.strerror})") from error


def check_sha256(found: Mapping[str, str], expected: str, place: str) -> None:
    """Raise InputError unless one of the checksums `found` is the one `expected`.

    found: each SHA-256, in small hexadecimal letters, and what it is of, such as "the file" and "its content".
    """
    if expected not in found:
        has = " and ".join(f"{what} has the SHA-256 {digest}" for digest, what in found.items())
        raise InputError(f"{place}: {has}; expected {expected}; {ONLY}")


@contextmanager
def _path_at(place: str, files: Sequence[str], least_rate: float) -> Iterator[Path]:
    """Yield the local path `place`, or a download of it, which is removed once it was taken or refused."""
    if not is_url(place):
        if not os.path.exists(place):
            raise InputError(f"{place}: is not there")
        yield Path(place)
        return
    part = _part(place)
    try:
        if files and place.endswith("/"):
            for file in files:
                _download(place + file, part / file, least_rate)
        else:
            _download(place, part, least_rate)
    except OSError:  # a full disk needs the room
        _forget(place)
        raise
    try:
        yield part
    except (InputError, OSError):
        _forget(place)
        raise
    _forget(place)


def _part(place: str) -> Path:
    """Return where the download of a URL is kept."""
    return PARTS / hashlib.sha256(place.encode()).hexdigest()[:16]


def _version(part: Path) -> Path:
    """Return the file that says of which version of its URL a part is."""
    return part.with_name(f"{part.name}.json")


def _forget(place: str) -> None:
    """Remove what was downloaded from a place."""
    part = _part(place)
    shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
    _version(part).unlink(missing_ok=True)


def _download(url: str, part: Path, least_rate: float) -> None:
    """Download `url` to `part`, or what is missing of it.

    Raises InputError if that fails, and TooSlow if its first bytes come slower than `least_rate`.
    """
    import requests  # here, so that the other stages start without it

    part.parent.mkdir(parents=True, exist_ok=True)
    for left in reversed(range(1 + RETRIES)):
        try:
            return _transfer(url, part, least_rate)
        except ValueError as error:  # a malformed URL may raise any
            raise _complaint(url, error) from error
        except requests.RequestException as error:
            # no answer at all, or a client error: the same request would fail again
            hopeless = isinstance(error, requests.Timeout) or (
                isinstance(error, requests.HTTPError) and error.response.status_code < 500
            )
            if hopeless or not left:
                raise _complaint(url, error) from error
        time.sleep(PAUSE)


def _transfer(url: str, part: Path, least_rate: float) -> None:
    """Download `url` to `part` once, after the bytes that are there already if they are of the same version."""
    import requests

    known, done = _known(part), 0
    headers = {"Accept-Encoding": "identity"}
    if known:
        done = part.stat().st_size
        headers |= {"Range": f"bytes={done}-", "If-Range": known["version"]}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        answer.raw.headers.pop("Content-Encoding", None)  # or requests would unpack a .gz that a server calls encoded
        begin, total = _range(answer)
        found = {"version": _version_of(answer), "total": total}
        if known and answer.status_code in (206, 416):
            if answer.status_code == 416 and total == done == known["total"]:
                return  # the part is whole
            if begin != done or found != known:  # another version, or a server that ignores If-Range
                _version(part).unlink()
                return _transfer(url, part, least_rate)
        answer.raise_for_status()
        done = begin
        if not done:
            part.unlink(missing_ok=True)  # before it is called of this version
        if found["version"]:
            write_whole(_version(part), json.dumps(found))
        else:
            _version(part).unlink(missing_ok=True)
        _write(answer, url, part, done, total, least_rate)


def _known(part: Path) -> dict[str, Any] | None:
    """Return of which version of its URL the bytes in `part` are, if there are any to resume."""
    try:
        known = json.loads(_version(part).read_bytes())
        resumable = part.stat().st_size > 0 and {"version", "total"} == known.keys()
    except (OSError, ValueError, AttributeError):
        return None
    return known if resumable else None


def _range(answer: Any) -> tuple[int, int | None]:
    """Return the first byte of an answer and the size of the whole file, if it says so."""
    said = answer.headers.get("Content-Range", "")  # such as "bytes 100-199/200" or "bytes */200"
    if answer.status_code in (206, 416) and said.startswith("bytes "):
        where, _, size = said.removeprefix("bytes ").partition("/")
        begin = where.partition("-")[0]
        return int(begin) if begin.isdigit() else 0, int(size) if size.isdigit() else None
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _version_of(answer: Any) -> str:
    """Return what tells the version of a file, in the form that If-Range takes; empty if the server gives none."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _write(answer: Any, url: str, part: Path, done: int, total: int | None, least_rate: float) -> None:
    """Write the bytes of an answer after the first `done` of `part`."""
    name = url.rpartition("/")[2] or url
    if done:
        say(f"{name} resumes after {done:,} bytes")
    with part.open("ab" if done else "wb") as output, progress_bar(name, total, "B") as bar:
        bar.initial = bar.n = done
        begin, received = clock(), 0
        for piece in answer.iter_content(PIECE):
            seconds, early = clock() - begin, received < FIRST
            output.write(piece)
            bar.update(len(piece))
            received += len(piece)
            if least_rate and early and done + received != total and seconds > FIRST / least_rate:
                raise TooSlow(url, received / seconds)


def _complaint(url: str, error: Exception) -> InputError:
    """Return an InputError that says in a few words why `url` failed."""
    import requests

    if isinstance(error, requests.HTTPError):
        what = f"{error.response.status_code} {error.response.reason}"
    elif isinstance(error, requests.Timeout) or "timed out" in str(error):  # half-way it is no Timeout
        what = f"no answer for {TIMEOUT:g} seconds"
    elif isinstance(error, requests.exceptions.ChunkedEncodingError):
        what = "the connection was closed half-way"
    else:
        what = str(getattr(error.args[0], "reason", error) if error.args else error)  # urllib3's reason, if any
    printable = "".join(letter for letter in " ".join(what.split()) if letter.isprintable())  # a server chose it
    return InputError(f"{url}: {printable}")
