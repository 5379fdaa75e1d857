"""What comes out of archives; and that cut off, damaged and hostile ones end in one line."""

import gzip
import tarfile
from contextlib import suppress

import numpy as np
import pytest

from stages.datasets.formats.archives import regular_files, unpacked
from stages.running.errors import InputError
from tests.datasets.raw_files import tar

LIMIT = 10**6
CONTENT = b"content " * 1000
ZEROS = gzip.compress(bytes(10**7))  # ten times the limit, in ten thousand bytes


def member(name: str, content: bytes = b"", **fields) -> tuple[tarfile.TarInfo, bytes]:
    """A member of a tar, a regular file where its fields say nothing else."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def written(folder, content):
    file = folder / "archive"
    file.write_bytes(content)
    return file


def listed(file, limit=LIMIT):
    """All that is in a tar, by path."""
    return [(path, b"".join(pieces)) for path, pieces in regular_files(file, "the tar", limit)]


def complaint(read):
    """The one line that is said, with the name of the archive first."""
    with pytest.raises(InputError) as caught:
        read()
    message = str(caught.value)
    assert message.startswith("the tar: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("content", [CONTENT, b"", b"\x1f", bytes(3 * 2**20)])
def test_content_is_the_same_packed_or_not(tmp_path, content):
    for packed in (content, gzip.compress(content), gzip.compress(content[:9]) + gzip.compress(content[9:])):
        pieces = list(unpacked(written(tmp_path, packed), "the file", 2**22))
        assert b"".join(pieces) == content
        assert all(len(piece) <= 2**16 for piece in pieces)


def test_content_may_have_as_much_as_the_limit_and_no_more(tmp_path):
    file = written(tmp_path, gzip.compress(CONTENT))
    assert b"".join(unpacked(file, "the tar", len(CONTENT))) == CONTENT
    message = complaint(lambda: list(unpacked(file, "the tar", len(CONTENT) - 1)))
    assert message == "the tar: unpacks to more than 7,999 bytes; allowed: at most so many"


def test_reading_stops_soon_after_the_limit(tmp_path):
    pieces = unpacked(written(tmp_path, ZEROS * 1000), "the tar", 3 * 2**16)
    assert [len(next(pieces)) for _ in range(3)] == [2**16] * 3
    assert "unpacks to more than 196,608 bytes" in complaint(lambda: next(pieces))


def test_a_gz_that_is_cut_off_anywhere_is_named(tmp_path):
    packed = gzip.compress(np.random.default_rng(0).bytes(300))
    for length in range(2, len(packed)):
        file = written(tmp_path, packed[:length])
        assert "is cut off or damaged" in complaint(lambda file=file: list(unpacked(file, "the tar", LIMIT)))


@pytest.mark.parametrize("position", [2, 20, -8, -1])
def test_a_gz_that_is_damaged_is_named(tmp_path, position):
    packed = bytearray(gzip.compress(CONTENT))
    packed[position] ^= 0xFF
    file = written(tmp_path, packed)
    assert "is cut off or damaged" in complaint(lambda: list(unpacked(file, "the tar", LIMIT)))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    assert "No such file" in complaint(lambda: list(unpacked(tmp_path / "none", "the tar", LIMIT)))
    assert "Is a directory" in complaint(lambda: listed(tmp_path))


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_regular_files_come_in_their_order_and_folders_are_passed_over(tmp_path, mode, format, monkeypatch):
    monkeypatch.setattr(tarfile.TarFile, "format", format)
    long = "a/" + "b" * 90 + "/c"
    members = [
        member("folder", type=tarfile.DIRTYPE),
        member("folder/two", CONTENT),
        member("./one", b""),
        member(long, b"long"),
        member("folder/two", b"again"),
    ]
    expected = [("folder/two", CONTENT), ("one", b""), (long, b"long"), ("folder/two", b"again")]
    assert listed(written(tmp_path, tar(members, mode))) == expected


def test_what_is_passed_over_need_not_be_read(tmp_path):
    file = written(tmp_path, tar([member("one", CONTENT), member("two", CONTENT)], "w:gz"))
    assert [path for path, _ in regular_files(file, "the tar", LIMIT)] == ["one", "two"]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "one"}, "a symbolic link"),
        ({"type": tarfile.LNKTYPE, "linkname": "one"}, "a hard link"),
        ({"type": tarfile.CHRTYPE}, "a device"),
        ({"type": tarfile.BLKTYPE}, "a device"),
        ({"type": tarfile.FIFOTYPE}, "a named pipe"),
        ({"type": tarfile.GNUTYPE_SPARSE}, "a sparse file"),
        ({"pax_headers": {"GNU.sparse.map": "0,1", "GNU.sparse.size": "1" + "0" * 12}}, "a sparse file"),
        ({"type": b"Z"}, "of an unknown kind"),
    ],
)
def test_what_is_no_file_or_folder_is_refused(tmp_path, fields, kind):
    file = written(tmp_path, tar([member("one", b"1"), member("bad\nname", **fields)], "w:gz"))
    message = complaint(lambda: listed(file))
    assert message == rf"the tar: its member 'bad\nname' is {kind}; allowed: regular files and folders"


@pytest.mark.parametrize("path", ["../out", "/etc/passwd", "in/../../out", "in/.."])
@pytest.mark.parametrize("type", [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE])
def test_a_member_that_climbs_out_is_refused(tmp_path, path, type):
    file = written(tmp_path, tar([member("one", b"1"), member(path, type=type)]))
    message = complaint(lambda: listed(file))
    assert message == f"the tar: its member {path!r} climbs out; allowed: paths within the archive"


def test_a_tar_that_unpacks_to_more_than_the_limit_stops(tmp_path):
    file = written(tmp_path, tar([member("small", CONTENT), member("large", bytes(2 * LIMIT))], "w:gz"))
    assert "unpacks to more than 1,000,000 bytes" in complaint(lambda: listed(file))
    assert "unpacks to more than 1,000,000 bytes" in complaint(lambda: list(regular_files(file, "the tar", LIMIT)))


@pytest.mark.parametrize("type", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE])
def test_a_header_that_unpacks_to_more_than_the_limit_stops_too(tmp_path, type):
    info, _ = member("header", type=type, size=2**40)
    file = written(tmp_path, gzip.compress(info.tobuf(tarfile.GNU_FORMAT)) + ZEROS)
    assert "unpacks to more than 1,000,000 bytes" in complaint(lambda: listed(file))


def test_a_chain_of_headers_that_never_comes_to_a_file_is_named(tmp_path):
    info, _ = member("header", type=tarfile.GNUTYPE_LONGNAME, size=4)
    file = written(tmp_path, (info.tobuf() + b"long".ljust(512, b"\0")) * 5000)
    assert "is cut off or damaged" in complaint(lambda: listed(file, limit=10**7))


def test_what_follows_the_last_member_counts_and_is_checked(tmp_path):
    whole = tar([member("one", b"1")], "w:gz")
    assert "unpacks to more than" in complaint(lambda: listed(written(tmp_path, whole + ZEROS)))
    assert "cut off or damaged" in complaint(lambda: listed(written(tmp_path, whole[:-1])))


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100, gzip.compress(b"nor in a gz" * 100, mtime=0)])
def test_what_is_no_tar_is_named(tmp_path, content):
    assert "is cut off or damaged" in complaint(lambda: listed(written(tmp_path, content)))


def test_a_tar_that_is_cut_off_within_a_file_is_named(tmp_path):
    whole = tar([member("one", CONTENT)])
    for length in (512, 513, 512 + len(CONTENT) - 1):
        file = written(tmp_path, whole[:length])
        assert "is cut off or damaged" in complaint(lambda file=file: listed(file))


def test_whatever_is_damaged_no_other_error_comes_out(tmp_path):
    random = np.random.default_rng(0)
    whole = tar([member("é" * 80, b"1"), member("two", CONTENT[:600], pax_headers={"comment": "x" * 99})])
    for _ in range(150):
        damaged = bytearray(whole[: random.integers(1, len(whole))])
        for position in random.integers(0, len(damaged), 3):
            damaged[position] = random.integers(0, 256)
        for content in (damaged, gzip.compress(damaged)[: random.integers(1, len(damaged))]):
            with suppress(InputError):
                listed(written(tmp_path, content))
