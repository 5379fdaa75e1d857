"""Find ImageNet's photographs and their bytes in the user's folder or tar, without unpacking it."""

import os
import re
import tarfile
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from stages.datasets.formats.archives import check_member
from stages.datasets.formats.kinds import TAR, kind_of
from stages.running.errors import InputError

WNID = re.compile(r"n\d{8}(?!\d)")
SUFFIXES = (".jpeg", ".jpg", ".png")
UNREAD = (".webp", ".parquet", ".tar.gz", ".tgz", ".zip", ".h5", ".tfrecord")  # may have photographs, but not for us
ALLOWED = "a folder of photographs n01440764/….JPEG, or ILSVRC2012_img_train.tar with its tars n01440764.tar inside"


class Photograph(NamedTuple):
    """An image file in a folder or in an uncompressed tar."""

    wnid: str
    name: str
    """n01440764/n01440764_10026.JPEG, whatever the source"""
    file: str
    """the image file itself, or the tar"""
    offset: int
    """of its first byte in `file`"""
    size: int
    """in bytes, or -1 for all of `file`"""

    def read(self, most: int) -> bytes:
        """Return its bytes, at most the first `most`; raises InputError if `file` cannot be read."""
        with _readable(self.file), open(self.file, "rb") as file:
            file.seek(self.offset)
            return file.read(most if self.size < 0 else min(self.size, most))


@dataclass
class PassedOver:
    """What a search for photographs leaves out."""

    classless: int = 0
    """photographs without a wnid, such as those for validation and test"""
    example: str = ""
    """the first of them"""
    unread: Counter[str] = field(default_factory=Counter)
    """files of kinds that it does not read, by their names' ending in `UNREAD`"""

    def note_file(self, name: str) -> None:
        """Count a file that is neither a photograph nor a tar."""
        ending = next((one for one in UNREAD if name.lower().endswith(one)), None)
        self.unread.update([ending] if ending else [])

    def note_photograph(self, place: str) -> None:
        """Count a photograph without a wnid."""
        self.classless += 1
        self.example = self.example or _shown(place)

    def words(self) -> str:
        """Return what was passed over, or an empty text."""
        classless = f"{self.classless:,} photographs without a wnid, such as {self.example}"
        unread = ", ".join(f"{count:,} {ending}" for ending, count in self.unread.items())
        return " and ".join([classless] * bool(self.classless) + [f"files that are not read: {unread}"] * bool(unread))


def find_photographs(source: Path, wnids: Container[str], passed: PassedOver) -> Iterator[Photograph]:
    """Yield the photographs of the synsets `wnids` in a folder, a tar, a tar of tars or a folder of such, in any order.

    A photograph's wnid is the name of the folder or tar around it, or else the beginning of its own name; those without
    are noted in `passed`. It skips files whose name begins with a dot or does not end like an image's. Memory does not
    grow with the source. Raises InputError if `source` is missing, or a tar is damaged, compressed or has members that
    are links, devices or outside of it.
    """
    if os.path.isdir(source):
        yield from _in_folder(source, _wnid_of_place(source.absolute().name), wnids, (), passed)
    elif os.path.isfile(source):
        if (kind := kind_of(source, _shown(str(source)))) not in ("", TAR):
            raise InputError(f"{_shown(str(source))}: is {kind}; allowed: {ALLOWED}")
        yield from _in_tar_file(source, None, wnids, passed)
    else:
        raise InputError(
            f"small_imagenet.source: there is no folder or file at {source.absolute()}; set it in params.yaml to "
            f"{ALLOWED}; ImageNet comes from image-net.org"
        )


def folder_of_classes(source: Path) -> Path | None:
    """Return the folder beside `source`, or around it, that holds folders or tars named like n01440764."""
    around = source.absolute().parent
    try:
        places = [around, *sorted(place for place in around.iterdir() if place.is_dir() and place != source.absolute())]
        return next((place for place in places if any(map(_wnid_of_place, os.listdir(place)))), None)
    except OSError:
        return None


def _in_folder(
    folder: Path, wnid: str | None, wnids: Container[str], above: tuple[tuple[int, int], ...], passed: PassedOver
) -> Iterator[Photograph]:
    """Yield the photographs in `folder` and below; above: the folders around it, to which a link may lead back."""
    with _readable(str(folder)), os.scandir(folder) as entries:
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                inner = _wnid_of_place(entry.name) or wnid
                if inner is None or inner in wnids:
                    yield from _in_folder(Path(entry.path), inner, wnids, (*above, here), passed)
            elif not entry.is_file():
                continue
            elif entry.name.lower().endswith(".tar"):
                yield from _in_tar_file(Path(entry.path), _wnid_of_place(entry.name) or wnid, wnids, passed)
            elif entry.name.lower().endswith(SUFFIXES):
                own = wnid or _wnid_of_name(entry.name)
                if own is None:
                    passed.note_photograph(entry.path)
                elif own in wnids:
                    yield Photograph(own, _shown(f"{own}/{entry.name}"), entry.path, 0, -1)
            else:
                passed.note_file(entry.name)


def _in_tar_file(file: Path, wnid: str | None, wnids: Container[str], passed: PassedOver) -> Iterator[Photograph]:
    """Yield the photographs in the tar `file` and in tars inside it; wnid: of the folder around it, or its own."""
    if wnid is not None and wnid not in wnids:
        return
    place = _shown(str(file))
    with _readable(str(file)), file.open("rb") as opened:
        for member, parts in _members(opened, 0, file.stat().st_size, place):
            inner = _wnid_of_place(parts[-1]) or wnid
            if not parts[-1].lower().endswith(".tar"):
                yield from _in_member(member, parts, file, wnid, wnids, passed)
            elif inner is None or inner in wnids:
                end = member.offset_data + member.size
                for one in _members(opened, member.offset_data, end, f"{place}: its member {_shown(member.name)}"):
                    yield from _in_member(*one, file, inner, wnids, passed)


def _in_member(
    member: tarfile.TarInfo,
    parts: list[str],
    file: Path,
    wnid: str | None,
    wnids: Container[str],
    passed: PassedOver,
) -> Iterator[Photograph]:
    """Yield a member of a tar if it is a photograph; wnid: of the tar around it, if it has one."""
    *folders, name = parts
    if not name.lower().endswith(SUFFIXES):
        return passed.note_file(name)
    own = next(filter(None, map(_wnid_of_place, reversed(folders))), wnid) or _wnid_of_name(name)
    if own is None:
        passed.note_photograph(f"{file}: {member.name}")
    elif own in wnids:
        yield Photograph(own, _shown(f"{own}/{name}"), str(file), member.offset_data, member.size)


def _members(opened: BinaryIO, begin: int, end: int, place: str) -> Iterator[tuple[tarfile.TarInfo, list[str]]]:
    """Yield the files of the tar from byte `begin` to `end` of a file, with the parts of their paths; no dot files."""
    opened.seek(begin)
    try:
        with tarfile.open(fileobj=opened, mode="r:") as tar:
            while (member := tar.next()) is not None and member.offset < end:
                tar.members.clear()  # or they would fill the memory
                parts = [part for part in member.name.split("/") if part not in ("", ".")]
                if not 0 <= member.size <= end - member.offset_data:
                    raise InputError(f"{place}: is cut off in its member {_shown(member.name)}; allowed: {ALLOWED}")
                check_member(member, place)
                if member.isfile() and parts and not any(part.startswith(".") for part in parts):
                    yield member, parts
            # tarfile takes a damaged header for the end, which is a block of zeros, or of nothing
            opened.seek(min(tar.offset, end))
            if opened.read(min(tarfile.BLOCKSIZE, max(end - tar.offset, 0))).strip(b"\0"):
                raise InputError(f"{place}: is damaged at byte {tar.offset - begin}; allowed: {ALLOWED}")
    except (tarfile.TarError, ValueError, OverflowError, MemoryError) as error:  # a damaged size may be any number
        raise InputError(f"{place}: is compressed, damaged or no tar ({error}); allowed: {ALLOWED}") from error


@contextmanager
def _readable(place: str) -> Iterator[None]:
    """Turn an error from reading the file or folder `place` into an InputError that names it."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{_shown(place)}: cannot be read ({error.strerror})") from error


def _wnid_of_place(name: str) -> str | None:
    """Return the wnid that is the name of a folder or tar, or None."""
    stem = name[: -len(".tar")] if name.lower().endswith(".tar") else name
    return stem if WNID.fullmatch(stem) else None


def _wnid_of_name(name: str) -> str | None:
    """Return the wnid that the name of an image file begins with, such as n01440764_10026.JPEG, or None."""
    found = WNID.match(name)
    return found.group() if found else None


def _shown(name: str) -> str:
    """Return a file's name as printable text of one line, whatever its bytes."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return text if text.isprintable() else ascii(text)[1:-1]
