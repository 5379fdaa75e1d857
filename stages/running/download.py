"""Bringing one file in from the first of several places that has it: the only module that uses the network."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stages.running.errors import InputError

TIMEOUT = 20.0  # seconds that a server may be silent
RETRIES = 2  # of a download that breaks off, before the next place has its turn
PIECE = 2**16  # bytes written at once


def bring(name: str, places: Sequence[str], folder: Path, take: Callable[[Path, str], None], remedy: str) -> None:
    """Give `take` the file at the first of `places` that has it and whose file `take` accepts.

    name: what the file is called in messages; places: http(s) URLs and local paths; folder: where a download lies while
    it is taken; take(file, place): reads the file, and raises an InputError that names the place where it will not do;
    remedy: what to set in params.yaml. Raises InputError, one line with all that was wrong, when no place is left.
    """
    wrong = []
    for place in places:
        try:
            with _file_at(place, folder) as file:
                take(file, place)
            return
        except InputError as error:
            wrong.append(str(error))
    raise InputError(f"{name} cannot be had: {'; '.join(wrong)}; {remedy}")


def sha256(file: Path, place: str) -> str:
    """Return the SHA-256 of `file` in hexadecimal; raises InputError that names its `place` where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{place}: cannot be read ({error.strerror})") from error


def check_sha256(found: str, expected: str, place: str) -> None:
    """Raise InputError where the checksum `found` is not the one `expected`, both in small hexadecimal letters."""
    if found != expected:
        raise InputError(f"{place}: its content has the SHA-256 {found}, expected {expected}")


@contextmanager
def _file_at(place: str, folder: Path) -> Iterator[Path]:
    """Yield the local file `place`, or what was downloaded from there, which is removed at the end of the block."""
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
    """Write what `url` has to `file`, whole or not at all; raises InputError that says what is wrong with it."""
    import pooch  # here, so that the stages that download nothing start without it
    import requests

    pooch.get_logger().setLevel("ERROR")  # it announces what the progress bar shows
    # Without a checksum: the caller knows whether it is of the file or of what is in it.
    known = pooch.create(file.parent, "", registry={file.name: None}, urls={file.name: url}, retry_if_failed=RETRIES)
    try:
        known.fetch(file.name, downloader=_transfer)
    except (requests.RequestException, ValueError) as error:  # what cannot be a URL may be any ValueError
        raise _complaint(url, error) from error


def _transfer(url: str, file: str, known: Any) -> None:
    """Download `url` to `file` once, as pooch has it done; it tries again after any error but an InputError."""
    import pooch
    import requests

    # pooch sets the total itself, but takes a bar that has none for no bar
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
        except requests.Timeout as error:  # from the start: waiting again is for the next place
            raise _complaint(url, error) from error
        except requests.HTTPError as error:
            if error.response.status_code < 500:  # the server is sure
                raise _complaint(url, error) from error
            raise


def _complaint(url: str, error: Exception) -> InputError:
    """Return the line that says in a few words what went wrong with `url`."""
    import requests

    if isinstance(error, requests.HTTPError):
        what = f"{error.response.status_code} {error.response.reason}"
    elif isinstance(error, requests.Timeout) or "timed out" in str(error):  # which it is not when half-way
        what = f"no answer for {TIMEOUT:g} seconds"
    elif isinstance(error, requests.exceptions.ChunkedEncodingError):
        what = "the connection was closed half-way"
    else:
        what = str(getattr(error.args[0], "reason", error) if error.args else error)  # why urllib3 gave up, if it did
    return InputError(f"{url}: {' '.join(what.split())}")


def _keep_packed(response: Any, **_: Any) -> None:
    """Keep requests from unpacking a .gz on its way, which some servers declare to be merely the content's encoding."""
    response.raw.headers.pop("Content-Encoding", None)
