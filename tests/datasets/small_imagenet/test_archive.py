"""ImageNet is read as it lies there, a folder tree or tars in tars, and what no ImageNet has is one line."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from stages.datasets.small_imagenet.archive import PassedOver, find_photographs, folder_of_classes
from stages.running.errors import InputError
from tests.datasets.small_imagenet.memory import peak_bytes
from tests.datasets.small_imagenet.stand_in import ELSEWHERE, tar, tar_of_tars, write_tree

WNIDS = {"n01440764", "n02085620"}
FILES = {
    "n01440764/n01440764_1.JPEG": b"one",
    "n01440764/n01440764_22.JPEG": b"twenty-two" * 100,
    "n02085620/n02085620_3.JPEG": b"",
    "n02085620/other.jpg": b"named otherwise",
    "n02085620/n01440764_9.png": b"the folder decides",
    f"{ELSEWHERE}/{ELSEWHERE}_1.JPEG": b"of no class",
}
FOUND = {name: content for name, content in FILES.items() if not name.startswith(ELSEWHERE)}


def found(source: Path) -> dict[str, bytes]:
    """The contents of all photographs in `source`, by name."""
    photographs = list(find_photographs(source, WNIDS, PassedOver()))
    contents = {photograph.name: photograph.read(10**6) for photograph in photographs}
    assert len(contents) == len(photographs)
    assert all(photograph.name.startswith(photograph.wnid + "/") for photograph in photographs)
    return contents


def count(source: Path) -> int:
    """The number of photographs in `source`, none of which is kept."""
    return sum(1 for _ in find_photographs(source, WNIDS, PassedOver()))


def written(file: Path, content: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def member(name: str, kind: bytes, size: int = 0) -> tarfile.TarInfo:
    """A member of a tar without content."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, "/etc/passwd"
    return info


def refused(source: Path) -> str:
    """The one line that says what is wrong with `source`."""
    with pytest.raises(InputError) as caught:
        list(find_photographs(source, WNIDS, PassedOver()))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_and_tars_of_every_layout_hold_the_same(tmp_path):
    assert found(write_tree(tmp_path / "tree", FILES)) == FOUND
    assert found(write_tree(tmp_path / "deep", {f"ILSVRC/train/{name}": one for name, one in FILES.items()})) == FOUND
    assert found(written(tmp_path / "tar_of_tars.tar", tar_of_tars(FILES))) == FOUND
    assert found(written(tmp_path / "tar_of_folders.tar", tar(FILES))) == FOUND
    assert found(written(tmp_path / "with/dots.tar", tar({f"./{name}": one for name, one in FILES.items()}))) == FOUND
    assert found(written(tmp_path / "folder" / "ILSVRC2012_img_train.tar", tar_of_tars(FILES)).parent) == FOUND
    for wnid in {name.split("/")[0] for name in FILES}:
        inside = {Path(name).name: content for name, content in FILES.items() if name.startswith(wnid)}
        written(tmp_path / "folder_of_tars" / f"{wnid}.tar", tar(inside))
    assert found(tmp_path / "folder_of_tars") == FOUND


def test_one_folder_alone_or_none_may_be_the_source(tmp_path):
    write_tree(tmp_path, {"n01440764/fish.JPEG": b"a"})
    assert found(tmp_path / "n01440764") == {"n01440764/fish.JPEG": b"a"}
    flat = {"n01440764_5.JPEG": b"b", f"{ELSEWHERE}_5.JPEG": b"c"}
    assert found(write_tree(tmp_path / "flat", flat)) == {"n01440764/n01440764_5.JPEG": b"b"}
    assert found(written(tmp_path / "flat.tar", tar(flat))) == {"n01440764/n01440764_5.JPEG": b"b"}
    deep = {"n01440764/first/fish.JPEG": b"d", "n02085620/n01440764/fish2.JPEG": b"e"}  # the nearest folder decides
    expected = {"n01440764/fish.JPEG": b"d", "n01440764/fish2.JPEG": b"e"}
    assert found(write_tree(tmp_path / "deep", deep)) == found(written(tmp_path / "deep.tar", tar(deep))) == expected


def test_dot_files_and_what_is_no_image_are_passed_over(tmp_path):
    others = {
        "README.txt": b"",
        ".cache/x.JPEG": b"",
        "n01440764/._n01440764_1.JPEG": b"",
        "n01440764/.n01440764_2.JPEG": b"",
        "n01440764/boxes.xml": b"",
        "meta.tar.md5": b"",
    }
    assert found(write_tree(tmp_path / "tree", FILES | others)) == FOUND
    assert found(written(tmp_path / "flat.tar", tar(FILES | others))) == FOUND
    within = {name: content for name, content in (FILES | others).items() if "/" in name}
    assert found(written(tmp_path / "nested.tar", tar_of_tars(within))) == FOUND


def test_links_in_a_folder_are_followed_but_not_in_circles(tmp_path):
    tree = write_tree(tmp_path / "elsewhere", FILES)
    source = tmp_path / "source"
    source.mkdir()
    for name in {name.split("/")[0] for name in FILES}:
        (source / name).symlink_to(tree / name)
    (tree / "n01440764" / "n01440764").symlink_to(source)
    (source / "missing.JPEG").symlink_to(tmp_path / "nowhere")
    assert found(source) == FOUND


def test_long_and_odd_names_are_read(tmp_path):
    long = f"n01440764/{'x' * 150}.JPEG"
    assert found(written(tmp_path / "long.tar", tar_of_tars({long: b"a"}))) == {long: b"a"}
    odd = tmp_path / "odd" / "n01440764"
    odd.mkdir(parents=True)
    (odd / "caf\udce9\n.JPEG").write_bytes(b"b")  # a byte that is no UTF-8, and a new line
    assert found(odd.parent) == {"n01440764/caf\\\\xe9\\n.JPEG": b"b"}


def test_only_so_much_is_read_as_is_asked_for(tmp_path):
    for source in (write_tree(tmp_path / "tree", FILES), written(tmp_path / "all.tar", tar_of_tars(FILES))):
        for photograph in find_photographs(source, WNIDS, PassedOver()):
            assert photograph.read(5) == FOUND[photograph.name][:5]


def test_memory_does_not_grow_with_the_archive(tmp_path):
    many = {f"n01440764/n01440764_{number}.JPEG": b"" for number in range(1500)}
    archive = written(tmp_path / "many.tar", tar_of_tars(many))
    assert count(archive) == len(many)
    assert peak_bytes(count, archive) < 150_000  # the list of members alone would be five times as much


def test_a_source_that_is_not_there_is_said_with_what_to_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refused(Path("data/imagenet"))
    assert f"{tmp_path}/data/imagenet" in message
    for words in ("small_imagenet.source", "params.yaml", "ILSVRC2012_img_train.tar", "image-net.org"):
        assert words in message


OTHER_FILES = {  # beside the training photographs, in ImageNet's, Kaggle's and Tiny-ImageNet's trees
    "val/ILSVRC2012_val_00000001.JPEG": b"",
    "val/images/val_0.JPEG": b"",
    "ILSVRC/Data/CLS-LOC/test/ILSVRC2012_test_00000001.JPEG": b"",
    "ILSVRC/Annotations/CLS-LOC/train/n01440764/n01440764_1.xml": b"",
    "ILSVRC2012_img_val.tar": tar({"ILSVRC2012_val_00000002.JPEG": b""}),
}


def test_photographs_without_a_class_are_passed_over_and_counted(tmp_path):
    in_train = {f"train/{name}": content for name, content in FILES.items()}
    for place, source in {
        tmp_path / "tree/val/ILSVRC2012_val_00000001.JPEG": write_tree(tmp_path / "tree", in_train | OTHER_FILES),
        "val/ILSVRC2012_val_00000001.JPEG": written(tmp_path / "all.tar", tar(in_train | OTHER_FILES)),
    }.items():
        passed = PassedOver()
        names = {photograph.name for photograph in find_photographs(source, WNIDS, passed)}
        assert names == FOUND.keys()
        assert passed.classless == 4
        if source.is_dir():
            assert "4 photographs without a wnid, such as " in passed.words()
        else:
            assert f"such as {source}: {place}" in passed.words()


def test_in_tiny_imagenet_the_class_is_the_folder_around_the_images(tmp_path):
    tiny = {"train/n01440764/images/n01440764_0.JPEG": b"a", "val/images/val_0.JPEG": b"", "test/images/0.JPEG": b""}
    assert found(write_tree(tmp_path / "tiny-imagenet-200", tiny)) == {"n01440764/n01440764_0.JPEG": b"a"}


def test_files_of_kinds_that_are_not_read_are_counted_by_their_kind(tmp_path):
    unread = ["n01440764.tar.gz", "n02085620.TAR.GZ", "n01440764/1.webp", "train-00000-of-00294.parquet", "all.zip"]
    passed = PassedOver()
    assert list(find_photographs(write_tree(tmp_path / "mine", dict.fromkeys(unread, b"")), WNIDS, passed)) == []
    for words in ("2 .tar.gz", "1 .webp", "1 .parquet", "1 .zip"):
        assert words in passed.words().removeprefix("files that are not read: ").split(", ")


def test_the_folder_of_the_classes_is_found_beside_or_around(tmp_path):
    write_tree(tmp_path / "tree", {f"train/{name}": content for name, content in FILES.items()} | {"val/1.JPEG": b""})
    assert folder_of_classes(tmp_path / "tree/val") == tmp_path / "tree/train"
    assert folder_of_classes(tmp_path / "tree/train/n01440764") == tmp_path / "tree/train"
    assert folder_of_classes(tmp_path / "tree") is None


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (member("/n01440764_1.JPEG", tarfile.REGTYPE), "climbs out"),
        (member("../n01440764_1.JPEG", tarfile.REGTYPE), "climbs out"),
        (member("n01440764/../../n01440764_1.JPEG", tarfile.REGTYPE), "climbs out"),
        (member("n01440764_1.JPEG", tarfile.SYMTYPE), "a symbolic link"),
        (member("n01440764_1.JPEG", tarfile.LNKTYPE), "a hard link"),
        (member("n01440764_1.JPEG", tarfile.CHRTYPE), "a device"),
        (member("n01440764_1.JPEG", tarfile.BLKTYPE), "a device"),
        (member("n01440764_1.JPEG", tarfile.FIFOTYPE), "a named pipe"),
        (member("n01440764_1.JPEG", tarfile.GNUTYPE_SPARSE), "a sparse file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_members_that_climb_out_or_are_no_files_are_named(tmp_path, bad, words, nested):
    content = tar({"": bad})
    archive = written(tmp_path / "bad.tar", tar({"n01440764.tar": content}) if nested else content)
    message = refused(archive)
    assert f"bad.tar: {'its member n01440764.tar: ' * nested}its member {bad.name!r} " in message
    assert words in message
    assert "allowed" in message


def header_damaged(content: bytes) -> bytes:
    """The tar `content` with a wrong byte in the header of its last member."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        *_, last = archive.getmembers()
    return content[: last.offset] + b"?" + content[last.offset + 1 :]


OUTER = tar_of_tars(FILES)
INNER = tar({"n01440764_1.JPEG": b"x" * 3000, "n01440764_2.JPEG": b"y" * 3000})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04", "is a zip archive; unpack it"),
        (b"<html>", "is a web page, perhaps a login"),
        (b"no tar at all" * 1000, "compressed, damaged or no tar"),
        (gzip.compress(OUTER), "compressed, damaged or no tar"),
        (OUTER[: len(OUTER) // 2], "is cut off"),
        (OUTER[:700], "is cut off"),
        (header_damaged(OUTER), "is damaged at byte"),
        (tar({"n01440764.tar": b"no tar at all" * 100}), "its member n01440764.tar: is damaged at byte 0"),
        (tar({"n01440764.tar": gzip.compress(INNER)}), "its member n01440764.tar: is damaged at byte 0"),
        (tar({"n01440764.tar": INNER[:2000]}), "its member n01440764.tar: is cut off in its member n01440764_1.JPEG"),
        (tar({"n01440764.tar": header_damaged(INNER)}), "its member n01440764.tar: is damaged at byte 3584"),
    ],
    ids=range(12),
)
def test_a_damaged_or_compressed_archive_is_told(tmp_path, content, words):
    message = refused(written(tmp_path / "imagenet.tar", content))
    assert "imagenet.tar" in message
    assert words in message
    assert "ILSVRC2012_img_train.tar" in message


def test_a_negative_size_leads_no_one_in_circles(tmp_path):
    content = bytearray(tar({"n01440764_1.JPEG": b"x" * 600}))
    content[124:136] = (-1024 & (1 << 96) - 1).to_bytes(12, "big")  # a number in base 256
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    assert "is cut off in its member n01440764_1.JPEG" in refused(written(tmp_path / "imagenet.tar", bytes(content)))


def test_a_name_as_long_as_the_memory_is_told(tmp_path):
    content = bytearray(tar({f"{'x' * 200}.JPEG": b""}))  # begins with a member that holds the long name
    content[124:136] = b"\x80" + (2**62).to_bytes(11, "big")
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    assert "is compressed, damaged or no tar" in refused(written(tmp_path / "imagenet.tar", bytes(content)))


def test_inner_tars_of_no_length_or_without_an_end_are_read_to_where_they_end(tmp_path):
    files = {"n01440764.tar": b"", "n02085620.tar": tar({"n02085620_3.JPEG": b"dog"})[:1024]}
    assert found(written(tmp_path / "imagenet.tar", tar(files))) == {"n02085620/n02085620_3.JPEG": b"dog"}


def test_what_cannot_be_read_is_named(tmp_path):
    tree = write_tree(tmp_path / "tree", FILES)
    photograph = next(iter(find_photographs(tree, WNIDS, PassedOver())))
    Path(photograph.file).unlink()
    with pytest.raises(InputError, match=r"cannot be read \(No such file or directory\)") as caught:
        photograph.read(10)
    assert photograph.file in str(caught.value)
