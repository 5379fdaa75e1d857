"""Unpack files that may be cut off, damaged or hostile: one line names the error, and a limit bounds the size."""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from stages.datasets.formats.kinds import GZ
from stages.running.errors import InputError

PIECE = 2**16  # bytes read at once
REFUSED = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",  # a few bytes of it stand for any number
}


def unpacked(file: Path, name: str, limit: int) -> Iterator[bytes]:
    """Yield the content of `file` in pieces, unpacked if its first bytes say that it is gz.

    name: of the file in messages. Raises InputError if it cannot be read, is cut off or damaged, or has more than
    `limit` bytes of content.
    """
    with _opened(file, name, limit) as stream:
        yield from _pieces(stream)


def regular_files(file: Path, name: str, limit: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the path and, in pieces, the content of each regular file in the tar `file`, gz or not, in its order.

    It writes nothing. Read each content before you ask for the next file. Raises InputError as `unpacked` does, and at
    a member that is neither a regular file nor a folder or that climbs out of the archive. A tar that is damaged where
    a member begins may seem to end there: the caller checks that nothing is missing.
    """
    with (
        _opened(file, name, limit) as stream,
        _in_one_line(name),
        tarfile.open(fileobj=stream, mode="r|", bufsize=PIECE) as tar,
    ):
        for member in tar:
            check_member(member, name)
            if member.isreg():
                yield str(PurePosixPath(member.name)), _content(tar, member, name)
        for _ in _pieces(stream):  # to the end, where gz has its checksum
            pass


def save(pieces: Iterable[bytes], target: Path, algorithm: str) -> str:
    """Write `pieces` to `target` and return their checksum by the algorithm of this name in hashlib."""
    checksum = hashlib.new(algorithm, usedforsecurity=False)
    with target.open("wb") as output:
        for piece in pieces:
            checksum.update(piece)
            output.write(piece)
    return checksum.hexdigest()


def check_member(member: tarfile.TarInfo, name: str) -> None:
    """Raise InputError at a member of the tar `name` that climbs out, or is neither a regular file nor a folder."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{name}: its member {member.name!r} climbs out; allowed: paths within the archive")
    if member.issparse() or not (member.isreg() or member.isdir()):
        kind = REFUSED.get(tarfile.GNUTYPE_SPARSE if member.issparse() else member.type, "of an unknown kind")
        raise InputError(f"{name}: its member {member.name!r} is {kind}; allowed: regular files and folders")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> Iterator[bytes]:
    """Yield a member's content in pieces."""
    with _in_one_line(name):
        yield from _pieces(tar.extractfile(member))


def _pieces(stream: "IO[bytes] | _Bounded") -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


@dataclass
class _Bounded:
    """A stream that stops at `limit` bytes, also while tarfile looks for the next member."""

    stream: IO[bytes]
    name: str
    limit: int
    count: int = 0

    def read(self, size: int) -> bytes:
        with _in_one_line(self.name):
            piece = self.stream.read(size)
        self.count += len(piece)
        if self.count > self.limit:
            raise InputError(f"{self.name}: unpacks to more than {self.limit:,} bytes; allowed: at most so many")
        return piece


@contextmanager
def _opened(file: Path, name: str, limit: int) -> Iterator[_Bounded]:
    """Open the content of `file` for the block."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from error
    with stream:
        packed = stream.peek(len(GZ)).startswith(GZ)
        yield _Bounded(gzip.GzipFile(fileobj=stream) if packed else stream, name, limit)


@contextmanager
def _in_one_line(name: str) -> Iterator[None]:
    """Turn an error from reading a cut off or damaged file into an InputError that names it."""
    try:
        yield
    except (tarfile.TarError, zlib.error, EOFError, OSError, RecursionError) as error:  # thousands of headers recurse
        raise InputError(f"{name}: is cut off or damaged ({' '.join(str(error).split())})") from error
