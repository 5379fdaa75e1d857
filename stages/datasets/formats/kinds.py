"""What a file is by its first bytes, in words for a message."""

import gzip
import zlib
from pathlib import Path

from stages.running.errors import InputError

GZ = b"\x1f\x8b"  # how a gz file begins
TAR = "a tar archive"
PARQUET = "a Parquet file; name the folder that it lies in"
LENGTH = 512  # first bytes to look at: up to the end of a tar's first header
BEGINNINGS = {
    GZ: "a gz in a gz; unpack it once",
    b"PK\x03\x04": "a zip archive; unpack it",
    b"PK\x05\x06": "an empty zip archive",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"\xfd7zXZ": "an xz archive; unpack it",
    b"BZh": "a bz2 archive; unpack it",
    b"PAR1": PARQUET,
    b"\x89HDF": "an HDF5 file",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x93NUMPY": "a NumPy file",
    b"version https://git-lfs": "a pointer of Git LFS; run `git lfs pull` where it lies",
    b"{": "JSON, perhaps an error message",
    b"<": "a web page, perhaps a login",
}


def kind_of(file: Path, place: str) -> str:
    """Return what `file` is, in words, or an empty text if its first bytes do not say; a gz is looked into.

    place: of the file in messages. Raises InputError if it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            first = stream.read(LENGTH)
    except OSError as error:
        raise InputError(f"{place}: cannot be read ({error.strerror})") from error
    if first.startswith(GZ):
        try:
            with gzip.open(file) as stream:
                first = stream.read(LENGTH)
        except (OSError, EOFError, zlib.error):  # who unpacks it says so
            return ""
    if not first:
        return "empty"
    if first[257:262] == b"ustar":
        return TAR
    first = first.removeprefix(b"\xef\xbb\xbf").lstrip() or first
    return next((words for begin, words in BEGINNINGS.items() if first.startswith(begin)), "")
