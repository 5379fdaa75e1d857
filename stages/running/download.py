"""Read one file from the first of several places that has it: the only module that uses the network."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stages.running.errors import InputError

TIMEOUT = 20.0  # seconds that a server may be silent
RETRIES = 2  # of a download that breaks off, before trying the next place
PIECE = 2**16  # bytes written at once


def bring(name: str, places: Sequence[str], folder: Path, take: Callable[[Path, str], None], remedy: str) -> None:
    """Pass `take` the file from each of `places` in turn, until it accepts one.

    name: of the file in messages; places: http(s) URLs and local paths; folder: for a download, until `take` returns;
    take(file, place): reads the file, and raises an InputError that names the place to refuse it; remedy: what to set
    in params.yaml. If no place is left, raises InputError: one line with the error of each place.
    """
    wrong = []
    for place in places:
        try:
            with _file_at(place, folder) as file:
                take(file, place)
            return
        except InputError as error:
            wrong.append(str(error))
    raise InputError(f"{name} could not be downloaded or read: {'; '.join(wrong)}; {remedy}")


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
        raise InputError(f"{place}: {has}; expected {expected}")


@contextmanager
def _file_at(place: str, folder: Path) -> Iterator[Path]:
    """Yield the local file `place`, or a download of it that the end of the block removes."""
    if place.lower().startswith(("http://", "https://")):
        file = folder / ".download"
        _download(place, file)
        try:
            yield file
        finally:
            file.unlink()
    elif os.path.isfile(place):
        yield Path(place)
    else:
        raise InputError(f"{place}: is {'not a file' if os.path.lexists(place) else 'not there'}")


def _download(url: str, file: Path) -> None:
    """Download `url` to `file`, whole or not at all; raises InputError if that fails."""
    import pooch  # here, so that the other stages start without it
    import requests

    pooch.get_logger().setLevel("ERROR")  # its messages repeat the progress bar
    # Without a checksum: the caller checks the file or its content.
    known = pooch.create(file.parent, "", registry={file.name: None}, urls={file.name: url}, retry_if_failed=RETRIES)
    try:
        known.fetch(file.name, downloader=_transfer)
    except (requests.RequestException, ValueError) as error:  # a malformed URL may raise any ValueError
        raise _complaint(url, error) from error


def _transfer(url: str, file: str, known: Any) -> None:
    """Download `url` to `file` once, as pooch's downloader; pooch retries after any error but an InputError."""
    import pooch
    import requests

    # pooch sets the total itself, but ignores a bar without one
    with tqdm(total=1, desc=url.rsplit("/", 1)[-1], unit="B", unit_scale=True, disable=None) as bar:
        download = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=PIECE,
            timeout=TIMEOUT,
            headers={"Accept-Encoding": "identity"},
            hooks={"response": _keep_packed},
        )
        try:
            download(url, file, known)
        except requests.Timeout as error:  # no answer at all: try the next place instead of waiting again
            raise _complaint(url, error) from error
        except requests.HTTPError as error:
            if error.response.status_code < 500:  # a client error: the same request would fail again
                raise _complaint(url, error) from error
            raise


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
    return InputError(f"{url}: {' '.join(what.split())}")


def _keep_packed(response: Any, **_: Any) -> None:
    """Keep requests from unpacking a .gz that the server declares to be only the content's encoding."""
    response.raw.headers.pop("Content-Encoding", None)
